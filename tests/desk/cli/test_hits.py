"""`swordnet hits` over a small store: lists, exports and verdicts as a user asks for them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import text
from typer.testing import CliRunner, Result

from crawler.blobs import open_blobs
from crawler.config import StoreConfig
from crawler.errors import BadInput
from crawler.items import Decision, Hit, Outcome, Picture, Verdict
from crawler.store import Backoff, HitQuery, Recheck, RecheckState, Store, listing_id
from crawler.store.rechecks import write_rechecks
from desk.cli import application
from desk.hit_table import print_hits
from tests.judged_store import NOW, hit_by_url, judge_hit, make_offers, make_works, record_crawl
from tests.sql import connection_to

Run = Callable[..., Result]
WORKS = make_works(3)
OFFERS = make_offers(WORKS, 4)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Three works, each with a file, a photocopy, a new and a used book, seen in one night."""
    monkeypatch.chdir(tmp_path)
    with Store.open(f"sqlite:///{tmp_path}/swordnet.db") as opened:
        opened.works.import_works(WORKS, NOW)
        record_crawl(opened, OFFERS, "r1", NOW)
        yield opened


@pytest.fixture
def desk(store: Store) -> Run:
    """Run `swordnet ARGUMENTS` in the folder of the store."""
    return lambda *arguments: CliRunner().invoke(application(), [str(argument) for argument in arguments])


def exported_urls(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["url"] for row in csv.DictReader(file)]


def test_only_an_export_since_the_last_one_moves_its_position(desk: Run, store: Store, tmp_path: Path) -> None:
    first, plain, second, third = (tmp_path / f"{name}.csv" for name in ("first", "plain", "second", "third"))
    days = [("--now", (NOW + timedelta(days=day)).isoformat()) for day in range(1, 7)]
    assert desk("hits", "export", first, "--since-last", "--by", "li", *days[0]).exit_code == 0
    record_crawl(store, [make_offers(WORKS, 5)[4]], "r2", NOW + timedelta(days=2))
    assert desk("hits", "export", plain, "--by", "li", *days[2]).exit_code == 0
    assert len(exported_urls(plain)) == len(exported_urls(first)) + 1
    assert desk("hits", "export", second, "--since-last", "--by", "li", *days[3]).exit_code == 0
    assert len(exported_urls(second)) == 1
    assert type(desk("hits", "export", third, "--since-last", "--by", "li", *days[4]).exception).__name__ == (
        "NothingToDo"
    )


def first_hit(store: Store) -> Hit:
    return next(iter(store.hits.find_hits(HitQuery())))


@pytest.mark.parametrize(
    "command",
    ["hits show {}", "hits judge {} not", "hits undo {}", "hits recheck {}", "cases show {}"],
)
def test_a_short_beginning_of_an_id_is_refused(desk: Run, store: Store, command: str) -> None:
    key = first_hit(store).id
    for beginning in ("", key[:2], key[:7]):
        error = desk(*[part.format(beginning) for part in command.split(" ")]).exception
        assert isinstance(error, BadInput)
        assert "at least 8 characters" in str(error)
    assert not list(store.reviews.reviewed_hits())


def test_an_ambiguous_beginning_names_the_candidates(desk: Run, store: Store) -> None:
    key = first_hit(store).id
    twin = key[:8] + "0" * 12
    with connection_to(f"sqlite:///{Path.cwd()}/swordnet.db") as connection:
        other = connection.execute(text("SELECT id FROM hits WHERE id != :key LIMIT 1"), {"key": key}).scalar_one()
        connection.execute(text("UPDATE hits SET id = :twin WHERE id = :other"), {"twin": twin, "other": other})
        connection.commit()
    error = desk("hits", "judge", key[:8], "not").exception
    assert isinstance(error, BadInput)
    assert [problem.message.partition(" ")[0] for problem in error.problems] == ["2", *sorted((key, twin))]
    assert "https://book.kongfz.com/" in str(error)
    assert desk("hits", "judge", key, "not").exit_code == 0


def test_forget_as_json_says_what_would_go_and_then_what_went(desk: Run, store: Store) -> None:
    picture, page = (open_blobs(StoreConfig(blobs="blobs")).put(data) for data in (b"a picture", b"a page"))
    offer = evolve(
        make_offers(WORKS, 7)[6], seller="远帆书摊", page_digest=page, pictures=(Picture(url="u", sha256=picture),)
    )
    record_crawl(store, [offer], "r2", NOW)
    judge_hit(store, hit_by_url(store, offer.url), Verdict.NOT)
    expected = {"listings": 1, "hits": 1, "judgements": 1, "checks": 0, "rules": 1, "outlets": 0, "files": 2}
    expected |= {"digests": sorted((page, picture)), "seller": "远帆书摊", "platform": None}
    dry = desk("forget", "远帆书摊", "--dry-run", "--json")
    assert json.loads(dry.stdout) == expected | {"dry_run": True}
    assert store.listings.get(offer.url) is not None
    assert Path("blobs", picture[:2]).exists()
    assert "would remove 1 listings" in desk("forget", "远帆书摊", "--dry-run").stdout
    assert json.loads(desk("forget", "远帆书摊", "--json").stdout) == expected | {"dry_run": False}
    assert store.listings.get(offer.url) is None
    assert store.reviews.count_judgements() == 0


