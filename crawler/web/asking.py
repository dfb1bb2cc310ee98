"""What a unit asks, as requests of Scrapy: the platform's own request with what the answer must be known by.

A page that was seen before is asked for with the conditions under which it need not be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import scrapy

from crawler.items import Ask
from crawler.page import Request
from crawler.web.again import conditional_headers, is_cacheable, reader_version
from crawler.web.browser import browser_meta
from crawler.web.parts import rebase_url, recorded_request


def requests_for(spider: Any, ask: Ask) -> Iterable[Request]:
    """The platform's requests for an ask; in a captured replay, those that the archive holds answers to.

    Raises what `search` and `open` raise.
    """
    if spider.session.captured:
        return [recorded_request(recorded) for recorded in spider.session.archive or () if recorded.url == ask.url]
    if ask.question is None:
        return [spider.platform.open(ask.url, ask.code)]
    search_requests = spider.platform.search(ask.question)
    return [search_requests] if isinstance(search_requests, Request) else list(search_requests)


async def to_scrapy_request(spider: Any, request: Request, ask: Ask, dont_filter: bool = False) -> scrapy.Request:
    """The request as Scrapy sends it, with the ask that it serves."""
    session, address = spider.session, rebase_url(request.url, spider.base)
    meta: dict[str, Any] = {"values": dict(request.values), "ask": ask, "address": address}
    if request.browser or session.config.platform(spider.name).browser:
        meta |= browser_meta(request, session)
    headers = dict(request.headers)
    if is_cacheable(spider, request):
        meta["remember"] = True
        cached_page = await asyncio.to_thread(session.store.seen.get, spider.name, address)
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
    )
