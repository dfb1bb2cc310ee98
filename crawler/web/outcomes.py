"""What a request that brought no page, and the way an answer arrived, make of its outcome."""

from __future__ import annotations

from scrapy.http import Response

from crawler.items import Outcome
from crawler.web.gateway import REFUSED
from crawler.web.limits import Unanswered
from crawler.web.whole import CUT, UNREADABLE

PART = 206  # a part of a page, where nobody had asked for one


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of a request that raised."""
    return error.outcome if isinstance(error, Unanswered) else Outcome.ERROR


def outcome_of_response(response: Response) -> Outcome | None:
    """What the way an answer arrived makes of it, whatever its body says; None where the body decides."""
    if response.headers.get(REFUSED):
        return Outcome.REFUSED if response.status == 403 else Outcome.ERROR
    if response.status == 304 and not _asked_for_changes(response):
        return Outcome.ERROR  # nobody had asked whether it changed
    if CUT in response.flags or response.status == PART:
        return Outcome.PARTIAL
    return Outcome.ERROR if UNREADABLE in response.flags else None


def _asked_for_changes(response: Response) -> bool:
    headers = response.request.headers if response.request else {}
    return "If-None-Match" in headers or "If-Modified-Since" in headers
