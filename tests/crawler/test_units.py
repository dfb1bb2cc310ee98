from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crawler.health import PlatformCounts, count_by_platform, find_complaint
from crawler.items import Ask, Assessment, Decision, Listing, ListingKind, Outcome, ShareLink, UnitKind
from crawler.units import batches, follow_ups, has_succeeded, next_retry_at

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def list_row(whole: bool = False, *links: ShareLink, platform: str = "kongfz") -> Listing:
    return Listing(
        platform=platform, kind=ListingKind.OFFER, url="https://a.test/1", title="x", whole=whole, links=links
    )


def assessment(identity: float, decision: Decision = Decision.DROPPED) -> Assessment:
    return Assessment(work_id="W", identity=identity, offence=0.1, decision=decision)


LINK = ShareLink(platform="quark", share_id="0123456789ab", url="https://pan.quark.cn/s/0123456789ab", code="ab12")
DETAILS_ASK = ("kongfz", UnitKind.DETAILS, Ask(url="https://a.test/1"))
SHARE_ASK = ("quark", UnitKind.SHARES, Ask(url=LINK.url, code="ab12"))


def test_a_row_that_looks_like_a_candidate_has_its_own_page_read() -> None:
    assert follow_ups(list_row(), [assessment(0.9)], ["quark"]) == [DETAILS_ASK]


def test_rows_that_are_none_or_licensed_and_whole_listings_are_not_asked_again() -> None:
    assert follow_ups(list_row(), [], ["quark"]) == []
    assert follow_ups(list_row(), [assessment(0.3)], ["quark"]) == []
    assert follow_ups(list_row(), [assessment(0.9, Decision.LICENSED)], ["quark"]) == []
    assert follow_ups(list_row(whole=True), [assessment(0.9)], ["quark"]) == []


def test_a_share_in_a_listing_is_asked_where_its_platform_is_known() -> None:
    assert follow_ups(list_row(True, LINK), [], ["quark"]) == [SHARE_ASK]
    assert follow_ups(list_row(True, LINK), [], ["kongfz"]) == []
    assert follow_ups(list_row(True, LINK, platform="quark"), [], ["quark"]) == []


def test_a_share_that_a_share_leads_to_is_asked_too() -> None:
    own = ShareLink(platform="baidu", share_id="x" * 22, url=f"https://pan.baidu.com/s/1{'x' * 22}")
    share = evolve(list_row(True, own, LINK, platform="baidu"), kind=ListingKind.SHARE)
    assert follow_ups(share, [], ["quark", "baidu"]) == [SHARE_ASK]


@given(st.lists(st.integers(), max_size=50), st.integers(1, 7))
def test_portions_keep_all_in_order(numbers: list[int], size: int) -> None:
    asks = [Ask(question=str(number)) for number in numbers]
    parts = list(batches(asks, size))
    assert [ask for part in parts for ask in part] == asks
    assert all(1 <= len(part) <= size for part in parts)


def test_a_finished_unit_has_not_always_succeeded() -> None:
    assert has_succeeded("finished", {Outcome.LIVE: 1})
    assert has_succeeded("finished", {Outcome.GONE: 1, Outcome.ERROR: 3})
    assert not has_succeeded("finished", {Outcome.ERROR: 1, Outcome.BLOCKED: 1})
    assert not has_succeeded("finished", {})
    assert not has_succeeded("shutdown", {Outcome.LIVE: 1})


def test_pauses_double_and_end() -> None:
    assert [next_retry_at(attempt, 4, NOW) for attempt in (1, 2, 3, 4)] == [
        NOW + timedelta(seconds=5),
        NOW + timedelta(seconds=10),
        NOW + timedelta(seconds=20),
        None,
    ]


def test_a_blocked_platform_is_no_quiet_night() -> None:
    (counts,) = count_by_platform([("kongfz", "question", "failed", {"pages": {"challenged": 2, "blocked": 1}})])
    assert find_complaint(counts, 1) == ("health_blind", {"platform": "kongfz", "pages": "1 blocked, 2 challenged"})


def test_a_page_that_was_asked_again_counts_once_by_its_last_answer() -> None:
    outcome = {"pages": {"live": 2, "blocked": 3}, "again": {"blocked": 3}}
    (counts,) = count_by_platform([("kongfz", "question", "done", outcome)])
    assert (counts.answered, counts.blocked) == (2, 0)
    assert find_complaint(counts, 0) is None
    (walled,) = count_by_platform([("kongfz", "question", "done", outcome | {"again": {}})])
    assert find_complaint(walled, 0) is not None


def test_a_platform_below_its_floor_or_with_failed_units_is_reported() -> None:
    quiet = PlatformCounts(platform="a", asked=1)
    quiet.pages["live"] = 3
    assert find_complaint(quiet, 0) is None
    assert find_complaint(quiet, 1) == ("health_floor", {"platform": "a", "listings": 0, "floor": 1})
    quiet.failed, quiet.listings = 1, 5
    assert find_complaint(quiet, 1) == ("health_failed", {"platform": "a", "failed": 1, "asked": 1})
