"""Requests that end without a page say what they were: every middleware that ends one raises Unanswered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urljoin

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.items import Outcome
from crawler.web.addresses import refusal
from crawler.web.whole import CUT, UNREADABLE


class Unanswered(IgnoreRequest):
    """No page came of this request; `outcome` says why.

    `again`: asking later may help, no sooner than `until` where that is known.
    """

    def __init__(self, outcome: Outcome, message: str, again: bool = False, until: datetime | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.again = again
        self.until = until


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of a request that raised."""
    return error.outcome if isinstance(error, Unanswered) else Outcome.ERROR


def outcome_of_response(response: Response, loopback: Collection[str] = ()) -> Outcome | None:
    """What the way an answer arrived makes of it, whatever its body says; None where the body decides.

    A redirect that still has its status was not followed: to where the guard forbids, or to nowhere.
    """
    location = (response.headers.get("Location") or b"").decode("latin-1")
    if 300 <= response.status < 400 and location and refusal(urljoin(response.url, location), loopback):
        return Outcome.REFUSED
    if response.status == 304 and not _asked_for_changes(response):
        return Outcome.ERROR  # nobody had asked whether it changed
    return Outcome.PARTIAL if CUT in response.flags else Outcome.ERROR if UNREADABLE in response.flags else None


def _asked_for_changes(response: Response) -> bool:
    headers = response.request.headers if response.request else {}
    return "If-None-Match" in headers or "If-Modified-Since" in headers
