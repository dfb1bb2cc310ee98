from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.health import CAUSES, PlatformCounts, count_by_platform, counts_from_dict, find_complaint
from crawler.items import Ask, Outcome, UnitKind
from crawler.messages import LANGUAGES, render_message
from crawler.units import batches, has_succeeded, next_retry_at
from crawler.web.session import CrawlStats

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


@pytest.mark.parametrize(
    ("pages", "causes", "key", "hosts"),
    [
        ({"disallowed": 2}, {"name a.example": 2}, "health_name", "a.example"),
        ({"refused": 3}, {"private 127.0.0.1:88": 3}, "health_private", "127.0.0.1:88"),
        ({"refused": 1}, {"port a.example:22": 1}, "health_port", "a.example:22"),
        ({"error": 2}, {"unreachable a.example": 2}, "health_unreachable", "a.example"),
        ({"disallowed": 1}, {"robots a.example": 1}, "health_robots", "a.example"),
        (
            {"error": 9},
            {f"name {n}.example": 9 - n for n in range(5)},
            "health_name",
            "0.example, 1.example, 2.example, ...",
        ),
        ({"live": 2, "error": 9}, {"unreachable a.example": 6}, "health_unreachable", "a.example"),
        ({"challenged": 2, "refused": 2}, {"private a.example": 2}, "health_blind", None),  # half are walls
        ({"live": 2, "challenged": 9, "disallowed": 2}, {"robots a.example": 2}, "health_walled", None),
        ({"live": 9, "disallowed": 2}, {"robots a.example": 2}, None, None),
        ({"missing": 3}, {}, "health_missing", None),
        ({"missing": 3, "challenged": 2}, {}, "health_missing", None),
        ({"missing": 1, "challenged": 2}, {}, "health_blind", None),
        ({"missing": 3, "live": 1}, {}, None, None),  # what an archive lacks means nothing
    ],
)
def test_the_complaint_names_the_common_cause(
    pages: dict[str, int], causes: dict[str, int], key: str | None, hosts: str | None
) -> None:
    (counts,) = count_by_platform([("shop", "details", "done", {"pages": pages, "causes": causes})])
    complaint = find_complaint(counts_from_dict("shop", counts.to_dict()), 0)
    assert (complaint[0] if complaint else None) == key
    assert complaint is None or complaint[1].get("hosts") == hosts


def test_every_cause_has_its_sentence_and_advice() -> None:
    for cause in CAUSES:
        for language in LANGUAGES:
            assert "h.example" in render_message(
                "desk.cli", f"health_{cause}", language, platform="shop", hosts="h.example", missing=1, all=1
            )
            assert render_message("desk.cli", f"advice_{cause}", language)


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


def test_rows_that_named_works_and_were_all_kept_from_us_are_no_quiet_night() -> None:
    units = [
        (
            "forum",
            "question",
            "done",
            {"planned": 4, "queried": 3, "unplanned": 1, "listings": 9, "pages": {"live": 4}},
        ),
        ("forum", "details", "done", {"planned": 2, "pages": {"disallowed": 2}}),
        ("forum", "details", "skipped", {"planned": 1}),
    ]
    (counts,) = count_by_platform(units)
    assert (counts.queried, counts.planned, counts.opened, counts.candidates) == (3, 4, 0, 4)
    values = {"platform": "forum", "candidates": 4, "pages": "2 disallowed, 4 live"}
    assert find_complaint(counts, 1) == ("health_unopened", values)
    assert counts_from_dict("forum", counts.to_dict()) == counts


@pytest.mark.parametrize(
    "details",
    [
        {"planned": 2, "opened": 1, "pages": {"live": 1, "disallowed": 1}},
        {"planned": 2, "pages": {"missing": 2}},  # a replayed archive lacks them
        {},  # rows that say enough
    ],
)
def test_one_opened_page_or_none_to_open_is_no_complaint(details: dict[str, object]) -> None:
    question = {"planned": 4, "queried": 4, "listings": 9, "pages": {"live": 4}}
    (counts,) = count_by_platform([("forum", "question", "done", question), ("forum", "details", "done", details)])
    assert find_complaint(counts, 1) is None


def test_pages_that_were_not_asked_for_by_questions_are_no_candidates_to_complain_of() -> None:
    (counts,) = count_by_platform([("shop", "details", "done", {"planned": 1, "pages": {"live": 1}})])
    assert find_complaint(counts, 0) is None


def test_an_answer_counts_by_what_it_showed() -> None:
    stats = CrawlStats()
    for outcome in Outcome:
        stats.record_answer(UnitKind.QUESTION, Ask(question=outcome.value), outcome, has_listing=False)
        stats.record_answer(UnitKind.DETAILS, Ask(url=f"https://a.example/{outcome.value}"), outcome, has_listing=False)
        stats.record_answer(UnitKind.WALK, Ask(url="https://a.example/"), outcome, has_listing=True)
    stats.record_answer(UnitKind.DETAILS, Ask(url="https://a.example/1"), Outcome.LIVE, has_listing=True)
    assert [ask.question for ask in stats.queried_asks] == ["live", "unchanged", "gone"]
    assert [ask.url for ask in stats.opened_asks] == [
        "https://a.example/unchanged",
        "https://a.example/gone",
        "https://a.example/1",
    ]
    assert stats.to_dict() | {"queried": 3, "opened": 3} == stats.to_dict()
