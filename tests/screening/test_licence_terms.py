"""The same night under five clock dates: what a licence covers turns by itself with its term, nothing else does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from crawler.items import Decision, Licence
from crawler.store import HitQuery, Store
from screening.match_context import build_context
from screening.redecide_hits import redecide_hits, works_with_recent_terms
from tests.conftest import on_sqlite
from tests.judged_store import make_offers, make_works, record_crawl

CURRENT_LICENCE = Licence(platform="kongfz", seller="店0", since=date(2026, 11, 1), until=date(2026, 11, 30))
RENEWED_LICENCE = Licence(platform="kongfz", seller="店0", since=date(2027, 1, 1))
UNLICENSED_WORKS = make_works(2)
WORKS = [evolve(UNLICENSED_WORKS[0], licences=(CURRENT_LICENCE, RENEWED_LICENCE)), UNLICENSED_WORKS[1]]
CLOCKS = {
    "the day before it begins": ("2026-10-31", False),
    "its first day": ("2026-11-01", True),
    "its last day": ("2026-11-30", True),
    "the day after it ended": ("2026-12-01", False),
    "after it was renewed": ("2027-02-03", True),
}


def at_night(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=3, tzinfo=UTC)


def run_night(store: Store, now: datetime) -> dict[str, Decision]:
    store.works.import_works(WORKS, now)
    record_crawl(store, make_offers(WORKS, 10, now), "r1", now)
    return decisions(store)


def decisions(store: Store) -> dict[str, Decision]:
    return {hit.listing.url: hit.decision for hit in store.hits.find_hits(HitQuery())}


def expected_decisions(covered: bool) -> dict[str, Decision]:
    """By hand: files and photocopies (places 0 and 1 of four) infringe, paper does not; shop 0 has every fifth."""
    decision_by_url = {}
    for work in range(2):
        for number in range(10):
            is_licensed = covered and work == 0 and number % 5 == 0
            offends = number % 4 in (0, 1)
            decision = Decision.HIT if offends else Decision.DROPPED
            decision_by_url[f"https://book.kongfz.com/{work}/{number}/"] = (
                Decision.LICENSED if is_licensed else decision
            )
    return decision_by_url


@pytest.mark.parametrize(("day", "covered"), CLOCKS.values(), ids=CLOCKS.keys())
@on_sqlite
def test_the_same_night_under_five_dates(database: str, day: str, covered: bool) -> None:
    with Store.open(database) as store:
        assert run_night(store, at_night(day)) == expected_decisions(covered)


@on_sqlite
def test_stored_hits_are_redecided_when_a_term_is_entered_late(database: str) -> None:
    now = at_night("2026-11-20")
    with Store.open(database) as store:
        store.works.import_works(UNLICENSED_WORKS, now)
        record_crawl(store, make_offers(UNLICENSED_WORKS, 10, now), "r1", now)
        assert decisions(store) == expected_decisions(covered=False)
        store.works.import_works(WORKS, now)
        context = build_context(store, now)
        assert works_with_recent_terms(store.works.all_works(), context) == [WORKS[0].id]
        assert redecide_hits(store, [WORKS[0].id], context) == 2
        assert decisions(store) == expected_decisions(covered=True)
        assert redecide_hits(store, [WORKS[0].id], context) == 0


@on_sqlite
def test_an_own_shop_covers_all_works_of_its_owner_until_it_is_withdrawn(database: str) -> None:
    now = at_night("2026-10-31")
    with Store.open(database) as store:
        before = run_night(store, now)
        number = store.works.add_official_shop("北岸出版社", Licence(platform="kongfz", seller="店0"), now)
        redecide_hits(store, None, build_context(store, now))
        licensed_urls = {url for url, decision in decisions(store).items() if decision is Decision.LICENSED}
        assert licensed_urls == {
            f"https://book.kongfz.com/{work}/{number_of_offer}/" for work in range(2) for number_of_offer in (0, 5)
        }
        assert store.works.withdraw_official_shop(number, now + timedelta(hours=1)) == "北岸出版社"
        redecide_hits(store, None, build_context(store, now))
        assert decisions(store) == before
