"""Every platform keeps the same promises, whatever it is: what an empty result, an error, a login wall, half a page and
a page in another language mean; what it was built from; how small it is.

The cases `empty`, `error`, `wall`, `half` and `language` are files of each platform. Beside them every saved page of
all platforms is cut in two, answered with an error, and with a challenge in its place.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from crawler.archives import open_archive
from crawler.archives.archive import RecordedResponse
from crawler.items import Listing, Outcome, ShareState
from crawler.page import LayoutError, Page, Request
from crawler.page.outcome import outcome_of
from crawler.page.reader import read_page
from spiders import ProofKind
from spiders.catalogue import platforms
from tests.spiders.test_saved_pages import CASES, PAGES

CASE_NAMES = ("empty", "error", "wall", "half", "language")
CHALLENGE = (
    b'<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><form id="challenge-form"></body></html>'
)
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Internal Server Error</title></head><body><h1>500</h1></body></html>"
GONE_STATES = {ShareState.EXPIRED, ShareState.CANCELLED, ShareState.NOT_FOUND, ShareState.REMOVED_VIOLATION}


def read_answer(
    spider: str, answer: RecordedResponse, body: bytes, status: int = 200
) -> tuple[Outcome, list[Listing | Request]]:
    """What a crawl makes of an answer: its outcome and what was read."""
    content_type = answer.content_type if body in (answer.body, answer.body[: len(body)]) else "text/html"
    outcome = outcome_of(status, body, content_type, answer.url)
    results: list[Listing | Request] = []
    if outcome is Outcome.LIVE or (platforms()[spider].reads_every_status and body):
        page = Page(url=answer.url, body=body, content_type=content_type, status=status, values=answer.values)
        try:
            results = read_page(platforms()[spider](), page)
        except LayoutError:
            return Outcome.ERROR, []
    if len(results) == 1 and isinstance(results[0], Listing):
        outcome = results[0].outcome
    return outcome, results


def saved_answers(spider: str) -> list[RecordedResponse]:
    """The saved pages of a platform."""
    return [answer for case in CASES if case.parent.name == spider for answer in open_archive(case)]


def gone_shares(results: list[Listing | Request]) -> list[Listing]:
    """The shares that are said to be gone."""
    return [result for result in results if isinstance(result, Listing) and result.share_state in GONE_STATES]


def expected_result(spider: str, case: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((PAGES / spider / case / "expected.json").read_text(encoding="utf-8"))
    return expected


def share_states(expected: dict[str, Any]) -> list[str | None]:
    return [listing.get("share_state") for listing in expected["listings"]]


@pytest.mark.parametrize("spider", platforms())
def test_the_five_cases(spider: str) -> None:
    empty, error, wall, half, language = (expected_result(spider, case) for case in CASE_NAMES)
    assert empty["outcome"] in ("live", "gone", "partial"), "an empty result is told apart from an error"
    assert not any(listing.get("files") or "share_state" not in listing for listing in empty["listings"])
    assert share_states(error) == ["unknown"] or (error["outcome"] == "error" and not error["listings"])
    assert wall["outcome"] == "challenged"
    assert not [state for state in share_states(wall) if state != "captcha"]
    assert share_states(half) in (["unknown"], ["alive"]) or (half["outcome"] == "partial" and not half["listings"])
    assert language["outcome"] == "live"
    assert language["listings"]


@pytest.mark.parametrize("spider", platforms())
def test_a_challenge_or_an_error_is_never_taken_for_the_page(spider: str) -> None:
    for answer in saved_answers(spider):
        for status in (200, 403, 503):
            outcome, results = read_answer(spider, answer, CHALLENGE, status)
            assert outcome in (Outcome.CHALLENGED, Outcome.BLOCKED), (answer.url, status)
            assert not gone_shares(results)
        outcome, results = read_answer(spider, answer, ERROR_PAGE, 500)
        shares = [result for result in results if isinstance(result, Listing)]
        assert outcome is Outcome.ERROR or all(result.share_state is not None for result in shares), answer.url
        assert not gone_shares(results)


@pytest.mark.parametrize("spider", platforms())
def test_half_a_page_says_nothing_that_the_whole_does_not(spider: str) -> None:
    for answer in saved_answers(spider):
        _, full_results = read_answer(spider, answer, answer.body, answer.status)
        known_urls = {result.url for result in full_results if isinstance(result, Listing)}
        for tenths in (3, 5, 8):
            outcome, results = read_answer(
                spider, answer, answer.body[: len(answer.body) * tenths // 10], answer.status
            )
            if outcome in (Outcome.LIVE, Outcome.GONE) and not gone_shares(full_results):
                assert {result.url for result in results if isinstance(result, Listing)} <= known_urls, (
                    answer.url,
                    tenths,
                )
                assert not gone_shares(results)


@pytest.mark.parametrize("spider", platforms())
def test_a_platform_says_what_it_was_built_from(spider: str) -> None:
    platform = platforms()[spider]
    source = inspect.getsource(__import__(f"spiders.{spider}", fromlist=["_"]))
    assert len(source.splitlines()) < 150
    assert platform.proof.basis
    assert platform.limits.endswith(".")
    if platform.proof.kind is ProofKind.GUESS or platform.gated:
        assert platform.off_by_default


def test_enough_platforms_are_proven() -> None:
    kinds = [spider.proof.kind for spider in platforms().values()]
    assert len(kinds) >= 40
    assert len(kinds) - kinds.count(ProofKind.GUESS) >= 40, "guesses do not count"
    assert kinds.count(ProofKind.PAGE) >= 15
