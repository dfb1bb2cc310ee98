"""`swordnet works`: lists in as a trial and for good, out and in again without a change; works edited and deleted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner, Result

from crawler.errors import BadInput, NothingToDo
from crawler.items import Licence, Verdict, Work
from crawler.store import HitQuery, Store
from desk.cli import application
from desk.match_rows import read_offers
from desk.nightly.progress import count_progress
from registry.headings import named_platforms
from spiders.catalogue import platforms
from tests.judged_store import NOW, judge_hit, make_offers, make_works, record_crawl
from tests.sql import connection_to

Run = Callable[..., Result]
WORKS = make_works(3)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as opened:
        yield opened


@pytest.fixture
def desk(store: Store) -> Run:
    """Run `swordnet works ARGUMENTS` in the folder of the store."""
    return lambda *arguments: CliRunner().invoke(application(), ["works", *map(str, arguments)])


HARD_WORKS = [
    Work(id="0012", title="=SUM(A1)", aliases=("-1 days; a", "a|b", "1-2"), creators=("Simon & Garfunkel",)),
    Work(id="12e3", title="'潮汐'钟楼", creators=("林一舟", "A|B"), publisher="南溪；出版社", year=-20, priority=-3),
    Work(
        id="W-3",
        title="雾港 来信",
        kind="course",
        creators=("林一舟 著",),
        owner="@南溪",
        identifiers={"isbn": ("9787302056782", "9787999990017"), "house": ("A:1|2",)},
        list_price=Decimal("39.80"),
        currency="CNY",
        licences=(Licence(), Licence(platform="taobao", seller="甲；乙|丙;丁", since=date(2026, 1, 1))),
        released_on=date(2020, 5, 1),
    ),
]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "jsonl"])
def test_an_export_comes_back_without_a_change(desk: Run, store: Store, tmp_path: Path, suffix: str) -> None:
    Image.effect_noise((60, 80), 80).convert("RGB").save(tmp_path / "cover.png")
    (tmp_path / "more.jsonl").write_text('{"id": "P", "title": "钟楼画册", "images": ["cover.png"]}\n', "utf-8")
    store.works.import_works([*WORKS, *HARD_WORKS], NOW)
    assert desk("import", "more.jsonl").exit_code == 0
    before = store.works.imported_works()
    (tmp_path / "out").mkdir()
    result = desk("export", f"out/works.{suffix}")
    assert f"{len(before)} works written" in result.stdout
    (tmp_path / "cover.png").unlink()
    result = desk("import", f"out/works.{suffix}", "--dry-run")
    assert f"0 works would be added, 0 changed; {len(before)} unchanged, 0 problems" in result.stdout, result.stdout
    result = desk("import", f"out/works.{suffix}")
    assert f"0 works added, 0 changed, {len(before)} unchanged" in result.stdout
    assert store.works.imported_works() == before


def test_names_that_people_taught_are_not_exported(desk: Run, store: Store, tmp_path: Path) -> None:
    store.works.import_works([Work(id="A", title="潮汐钟楼", creators=("林一舟",))], NOW)
    assert desk("aliases", "A", "--add", "潮汐的钟楼").exit_code == 0
    assert store.works.get("A").aliases == ("潮汐的钟楼",)  # type: ignore[union-attr]
    desk("export", "works.jsonl")
    assert json.loads((tmp_path / "works.jsonl").read_text("utf-8"))["aliases"] == []


def test_a_trial_shows_what_would_change_and_changes_nothing(desk: Run, store: Store, tmp_path: Path) -> None:
    store.works.import_works(HARD_WORKS, NOW)
    before = store.works.imported_works()
    (tmp_path / "works.csv").write_text(
        "编号,书名,定价,出版社\nW-3,雾港来信,48,南溪\n0012,=SUM(A1),,\nNEW,钟楼,20,\nBAD,灯塔,约20,\n", "utf-8"
    )
    result = desk("import", "works.csv", "--dry-run")
    assert isinstance(result.exception, BadInput)
    assert [(problem.line, problem.field) for problem in result.exception.problems] == [(5, "定价")]
    assert result.stdout.splitlines() == [
        "new: NEW  钟楼",
        "changed: W-3  雾港 来信",
        "  title: 雾港 来信 → 雾港来信",
        "  publisher: (empty) → 南溪",
        "  list_price: 39.80 → 48",
        "works.csv: 1 works would be added, 1 changed; 1 unchanged, 1 problems. Nothing was imported",
    ]
    assert store.works.imported_works() == before
    trial = json.loads(desk("import", "works.csv", "--dry-run", "--json").stdout)
    assert (trial["new"], trial["unchanged"], trial["refused"]) == (["NEW"], 1, 1)
    assert trial["changes"]["W-3"][2] == {"name": "list_price", "old": "39.80", "new": "48"}
    assert isinstance(desk("import", "works.csv").exception, BadInput)
    assert store.works.imported_works() == before


def test_a_trial_makes_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "works.csv").write_text("id,title\nA,钟楼\n", "utf-8")
    result = CliRunner().invoke(application(), ["works", "import", "works.csv", "--dry-run"])
    assert (result.exit_code, "new: A  钟楼" in result.stdout) == (0, True)
    assert not (tmp_path / "swordnet.db").exists()


def test_an_edit_changes_only_what_is_named(desk: Run, store: Store) -> None:
    store.works.import_works(HARD_WORKS, NOW)
    result = desk("edit", "W-3", "--list-price", "￥48", "--creators", "林一舟、赵夏", "--kind", "软件", "--owner", "")
    assert result.stdout.splitlines() == [
        "W-3 changed",
        "  kind: course → software",
        "  creators: 林一舟 著| → 林一舟|赵夏",
        "  owner: @南溪 → (empty)",
        "  list_price: 39.80 → 48",
    ]
    assert store.works.imported_works(["W-3"])["W-3"] == evolve(
        HARD_WORKS[2], kind="software", creators=("林一舟", "赵夏"), owner=None, list_price=Decimal(48)
    )
    assert isinstance(desk("edit", "W-3", "--kind", "software").exception, NothingToDo)
    assert "works edit: --year: 'soon' is not a year" in str(desk("edit", "W-3", "--year", "soon").exception)
    assert "no work 'W-9'" in str(desk("edit", "W-9", "--year", "2026").exception)
    assert "at least one field" in str(desk("edit", "W-3").exception)


def test_a_deleted_work_takes_its_hits_and_leaves_the_listings(desk: Run, store: Store, tmp_path: Path) -> None:
    store.works.import_works(WORKS, NOW)
    record_crawl(store, make_offers(WORKS, 2), "r1", NOW)
    hits = list(store.hits.find_hits(HitQuery()))
    work = hits[0].work_id
    judge_hit(store, hits[0], Verdict.NOT, at=NOW)
    store.works.set_quarantine(work, True, "many false positives", "li", NOW)
    gone = sum(hit.work_id == work for hit in hits)
    with connection_to(f"sqlite:///{tmp_path}/swordnet.db") as connection:
        listings = connection.exec_driver_sql("select count(*) from listings").scalar_one()
    result = desk("delete", work, "--dry-run")
    assert f"would remove {gone} hits, 1 judgements" in result.stdout
    assert "repeat with --yes" in str(desk("delete", work).exception)
    assert store.works.get(work) is not None
    assert "no work 'W-9'" in str(desk("delete", work, "W-9", "--yes").exception)
    assert f"1 works deleted, with {gone} hits, 1 judgements" in desk("delete", work, "--yes").stdout
    assert store.works.get(work) is None
    assert {hit.id for hit in store.hits.find_hits(HitQuery())} == {hit.id for hit in hits if hit.work_id != work}
    with connection_to(f"sqlite:///{tmp_path}/swordnet.db") as connection:
        assert connection.exec_driver_sql("select count(*) from listings").scalar_one() == listings
    assert desk("check").exit_code == 0


def test_every_platform_with_other_names_is_a_platform() -> None:
    assert set(named_platforms()) <= set(platforms())


@pytest.mark.parametrize("name", ["孔夫子旧书网", "孔網", "kongfz"])
def test_a_platform_may_be_named_in_chinese(store: Store, name: str) -> None:
    store.works.import_works(WORKS, NOW)
    record_crawl(store, make_offers(WORKS, 2), "r1", NOW)
    result = CliRunner().invoke(application(), ["hits", "list", "--platform", name, "--json"])
    assert len(json.loads(result.stdout)) > 0
    result = CliRunner().invoke(application(), ["hits", "list", "--platform", "闲鱼", "--json"])
    assert json.loads(result.stdout) == []


def test_offers_with_chinese_headings(tmp_path: Path) -> None:
    path = tmp_path / "offers.csv"
    path.write_text(
        "编号,平台,类型,商品标题,作者,售价,店铺名称,商品链接\n"
        "7,闲鱼,商品,潮汐钟楼 电子版,林一舟、赵夏,￥9.9,甲店,https://www.goofish.com/item?id=7\n",
        "utf-8",
    )
    (offer,) = read_offers(path)
    listing = offer.listing
    assert (offer.id, listing.platform, listing.kind.value, listing.seller) == ("7", "goofish", "offer", "甲店")
    assert (listing.creators, listing.price, listing.currency) == (("林一舟", "赵夏"), Decimal("9.9"), "CNY")


def test_a_long_count_tells_a_line_a_minute() -> None:
    told: list[int] = []
    seconds = iter(range(0, 600, 25))
    silent = Console(file=io.StringIO(), force_terminal=False)
    items = list(count_progress("abcdef", 6, silent, told.append, False, lambda: next(seconds)))
    assert (items, told) == (list("abcdef"), [3, 6])  # after 75 and 150 s
    assert list(count_progress("abcdef", 6, silent, told.append, True)) == list("abcdef")
    assert told == [3, 6]
    shown = io.StringIO()
    assert list(count_progress("ab", 2, Console(file=shown, force_terminal=True), told.append, False)) == ["a", "b"]
    assert "100%" in shown.getvalue()
