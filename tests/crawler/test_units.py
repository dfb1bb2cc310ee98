from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawler.health import PlatformCounts, count_by_platform, find_complaint
from crawler.items import Ask, Outcome
from crawler.units import batches, has_succeeded, next_retry_at

NOW = datetime(2026, 11, 22, tzinfo=UTC)


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
