"""Which questions a platform is asked on a night, and what is learned from what they bring."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from crawler.config import Config
from crawler.items import ListingKind, Work
from crawler.store import Run
from desk.crawling import nightly_asks
from registry.query_planning import MIN_TRIED_QUERIES, FormYield, PlannedQuery, is_paying, load_forms, plan_queries
from spiders.kongfz import Kongfz

BOOKS = [Work(id=f"B{number:03}", title=f"潮汐图书馆第{number}夜", kind="book") for number in range(100)]
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


def tonight(
    works: list[Work] = BOOKS, limit: int = 100, explore: float = 0.1, seed: str = "a", **seen: FormYield
) -> list[PlannedQuery]:
    return plan_queries(works, ListingKind.OFFER, limit, seen, seed, explore)


def by_form(asked: list[PlannedQuery]) -> Counter[str]:
    return Counter(each.form for each in asked)


def test_before_anything_is_known_names_are_asked_and_a_tenth_explores() -> None:
    asked = tonight()
    assert by_form(asked)["title"] == 90
    assert len(asked) == 100
    assert len(by_form(asked)) > 3, "the tenth tries several forms"
    assert tonight(explore=0) == [PlannedQuery(work.title, "title") for work in BOOKS]


def test_the_same_night_asks_the_same_and_another_night_tries_others() -> None:
    assert tonight() == tonight(list(reversed(BOOKS)))
    assert set(tonight()) != set(tonight(seed="b"))


def test_a_form_that_pays_is_asked_of_every_work_and_one_that_does_not_is_only_explored() -> None:
    seen = {"title": FormYield(1000, 50), "网盘": FormYield(40, 40), "全集": FormYield(400, 0)}
    asked = plan_queries(BOOKS, ListingKind.OFFER, 100, seen, "a", 0.1)
    assert by_form(asked)["网盘"] >= 90, "pays ten times as well as titles: asked first"
    assert by_form(asked)["全集"] <= 10
    plenty = plan_queries(BOOKS, ListingKind.OFFER, 1000, seen, "a", 0)
    assert by_form(plenty) == {"网盘": 100, "title": 100}


def test_a_few_lucky_questions_prove_nothing() -> None:
    assert not is_paying("网盘", {"网盘": FormYield(MIN_TRIED_QUERIES - 1, MIN_TRIED_QUERIES - 1)})
    assert is_paying("网盘", {"网盘": FormYield(MIN_TRIED_QUERIES, MIN_TRIED_QUERIES)})


def test_urgent_works_come_first_in_every_form() -> None:
    urgent = Work(id="Z", title="灯塔守望者", aliases=("海灯",), kind="book", priority=100)
    asked = tonight([*BOOKS, urgent], limit=5, explore=0)
    assert asked[0] == PlannedQuery("灯塔守望者", "title")


@pytest.mark.parametrize(
    ("work", "kind", "expected"),
    [
        (Work(id="A", title="灯塔守望者", kind="book"), ListingKind.OFFER, {"电子版", "网盘", "PDF", "epub", "全集"}),
        (Work(id="A", title="Lantern Keeper", kind="book", creators=("A. Vale",)), ListingKind.OFFER,
         {"creator", "PDF", "epub", "download"}),
        (Work(id="A", title="Lantern Run", kind="game"), ListingKind.APP, {"mod apk", "cracked"}),
        (Work(id="A", title="灯塔快跑", kind="game"), ListingKind.APP, {"破解版"}),
        (Work(id="A", title="灯塔守望者", kind="book"), ListingKind.APP, set()),
        (Work(id="A", title="灯塔", kind="book"), ListingKind.OFFER, set()),
    ],
)  # fmt: skip
def test_forms_suit_the_script_the_work_and_the_platform(work: Work, kind: ListingKind, expected: set[str]) -> None:
    assert {form.name for form in load_forms() if form.query_for(work, kind)} == expected


def test_yields_of_past_nights_are_those_of_the_platform() -> None:
    told = {"asked_by": {"title": 500, "网盘": 50}, "hits_by": {"网盘": 50}}
    past = [Run(id="1", night="2026-11-22", started=NOW, counts={"kongfz": told, "ebay": {"asked_by": {"PDF": 50}}})]
    asked = nightly_asks(Kongfz, BOOKS, Config(), past, "2026-11-23")
    forms_asked = Counter(ask.form for ask in asked)
    assert forms_asked["网盘"] >= 90
    assert len(asked) <= Config().platform("kongfz").questions
