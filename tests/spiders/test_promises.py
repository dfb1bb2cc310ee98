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

CONTRACT = ("empty", "error", "wall", "half", "language")
CHALLENGE = (
    b'<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><form id="challenge-form"></body></html>'
)
BROKEN = b"<!DOCTYPE html><html><head><title>Internal Server Error</title></head><body><h1>500</h1></body></html>"
GONE = {ShareState.EXPIRED, ShareState.CANCELLED, ShareState.NOT_FOUND, ShareState.REMOVED_VIOLATION}


def read(
    spider: str, answer: RecordedResponse, body: bytes, status: int = 200
) -> tuple[Outcome, list[Listing | Request]]:
    """What a crawl makes of an answer: its outcome and what was read."""
    kind = answer.content_type if body in (answer.body, answer.body[: len(body)]) else "text/html"
    outcome = outcome_of(status, body, kind, answer.url)
    found: list[Listing | Request] = []
    if outcome is Outcome.LIVE or (platforms()[spider].reads_every_status and body):
        page = Page(url=answer.url, body=body, content_type=kind, status=status, values=answer.values)
        try:
            found = read_page(platforms()[spider](), page)
        except LayoutError:
            return Outcome.ERROR, []
    if len(found) == 1 and isinstance(found[0], Listing):
        outcome = found[0].outcome
    return outcome, found


def answers(spider: str) -> list[RecordedResponse]:
    """The saved pages of a platform."""
    return [answer for case in CASES if case.parent.name == spider for answer in open_archive(case)]


def gone(found: list[Listing | Request]) -> list[Listing]:
    """The shares that are said to be gone."""
    return [each for each in found if isinstance(each, Listing) and each.share_state in GONE]


def told(spider: str, case: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((PAGES / spider / case / "expected.json").read_text(encoding="utf-8"))
    return expected


def states(expected: dict[str, Any]) -> list[str | None]:
    return [each.get("share_state") for each in expected["listings"]]


@pytest.mark.parametrize("spider", platforms())
def test_the_five_cases(spider: str) -> None:
    empty, error, wall, half, language = (told(spider, case) for case in CONTRACT)
    assert empty["outcome"] in ("live", "gone", "partial"), "an empty result is told apart from an error"
    assert not any(each.get("files") or "share_state" not in each for each in empty["listings"])
    assert states(error) == ["unknown"] or (error["outcome"] == "error" and not error["listings"])
    assert wall["outcome"] == "challenged"
    assert not [state for state in states(wall) if state != "captcha"]
    assert states(half) in (["unknown"], ["alive"]) or (half["outcome"] == "partial" and not half["listings"])
    assert language["outcome"] == "live"
    assert language["listings"]


@pytest.mark.parametrize("spider", platforms())
def test_a_page_in_its_place_is_never_taken_for_it(spider: str) -> None:
    for answer in answers(spider):
        for status in (200, 403, 503):
            outcome, found = read(spider, answer, CHALLENGE, status)
            assert outcome in (Outcome.CHALLENGED, Outcome.BLOCKED), (answer.url, status)
            assert not gone(found)
        outcome, found = read(spider, answer, BROKEN, 500)
        shares = [each for each in found if isinstance(each, Listing)]
        assert outcome is Outcome.ERROR or all(each.share_state is not None for each in shares), answer.url
        assert not gone(found)


@pytest.mark.parametrize("spider", platforms())
def test_half_a_page_says_nothing_that_the_whole_does_not(spider: str) -> None:
    for answer in answers(spider):
        _, whole = read(spider, answer, answer.body, answer.status)
        known = {each.url for each in whole if isinstance(each, Listing)}
        for part in (3, 5, 8):
            outcome, found = read(spider, answer, answer.body[: len(answer.body) * part // 10], answer.status)
            if outcome in (Outcome.LIVE, Outcome.GONE) and not gone(whole):
                assert {each.url for each in found if isinstance(each, Listing)} <= known, (answer.url, part)
                assert not gone(found)


@pytest.mark.parametrize("spider", platforms())
def test_a_platform_says_what_it_was_built_from(spider: str) -> None:
    kind = platforms()[spider]
    source = inspect.getsource(__import__(f"spiders.{spider}", fromlist=["_"]))
    assert len(source.splitlines()) < 150
    assert kind.proof.basis
    assert kind.limits.endswith(".")
    if kind.proof.kind is ProofKind.GUESS or kind.gated:
        assert kind.off_by_default


def test_enough_platforms_are_proven() -> None:
    kinds = [spider.proof.kind for spider in platforms().values()]
    assert len(kinds) >= 40
    assert len(kinds) - kinds.count(ProofKind.GUESS) >= 40, "guesses do not count"
    assert kinds.count(ProofKind.PAGE) >= 15
