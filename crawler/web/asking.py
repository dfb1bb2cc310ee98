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
from crawler.web.again import conditions, may_be_known, reader_of
from crawler.web.browser import rendered
from crawler.web.parts import as_asked, rebased


def requests_for(spider: Any, ask: Ask) -> Iterable[Request]:
    """The platform's requests for an ask; in a captured replay, those that the archive holds answers to.

    Raises what `search` and `open` raise.
    """
    if spider.session.captured:
        return [as_asked(each) for each in spider.session.archive or () if each.url == ask.url]
    if ask.question is None:
        return [spider.platform.open(ask.url, ask.code)]
    made = spider.platform.search(ask.question)
    return [made] if isinstance(made, Request) else list(made)


async def as_scrapy(spider: Any, request: Request, ask: Ask, dont_filter: bool = False) -> scrapy.Request:
    """The request as Scrapy sends it, with the ask that it serves."""
    session, address = spider.session, rebased(request.url, spider.base)
    meta: dict[str, Any] = {"values": dict(request.values), "ask": ask, "address": address}
    if request.browser or session.config.platform(spider.name).browser:
        meta |= rendered(request, session)
    headers = dict(request.headers)
    if may_be_known(spider, request):
        meta["remember"] = True
        seen = await asyncio.to_thread(session.store.seen.get, spider.name, address)
        if seen is not None and seen.reader == reader_of(type(spider.platform)):
            meta["seen"], headers = seen, headers | conditions(seen)
    return scrapy.Request(
        address,
        method=request.method,
        headers=headers,
        body=request.body,
        meta=meta,
        callback=spider.parse,
        errback=spider.failed,
        dont_filter=dont_filter,
    )
