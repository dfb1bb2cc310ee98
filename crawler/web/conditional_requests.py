"""Conditional requests (ETag, If-Modified-Since) for pages that were read before, and reuse of their results.

An unchanged page is not read again: its listings, further requests and follow-ups are repeated from the store. A page
read by another version of the platform's reader is requested and read in full.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from typing import Any

from attrs import asdict, evolve
from scrapy.http import Response

from crawler.items import Ask, ListingKind, UnitKind
from crawler.page import Request
from crawler.store import CachedPage

FollowUp = tuple[str, UnitKind, Ask]


def reader_version(platform: type[Any]) -> str:
    """A digest of what reads a platform's pages: the program's version, the source of the spider's module, a recipe."""
    return _reader_digest(platform.__module__, repr(getattr(platform, "settings", "")))


@cache
def _reader_digest(module: str, settings: str) -> str:
    try:
        source = inspect.getsource(import_module(module))
    except (OSError, TypeError):
        source = ""
    return sha256(f"{version('swordnet')}\0{source}{settings}".encode()).hexdigest()


def is_cacheable(spider: Any, request: Request) -> bool:
    """Whether a request may be answered from the page cache when the page is unchanged.

    True for plain GET requests of an incremental live crawl; not for shares, whose answers are kept as share checks.
    """
    is_plain_get = request.method == "GET" and not request.body and not request.browser
    is_live = spider.session.incremental and spider.session.archive is None
    return bool(is_live and is_plain_get and spider.platform.kind is not ListingKind.SHARE)


def conditional_headers(cached_page: CachedPage) -> dict[str, str]:
    """The headers that request the page only if it changed."""
    headers = {"If-None-Match": cached_page.etag, "If-Modified-Since": cached_page.modified}
    return {name: value for name, value in headers.items() if value}


def is_unchanged(response: Response, cached_page: CachedPage) -> bool:
    """Whether a response is the page that was read before: status 304, or status 200 with the same bytes."""
    return response.status == 304 or (response.status == 200 and _body_digest(response) == cached_page.digest)


def new_cached_page(spider: Any, address: str, response: Response) -> CachedPage:
    """The cache entry of a page that was just read, still without its listings, requests and follow-ups."""
    return CachedPage(
        platform=spider.name,
        url=address,
        digest=_body_digest(response),
        reader=reader_version(type(spider.platform)),
        checked_at=spider.session.now(),
        etag=_header(response, "ETag"),
        modified=_header(response, "Last-Modified"),
    )


def refresh_cached_page(spider: Any, cached_page: CachedPage, response: Response) -> CachedPage:
    """`cached_page` with the current time and the validators of `response`; validators it lacks are kept."""
    etag, modified = _header(response, "ETag"), _header(response, "Last-Modified")
    return evolve(
        cached_page,
        checked_at=spider.session.now(),
        etag=etag or cached_page.etag,
        modified=modified or cached_page.modified,
    )


def recorded_requests(cached_page: CachedPage) -> list[Request]:
    """The further requests that a cached page led to."""
    return [Request(**{**fields, "body": fields["body"].encode("latin-1")}) for fields in cached_page.further]


def request_to_dict(request: Request) -> dict[str, Any]:
    """A request as JSON types."""
    fields = asdict(request)
    return {
        **fields,
        "body": request.body.decode("latin-1"),
        "headers": dict(request.headers),
        "values": dict(request.values),
    }


def recorded_follow_ups(cached_page: CachedPage) -> list[FollowUp]:
    """The follow-ups of a cached page's listings."""
    return [
        (str(spider), UnitKind(str(kind)), Ask(url=url, code=code)) for spider, kind, url, code in cached_page.asked
    ]


def with_follow_up(page: CachedPage, follow_up: FollowUp) -> CachedPage:
    """`page` with one more follow-up."""
    spider, kind, ask = follow_up
    return evolve(page, asked=(*page.asked, [spider, kind.value, ask.url, ask.code]))


def with_request(page: CachedPage, request: Request) -> CachedPage:
    """`page` with one more further request."""
    return evolve(page, further=(*page.further, request_to_dict(request)))


def with_listing(page: CachedPage, listing_key: str) -> CachedPage:
    """`page` with one more listing, given by its id."""
    return evolve(page, listings=(*page.listings, listing_key))


def _body_digest(response: Response) -> str:
    return sha256(response.body).hexdigest()


def _header(response: Response, name: str) -> str | None:
    headers: Mapping[str, Any] = response.headers
    value = headers.get(name)
    return value.decode("latin-1")[:500] if value else None