def test_bytes_that_something_else_needs_stay(desk: Run, store: Store) -> None:
    """The copy of a registered picture is the same bytes; so is a page that another seller's hit has as evidence."""
    blobs = open_blobs(StoreConfig(blobs="blobs"))
    registered, shared = blobs.put(b"a cover"), blobs.put(b"a shared picture")
    store.works.import_works([evolve(WORKS[0], images=(Picture(url="c.jpg", sha256=registered),))], NOW)
    pictures = tuple(Picture(url=digest, sha256=digest) for digest in (registered, shared))
    offers = [
        evolve(offer, seller=seller, pictures=pictures)
        for offer, seller in zip(make_offers(WORKS, 8)[6:8], ("远帆书摊", "近岸书摊"), strict=True)
    ]
    record_crawl(store, offers, "r2", NOW)
    assert json.loads(desk("forget", "远帆书摊", "--json").stdout)["digests"] == []
    assert json.loads(desk("forget", "近岸书摊", "--json").stdout)["digests"] == [shared]
    assert blobs.get(registered) == b"a cover"


JSON_COMMANDS = (
    "hits list --json",
    "hits list --verdict not --json",
    "hits judge {hit} infringing --json",
    "hits rules --json",
    "hits filters --json",
    "cases list --json",
    "works list --json",
    "works check --json",
    "works aliases --json",
    "works aliases W0000 --add 老灯塔看守人手札 --json",
    "works aliases --propose --json",
    "works official --json",
    "works official 北岸出版社 --seller 店1 --json",
    "outlets list --json",
    "outlets list --shipped --json",
    "outlets propose --json",
    "status --json",
    "runs --json",
    "report night --json",
    "report night -o night.md --json",
    "report quality --json",
    "must-find --json",
    "must-find W0000 https://book.kongfz.com/0/0/ --json",
    "must-find W0000 https://book.kongfz.com/0/0/ --teach-alias 海角天涯测绘手记 --json",
    "forget 店1 --dry-run --json",
    "forget 店1 --json",
    "rematch --workers 1 --json",
    "platforms --json",
    "match listings.jsonl -o matches.jsonl --workers 1 --json",
    "match listings.jsonl --sample 1 -o sheet.csv --workers 1 --json",
)


@pytest.mark.parametrize("command", JSON_COMMANDS)
def test_json_is_all_that_is_printed(desk: Run, store: Store, command: str) -> None:
    store.runs.finish_run("r1", "done", {}, NOW)
    judge_hit(store, hit_by_url(store, OFFERS[1].url), Verdict.NOT)
    Path("listings.jsonl").write_text(
        json.dumps({"id": "1", "title": WORKS[0].title + " PDF"}) + "\n", encoding="utf-8"
    )
    result = desk(*command.format(hit=first_hit(store).id[:8]).split())
    assert result.exit_code == 0, repr(result.exception)
    json.loads(result.stdout)


def test_going_back_to_the_shipped_weights_is_told_as_json(desk: Run, store: Store) -> None:
    store.reviews.apply_calibration({}, {}, "li", NOW)
    assert json.loads(desk("calibrate", "--revert", "--json").stdout) == {"reverted": 2, "changed": 0}


def test_times_in_json_are_utc_with_offset(desk: Run, store: Store) -> None:
    (run,) = json.loads(desk("runs", "--json").stdout)
    assert run["started"] == "2026-11-22T03:00:00+00:00"


