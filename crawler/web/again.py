"""A page that was seen before: asked only for what changed, and not read where it did not change.

What it gave then (listings, further requests, what to ask next) holds again. Another version of the spider reads anew.
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
from crawler.store import SeenPage

Asked = tuple[str, UnitKind, Ask]


def reader_of(platform: type[Any]) -> str:
    """What reads a platform's pages: the program's version and the spider's own source."""
    return _reader(platform.__module__)


@cache
def _reader(module: str) -> str:
    try:
        source = inspect.getsource(import_module(module))
    except (OSError, TypeError):
        source = ""
    return sha256(f"{version('swordnet')}\0{source}".encode()).hexdigest()


def may_be_known(spider: Any, request: Request) -> bool:
    """Whether an unchanged answer says all: that of a plain page of a night; what drives say is kept as checks."""
    plain = request.method == "GET" and not request.body and not request.browser
    live = spider.session.incremental and spider.session.archive is None
    return bool(live and plain and spider.platform.kind is not ListingKind.SHARE)


def conditions(seen: SeenPage) -> dict[str, str]:
    """The headers that ask for an answer only if it changed."""
    said = {"If-None-Match": seen.etag, "If-Modified-Since": seen.modified}
    return {name: value for name, value in said.items() if value}


def is_unchanged(response: Response, seen: SeenPage) -> bool:
    """Whether an answer is what was read before: the host says so, or the bytes are the same."""
    return response.status == 304 or (response.status == 200 and _digest(response) == seen.digest)


def first_seen(spider: Any, asked: str, response: Response) -> SeenPage:
    """A page that is read now, to be filled in with what it gives."""
    return SeenPage(
        platform=spider.name,
        url=asked,
        digest=_digest(response),
        reader=reader_of(type(spider.platform)),
        checked_at=spider.session.now(),
        etag=_header(response, "ETag"),
        modified=_header(response, "Last-Modified"),
    )


def seen_again(spider: Any, seen: SeenPage, response: Response) -> SeenPage:
    """The same page with what the host says of it now."""
    etag, modified = _header(response, "ETag"), _header(response, "Last-Modified")
    return evolve(seen, checked_at=spider.session.now(), etag=etag or seen.etag, modified=modified or seen.modified)


def further_of(seen: SeenPage) -> list[Request]:
    """The requests that a page led to."""
    return [Request(**{**plain, "body": plain["body"].encode("latin-1")}) for plain in seen.further]


def plain_request(request: Request) -> dict[str, Any]:
    """A request as JSON types."""
    plain = asdict(request)
    return {
        **plain,
        "body": request.body.decode("latin-1"),
        "headers": dict(request.headers),
        "values": dict(request.values),
    }


def asked_of(seen: SeenPage) -> list[Asked]:
    """What a page's listings gave reason to ask."""
    return [(str(spider), UnitKind(str(kind)), Ask(url=url, code=code)) for spider, kind, url, code in seen.asked]


def with_asked(page: SeenPage, asked: Asked) -> SeenPage:
    """The page with one thing more that it gave reason to ask."""
    spider, kind, ask = asked
    return evolve(page, asked=(*page.asked, [spider, kind.value, ask.url, ask.code]))


def with_further(page: SeenPage, request: Request) -> SeenPage:
    """The page with one request more that it led to."""
    return evolve(page, further=(*page.further, plain_request(request)))


def with_listing(page: SeenPage, listing: str) -> SeenPage:
    """The page with one listing more, by its id."""
    return evolve(page, listings=(*page.listings, listing))


def _digest(response: Response) -> str:
    return sha256(response.body).hexdigest()


def _header(response: Response, name: str) -> str | None:
    headers: Mapping[str, Any] = response.headers
    value = headers.get(name)
    return value.decode("latin-1")[:500] if value else None
