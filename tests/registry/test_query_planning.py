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


def plan_tonight(
    works: list[Work] = BOOKS, limit: int = 100, explore: float = 0.1, seed: str = "a", **yields: FormYield
) -> list[PlannedQuery]:
    return plan_queries(works, ListingKind.OFFER, limit, yields, seed, explore)


def count_by_form(queries: list[PlannedQuery]) -> Counter[str]:
    return Counter(query.form for query in queries)


def test_before_anything_is_known_names_are_asked_and_a_tenth_explores() -> None:
    queries = plan_tonight()
    assert count_by_form(queries)["title"] == 90
    assert len(queries) == 100
    assert len(count_by_form(queries)) > 3, "the tenth tries several forms"
    assert plan_tonight(explore=0) == [PlannedQuery(work.title, "title") for work in BOOKS]


def test_the_same_night_asks_the_same_and_another_night_tries_others() -> None:
    assert plan_tonight() == plan_tonight(list(reversed(BOOKS)))
    assert set(plan_tonight()) != set(plan_tonight(seed="b"))


def test_a_form_that_pays_is_asked_of_every_work_and_one_that_does_not_is_only_explored() -> None:
    yields = {"title": FormYield(1000, 50), "网盘": FormYield(40, 40), "全集": FormYield(400, 0)}
    queries = plan_queries(BOOKS, ListingKind.OFFER, 100, yields, "a", 0.1)
    assert count_by_form(queries)["网盘"] >= 90, "pays ten times as well as titles: asked first"
    assert count_by_form(queries)["全集"] <= 10
    more_queries = plan_queries(BOOKS, ListingKind.OFFER, 1000, yields, "a", 0)
    assert count_by_form(more_queries) == {"网盘": 100, "title": 100}


def test_a_few_lucky_questions_prove_nothing() -> None:
    assert not is_paying("网盘", {"网盘": FormYield(MIN_TRIED_QUERIES - 1, MIN_TRIED_QUERIES - 1)})
    assert is_paying("网盘", {"网盘": FormYield(MIN_TRIED_QUERIES, MIN_TRIED_QUERIES)})


def test_urgent_works_come_first_in_every_form() -> None:
    urgent = Work(id="Z", title="灯塔守望者", aliases=("海灯",), kind="book", priority=100)
    queries = plan_tonight([*BOOKS, urgent], limit=5, explore=0)
    assert queries[0] == PlannedQuery("灯塔守望者", "title")


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
    counts = {"asked_by": {"title": 500, "网盘": 50}, "hits_by": {"网盘": 50}}
    past_runs = [
        Run(id="1", night="2026-11-22", started=NOW, counts={"kongfz": counts, "ebay": {"asked_by": {"PDF": 50}}})
    ]
    asks = nightly_asks(Kongfz, BOOKS, Config(), past_runs, "2026-11-23")
    forms_asked = Counter(ask.form for ask in asks)
    assert forms_asked["网盘"] >= 90
    assert len(asks) <= Config().platform("kongfz").questions
