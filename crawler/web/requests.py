"""Translation between the crawl and Scrapy: asks become Scrapy requests, responses become pages and outcomes.

A page that was read before is requested with conditional headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import scrapy
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Response, TextResponse

from crawler.archives import RecordedResponse
from crawler.items import Ask, Listing, Outcome
from crawler.page import Page, Request
from crawler.page.site_profile import WALK_KEY
from crawler.urls import url_host
from crawler.web.browser import browser_meta
from crawler.web.compression import TRUNCATED_FLAG, UNREADABLE_FLAG
from crawler.web.conditional_requests import conditional_headers, is_cacheable, reader_version
from crawler.web.gateway import GATEWAY_HEADER
from crawler.web.limits import NoPageError
from crawler.web.session import Session


def requests_for(spider: Any, ask: Ask) -> Iterable[Request]:
    """The platform's requests for an ask; in a captured replay, those that the archive holds responses for.

    A page that was not captured is asked for all the same: the archive says that it is missing.
    Raises what `search` and `open` raise, NoPageError where an ask names no address.
    """
    if spider.session.captured:
        archive = spider.session.archive
        entries = archive.responses_at(ask.url) if archive is not None else ()
        recorded = {(entry.method, entry.request_body): recorded_request(entry) for entry in entries}
        if recorded or ask.question is not None:
            return recorded.values()
    if ask.question is None:
        request = spider.platform.open(ask.url, ask.code)
        if not url_host(request.url):
            raise NoPageError(Outcome.REFUSED, "no http(s) address")
        return [request]
    search_requests = spider.platform.search(ask.question)
    return [search_requests] if isinstance(search_requests, Request) else list(search_requests)


async def to_scrapy_request(
    spider: Any, request: Request, ask: Ask, dont_filter: bool = False, is_look: bool = False
) -> scrapy.Request:
    """The Scrapy request for `request`; its meta holds the ask that it serves.

    A look at a site always asks for the whole page.
    """
    session: Session = spider.session
    address = rebase_url(request.url, spider.base)
    meta: dict[str, Any] = {"values": dict(request.values), "ask": ask, "address": address}
    if request.browser or session.config.platform(spider.name).browser:
        meta |= browser_meta(request, session)
    headers = dict(request.headers)
    if not is_look and is_cacheable(spider, request):
        meta["remember"] = True
        cached_page = await asyncio.to_thread(session.store.pages.get_page, spider.name, address)
        if cached_page is not None and cached_page.reader == reader_version(type(spider.platform)):
            meta["seen"], headers = cached_page, headers | conditional_headers(cached_page)
    return scrapy.Request(
        address,
        method=request.method,
        headers=headers,
        body=request.body,
        meta=meta,
        callback=spider.parse,
        errback=spider.handle_failure,
        dont_filter=dont_filter,
        priority=-int(
            request.values.get(WALK_KEY, "0")
        ),  # a walk goes broad before deep, so that its depth means one thing
    )


_COUNTED_FIELDS = ("title", "text", "price", "seller", "creators", "publisher", "identifiers", "pictures")


def rebase_url(url: str, base: str) -> str:
    """The URL to request: as Scrapy normalises it, with the scheme and host of `base` unless that is empty."""
    url = scrapy.Request(url).url
    return urlunsplit((*urlsplit(base)[:2], *urlsplit(url)[2:])) if base else url


def stated_fields(listing: Listing) -> list[str]:
    """The fields that a listing states, with "read" first; a changed layout loses some of them on every page."""
    return ["read"] + [name for name in _COUNTED_FIELDS if getattr(listing, name) not in (None, "", (), {})]


def recorded_request(recorded: RecordedResponse) -> Request:
    """The request that a recorded response belongs to; its values hold the body that was sent, for `read`."""
    request_values = {"request_body": recorded.request_body.decode("utf-8", "replace")} if recorded.request_body else {}
    return Request(
        url=recorded.url,
        method=recorded.method,
        body=recorded.request_body,
        values={**request_values, **recorded.values},
    )


def page_from_response(response: Response) -> Page:
    """The page of a response; one that Chromium rendered is encoded in UTF-8."""
    content_type = response.headers.get("Content-Type") or b""
    body = response.body
    if isinstance(response, TextResponse) and response.meta.get("playwright"):
        body, content_type = response.text.encode("utf-8"), b"text/html; charset=utf-8"
    return Page(
        url=response.url,
        body=body,
        content_type=content_type.decode("latin-1"),
        status=response.status,
        values=response.meta.get("values", {}),
    )


PARTIAL_CONTENT_STATUS = 206  # a part of a page, although no range was requested


def outcome_of_failure(error: BaseException) -> Outcome:
    """The outcome of a request that raised."""
    return error.outcome if isinstance(error, NoPageError) else Outcome.ERROR


def cause_of_failure(error: BaseException) -> str:
    """What kept a request from its page, as in crawler.health.CAUSES; "" where it is none of them."""
    if isinstance(error, NoPageError):
        return error.cause
    if isinstance(error, CannotResolveHostError):
        return "name"
    unreachable = (OSError, DownloadTimeoutError, DownloadConnectionRefusedError, DownloadFailedError)
    return "unreachable" if isinstance(error, unreachable) else ""


def outcome_of_response(response: Response) -> Outcome | None:
    """The outcome that follows from how a response arrived, whatever its body says; None where the body decides."""
    if response.headers.get(GATEWAY_HEADER):
        return Outcome.REFUSED if response.status == 403 else Outcome.ERROR
    if response.status == 304 and not _is_conditional(response):
        return Outcome.ERROR  # the request was not conditional
    if TRUNCATED_FLAG in response.flags or response.status == PARTIAL_CONTENT_STATUS:
        return Outcome.PARTIAL
    return Outcome.ERROR if UNREADABLE_FLAG in response.flags else None


def _is_conditional(response: Response) -> bool:
    headers = response.request.headers if response.request else {}
    return "If-None-Match" in headers or "If-Modified-Since" in headers
