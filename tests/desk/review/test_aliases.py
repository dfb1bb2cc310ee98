"""Names that people use: taught with a verdict, proposed from judged hits, confirmed by a person, withdrawn again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve
from typer.testing import CliRunner

from crawler.errors import BadInput
from crawler.items import Listing, ListingKind, Verdict, Work
from crawler.store import HitQuery, Store
from desk.cli import application
from desk.review.aliases import NameRegister, propose_aliases, teach_alias, unknown_runs
from desk.review.judge import Lesson, NewVerdict, check_lesson, read_verdicts, undo_verdict, withdraw_rule
from matchers.assessor import Assessor
from matchers.matcher import Context
from screening.match_context import build_context
from tests.conftest import on_sqlite
from tests.judged_store import NOW, hit_by_url, judge_hit, record_crawl

LATER = NOW + timedelta(days=1)
TIDE = Work(id="tide", title="潮汐测绘手记", kind="book", creators=("温岱",))
RAIL = Work(id="rail", title="雨林铁路学徒", kind="book", creators=("骆以宁",))
LAMP = Work(
    id="lamp", title="The Lampwright of Quarn", aliases=("Quarn Cycle",), kind="book", creators=("Odile Marsh",)
)
WORKS = (TIDE, RAIL, LAMP)
TITLES = (  # (seller, title): people call the first work 海图簿
    ("甲", "潮汐测绘手记 海图簿 电子版 网盘秒发"),
    ("乙", "【海图簿】潮汐测绘手记 PDF 老铁专享"),
    ("丙", "潮汐测绘手记（海图簿）温岱 epub 老铁专享"),
    ("丁", "潮汐测绘手记 温岱 电子版 灰鸥版"),
    ("甲", "雨林铁路学徒 骆以宁 电子版 老铁专享"),
    ("戊", "海图簿 PDF电子版 网盘秒发"),
)
LISTINGS = [
    Listing(
        platform="kongfz",
        kind=ListingKind.OFFER,
        url=f"https://book.kongfz.com/1/{number}/",
        title=title,
        seller=seller,
        seen_at=NOW,
    )
    for number, (seller, title) in enumerate(TITLES)
]


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store.open(database) as opened:
        opened.works.import_works(WORKS, NOW)
        record_crawl(opened, LISTINGS, "r1", NOW)
        yield opened


def identity_of(store: Store, title: str) -> float:
    """How surely the first work is recognised in a title."""
    listing = evolve(LISTINGS[0], url="https://book.kongfz.com/9/9/", title=title)
    assessments = Assessor(store.works.registered_works()).assess(listing, Context())
    return max((found.identity for found in assessments if found.work_id == TIDE.id), default=0.0)


def test_a_name_taught_with_a_verdict_is_one_of_the_works_names_until_it_is_undone(store: Store) -> None:
    hit, digest = hit_by_url(store, LISTINGS[0].url), store.works.registry_digest()
    assert identity_of(store, "海图簿 电子版") < 0.2
    judge_hit(store, hit, Verdict.INFRINGING, LATER, lesson=Lesson(alias="海图簿"))
    (rule,) = store.reviews.all_rules()
    assert (rule.kind, rule.work, rule.shown, rule.by, rule.at, rule.judgement) == (
        "alias", "tide", "海图簿", "li", LATER, 1,
    )  # fmt: skip
    assert identity_of(store, "海图簿 电子版") > 0.5
    assert store.works.get("tide") == evolve(TIDE, aliases=("海图簿",))
    assert store.works.changed_since(LATER) == {"tide"}, "rematch --since looks for it"
    assert store.works.registry_digest() != digest
    assert build_context(store, LATER).rules == {}, "no rule about innocence"
    store.works.import_works(WORKS, LATER)
    assert store.works.get("tide") == evolve(TIDE, aliases=("海图簿",)), "an import leaves it alone"
    undo_verdict(store, hit, "wang", LATER)
    assert store.works.get("tide") == TIDE
    assert store.works.registry_digest() == digest
    assert store.reviews.all_rules(include_withdrawn=True)[0].withdrawn_by == "wang"


@on_sqlite
def test_a_name_is_withdrawn_by_its_number(store: Store) -> None:
    number = teach_alias(store, "tide", "海图簿", "forum", "li", NOW, "en")
    assert teach_alias(store, "lamp", "Quarnbook", "", "li", NOW, "en") == number + 1
    assert withdraw_rule(store, number, "wang", LATER) is not None
    assert withdraw_rule(store, number, "wang", LATER) is None
    assert [work.aliases for work in store.works.all_works()] == [("Quarn Cycle", "Quarnbook"), (), ()]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("海图", "alias_short"),
        ("tlq", "alias_short"),
        ("，", "alias_short"),
        ("雨林 铁路学徒", "alias_taken"),
        ("quarn cycle", "alias_taken"),
        ("潮汐测绘手记", "alias_known"),
        ("电子版全集", "alias_common"),
        ("history", "alias_common"),
        ("铁路学徒记", None),
        ("海图簿", None),
        ("Tidebook", None),
    ],
)
def test_a_name_that_cannot_identify_a_work_is_refused(name: str, problem: str | None) -> None:
    found = NameRegister(WORKS).find_problem(name, "tide")
    assert (found[0] if found else None) == problem


def test_what_the_names_of_several_other_works_contain_is_a_head_word() -> None:
    register = NameRegister([*WORKS, *(Work(id=f"c{number}", title=f"海图簿第{number}卷") for number in range(2))])
    assert register.find_problem("海图簿", "tide") == ("alias_in_names", {"name": "海图簿", "count": 2})
    with pytest.raises(BadInput, match="2 other works"):
        register.check("海图簿", "tide", "en", "hits judge")


@on_sqlite
def test_only_a_name_in_an_infringing_listing_is_taught(store: Store) -> None:
    hit = hit_by_url(store, LISTINGS[0].url)
    for verdict, alias in ((Verdict.NOT, "海图簿"), (Verdict.UNSURE, "海图簿"), (Verdict.INFRINGING, "星图簿")):
        lesson = Lesson(alias=alias)
        with pytest.raises(BadInput):
            check_lesson(
                NewVerdict(hit=hit, verdict=verdict, reason="", by="li", at=NOW, lesson=lesson), "en", "hits judge"
            )


def test_a_name_in_listings_of_several_sellers_is_proposed_and_nothing_that_is_innocent(store: Store) -> None:
    for listing in LISTINGS[:2]:
        judge_hit(store, hit_by_url(store, listing.url), Verdict.INFRINGING)
    assert propose_aliases(store) == [], "two listings are too few"
    judge_hit(store, hit_by_url(store, LISTINGS[2].url), Verdict.INFRINGING)
    judge_hit(store, hit_by_url(store, LISTINGS[4].url), Verdict.INFRINGING)
    (proposal,) = propose_aliases(store)
    assert (proposal.work_id, proposal.name, proposal.listings, proposal.sellers) == ("tide", "海图簿", 3, 3)
    assert len(proposal.examples) == 3
    assert propose_aliases(store, "rail") == []
    assert store.works.get("tide") == TIDE, "a proposal changes nothing"
    judge_hit(store, hit_by_url(store, LISTINGS[1].url), Verdict.NOT)
    assert propose_aliases(store) == [], "a listing judged innocent carries it"


@on_sqlite
def test_listings_of_one_seller_propose_nothing(store: Store) -> None:
    listings = [evolve(listing, url=f"{listing.url}again/", seller="甲") for listing in LISTINGS[:3]]
    record_crawl(store, listings, "r2", LATER)
    for listing in listings:
        judge_hit(store, hit_by_url(store, listing.url), Verdict.INFRINGING)
    assert propose_aliases(store) == []


def test_unknown_runs_of_a_title_are_what_stands_between_separators_and_known_names() -> None:
    known = ("潮汐测绘手记", "温岱")
    assert list(unknown_runs("【海图簿】潮汐测绘手记温岱 电子版 灰鸥 老铁", known)) == ["海图簿", "灰鸥", "老铁"]
    assert list(unknown_runs("Lamp of Quarn - the Lampwright epub", ("the lampwright",))) == ["Lamp of Quarn"]
    assert list(unknown_runs("", known)) == []


@on_sqlite
def test_an_edited_export_teaches_names_and_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    first, second = (hit_by_url(store, LISTINGS[number].url).id for number in (0, 4))
    path = tmp_path / "judged.csv"
    path.write_text(f"hit_id,verdict,teach\n{first},infringing,alias:海图簿\n", encoding="utf-8")
    (new_verdict,) = read_verdicts(path, store, "li", NOW, "en")
    judge_hit(store, new_verdict.hit, new_verdict.verdict, lesson=new_verdict.lesson)
    assert read_verdicts(path, store, "li", LATER, "en") == []
    path.write_text(f"hit_id,verdict,teach\n{second},infringing,alias:潮汐测绘手记\n", encoding="utf-8")
    with pytest.raises(BadInput, match="does not occur"):
        read_verdicts(path, store, "li", LATER, "en")


@on_sqlite
def test_names_are_taught_proposed_listed_and_withdrawn_by_commands(
    store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "swordnet.toml").write_text(f'[store]\nurl = "{database}"\n', encoding="utf-8")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(application(), arguments)
        assert result.exit_code == 0, result.output or result.exception
        return result.stdout

    ids = [hit_by_url(store, listing.url).id for listing in LISTINGS[:3]]
    for hit_id in ids:
        run("hits", "judge", hit_id, "infringing", "--by", "li")
    assert "海图簿" in run("works", "aliases", "--propose")
    assert json.loads(run("works", "aliases", "--propose", "--json"))[0]["sellers"] == 3
    added = run("works", "aliases", "tide", "--add", "海图簿", "--by", "li", "--now", f"{LATER:%Y-%m-%d}")
    assert f"rematch --since {LATER:%Y-%m-%d}" in added
    assert not [hit for hit in store.hits.find_hits(HitQuery()) if hit.listing.url == LISTINGS[5].url]
    run("rematch", "--since", f"{LATER:%Y-%m-%d}", "--workers", "1")
    assert hit_by_url(store, LISTINGS[5].url).work_id == "tide", "found among stored listings by its new name"
    assert json.loads(run("works", "aliases", "tide", "--json"))[0]["by"] == "li"
    assert "海图簿" in run("hits", "rules")
    assert json.loads(run("works", "show", "tide"))["aliases"] == ["海图簿"]
    assert "stay until" in run("hits", "unteach", "1")
    said = run("hits", "judge", ids[0], "infringing", "--teach-alias", "海图簿", "--reason", "beside the title")
    assert "also called" in said
    run("must-find", "lamp", "https://book.kongfz.com/5/5/", "--teach-alias", "Quarnbook")
    assert store.works.get("lamp") == evolve(LAMP, aliases=("Quarn Cycle", "Quarnbook"))
    failed = CliRunner().invoke(application(), ["works", "aliases", "rail", "--add", "海图簿"])
    assert isinstance(failed.exception, BadInput)
    assert len(list(store.hits.find_hits(HitQuery()))) == len(LISTINGS)
