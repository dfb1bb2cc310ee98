"""What a request that brought no page, and the way an answer arrived, make of its outcome."""

from __future__ import annotations

from scrapy.http import Response

from crawler.items import Outcome
from crawler.web.gateway import GATEWAY_HEADER
from crawler.web.limits import NoPageError
from crawler.web.whole import TRUNCATED_FLAG, UNREADABLE_FLAG

PARTIAL_CONTENT_STATUS = 206  # a part of a page, where nobody had asked for one


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of a request that raised."""
    return error.outcome if isinstance(error, NoPageError) else Outcome.ERROR


def outcome_of_response(response: Response) -> Outcome | None:
    """What the way an answer arrived makes of it, whatever its body says; None where the body decides."""
    if response.headers.get(GATEWAY_HEADER):
        return Outcome.REFUSED if response.status == 403 else Outcome.ERROR
    if response.status == 304 and not _is_conditional(response):
        return Outcome.ERROR  # nobody had asked whether it changed
    if TRUNCATED_FLAG in response.flags or response.status == PARTIAL_CONTENT_STATUS:
        return Outcome.PARTIAL
    return Outcome.ERROR if UNREADABLE_FLAG in response.flags else None


def _is_conditional(response: Response) -> bool:
    headers = response.request.headers if response.request else {}
    return "If-None-Match" in headers or "If-Modified-Since" in headers