def test_people_read_times_in_the_configured_zone(desk: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    Path("swordnet.toml").write_text('time_zone = "Asia/Shanghai"\n', encoding="utf-8")
    evening = NOW.replace(hour=17)  # the next day in Shanghai
    hit = hit_by_url(store, OFFERS[0].url)
    judge_hit(store, hit, Verdict.NOT, at=evening)
    check = Recheck(
        listing=listing_id(hit.listing.url), state=RecheckState.UP, outcome=Outcome.LIVE, endpoint="e", run="r1", at=NOW
    )
    with connection_to(f"sqlite:///{Path.cwd()}/swordnet.db") as connection:
        write_rechecks(connection, [check])
        connection.commit()
    not_before = datetime.now(UTC) + timedelta(hours=1)
    store.queue.set_backoff(Backoff(key="host:book.kongfz.com", not_before=not_before, why="429"))
    status = desk("status").stdout
    assert "2026-11-22 11:00:00 CST" in status
    assert re.search(r"\d\d:\d\d:\d\d CST 429", status)
    store.runs.finish_run("r1", "done", {}, evening)
    shown = desk("hits", "show", hit.id).stdout
    assert "2026-11-23 01:00 CST" in shown
    assert "2026-11-22 11:00 CST" in shown
    assert "2026-11-22 11:00:00 CST" in desk("runs").stdout
    assert "2026-11-22 11:00 CST - 2026-11-23 01:00 CST" in desk("report", "night").stdout
    desk("report", "night", "-o", "night.html")
    assert "2026-11-22 11:00 CST" in Path("night.html").read_text(encoding="utf-8")
    assert "li 2026-11-23" in desk("hits", "rules").stdout
    assert "01:30 CST" in desk("schedule", "--show").stdout
    (row,) = json.loads(desk("runs", "--json").stdout)
    assert row["started"] == "2026-11-22T03:00:00+00:00"
    assert "+00:00 429" in json.loads(desk("status", "--json").stdout)["left_alone"]["book.kongfz.com"]


def listed_urls(desk: Run, *arguments: str) -> set[str]:
    result = desk("hits", "list", *arguments, "--json")
    assert result.exit_code == 0, repr(result.exception)
    return {row["url"] for row in json.loads(result.stdout)}


def test_what_was_judged_no_infringement_is_listed_by_its_verdict(desk: Run, store: Store) -> None:
    """Judged "not", a pair is dropped; a list without a decision shows hits and reviews only."""
    innocent, doubtful, guilty = (hit_by_url(store, OFFERS[number].url) for number in (0, 1, 4))
    for hit, verdict in ((innocent, Verdict.NOT), (doubtful, Verdict.UNSURE), (guilty, Verdict.INFRINGING)):
        judge_hit(store, hit, verdict)
    assert hit_by_url(store, innocent.listing.url).decision is Decision.DROPPED
    assert listed_urls(desk, "--verdict", "not") == {innocent.listing.url}
    assert listed_urls(desk, "--verdict", "not", "--verdict", "unsure") == {innocent.listing.url, doubtful.listing.url}
    assert listed_urls(desk, "--verdict", "not", "--decision", "hit") == set()
    waiting = listed_urls(desk, "--verdict", "none")
    assert waiting
    assert waiting < listed_urls(desk, "--verdict", "none", "--decision", "dropped", "--decision", "hit")
    desk("hits", "list", "--verdict", "not", "--save-filter", "mine")
    assert listed_urls(desk, "--filter", "mine") == {innocent.listing.url}


def test_lists_of_what_is_gone_up_and_new(desk: Run, store: Store) -> None:
    next_day = NOW + timedelta(days=1)
    gone, new = evolve(OFFERS[0], outcome=Outcome.GONE), make_offers(WORKS, 5, next_day)[4]
    record_crawl(store, [gone, new], "r2", next_day)
    up = listed_urls(desk, "--up")
    assert listed_urls(desk, "--gone") == {gone.url}
    assert listed_urls(desk) == up | {gone.url}
    assert gone.url not in up
    assert listed_urls(desk, "--new") == {new.url}
    assert listed_urls(desk, "--new", "--gone") == set()
    desk("hits", "list", "--new", "--up", "--save-filter", "fresh")
    record_crawl(store, OFFERS[:1], "r3", NOW + timedelta(days=2))
    assert listed_urls(desk, "--filter", "fresh") == set(), "new is what the last night found, whenever it is asked"
    error = desk("hits", "list", "--gone", "--up").exception
    assert isinstance(error, BadInput)
    assert desk("hits", "export", "gone.csv", "--up").exit_code == 0
    assert set(exported_urls(Path("gone.csv"))) >= up


def test_a_list_of_nothing_says_so(desk: Run, store: Store) -> None:
    assert desk("hits", "list", "--seller", "nobody").stdout == "No hits match\n"
    assert listed_urls(desk, "--seller", "nobody") == set()


LONG_URL = "https://book.kongfz.com/0/123456/?from=" + "a-long-way-" * 12 + "end"


def test_a_list_can_be_copied_whatever_the_width(desk: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    offer = evolve(OFFERS[0], url=LONG_URL, title=f"{WORKS[0].title} PDF\n网盘 [bold]秒发", price=Decimal("6.50"))
    record_crawl(store, [offer], "r2", NOW)
    key = hit_by_url(store, LONG_URL).id
    lines = desk("hits", "list", "--work", WORKS[0].id).stdout.splitlines()
    place = lines.index(f"          {LONG_URL}")
    assert lines[place - 1] == (
        f"{key[:8]}  hit  {WORKS[0].title}  kongfz  6.50 CNY  {WORKS[0].title} PDF 网盘 [bold]秒发"
    )
    assert LONG_URL in desk("hits", "list", "--wide").stdout
    assert "│" in desk("hits", "list", "--wide").stdout


@pytest.mark.parametrize(("width", "is_table"), [(80, False), (160, True)])
def test_a_terminal_gets_a_table_where_it_is_wide(store: Store, width: int, is_table: bool) -> None:
    screen = io.StringIO()
    offer = evolve(OFFERS[0], url=LONG_URL, title=f"{WORKS[0].title} PDF " + "网盘秒发" * 30)
    record_crawl(store, [offer], "r2", NOW)
    console = Console(file=screen, force_terminal=True, width=width, color_system=None)
    print_hits(console, store, [hit_by_url(store, LONG_URL)], "en")
    assert ("│" in screen.getvalue()) is is_table
    lines = screen.getvalue().splitlines()
    assert is_table or (cell_len(lines[0]) <= width and lines[1] == f"          {LONG_URL}")
