"""Where a redirect may lead: to an address that the guard allows, with nothing that was meant for another host.

Scrapy follows every Location and takes all headers along but two. Here a Location that hides line breaks is an error,
one that the guard refuses is refused before a request is made of it, and what a spider sent to one host (headers,
body) does not reach another. Meta refresh obeys the same rules and the same count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import scrapy
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.items import Outcome
from crawler.web.addresses import refusal
from crawler.web.limits import OverLimit, Unanswered

if TYPE_CHECKING:
    from crawler.config import Config

_REDIRECTS = (301, 302, 303, 307, 308)
_TRAVELS = frozenset({b"Accept", b"Accept-Language", b"Accept-Encoding", b"User-Agent", b"Cookie"})
_BREAKS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


class _Careful:
    """Mixin of Scrapy's two redirect middlewares."""

    crawler: Any

    def _build_redirect_request(self, source_request: scrapy.Request, response: Response, **new: Any) -> scrapy.Request:
        """The next request; without what belongs to another host if it goes there."""
        config: Config = self.crawler.spider.session.config
        target = checked(source_request.url, new["url"], config)
        elsewhere = _origin(target) != _origin(source_request.url)
        if elsewhere and source_request.body and new.get("method", source_request.method) != "GET":
            raise Unanswered(Outcome.REFUSED, "a redirect would carry a body to another host")
        made: scrapy.Request = super()._build_redirect_request(  # type: ignore[misc]
            source_request, response, **new
        )
        if elsewhere:
            for name in [name for name in made.headers if name not in _TRAVELS]:
                del made.headers[name]
        return made

    def _redirect(self, redirected: scrapy.Request, request: scrapy.Request, reason: Any) -> scrapy.Request:
        try:
            made: scrapy.Request = super()._redirect(redirected, request, reason)  # type: ignore[misc]
        except IgnoreRequest:
            raise OverLimit("redirects", "more redirects than allowed") from None
        return made


class Redirects(_Careful, RedirectMiddleware):
    """Downloader middleware: HTTP redirects."""

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """Follow, refuse, or pass the response on."""
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location is not None and not request.meta.get("dont_redirect"):
            checked(request.url, location.decode("utf-8", "replace"), self.crawler.spider.session.config)
        return super().process_response(request, response)


class Refreshes(_Careful, MetaRefreshMiddleware):
    """Downloader middleware: meta refresh."""

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """Follow, refuse, or pass the response on; an address that is none is no refresh."""
        try:
            return super().process_response(request, response)
        except ValueError:
            return response


def checked(base: str, reference: str, config: Config) -> str:
    """`reference` as an absolute address. Raises Unanswered where it may not be asked."""
    if len(reference) > config.limits.address:
        raise OverLimit("address", f"a redirect to an address of {len(reference)} characters")
    try:
        target = urljoin(base, reference.strip())
    except ValueError as error:
        raise Unanswered(Outcome.REFUSED, f"a redirect to no address: {error}") from None
    why = refusal(target, config.crawl.loopback, config.crawl.ports)
    if why:
        raise Unanswered(Outcome.REFUSED, f"a redirect refused by the guard: {why}")
    if _BREAKS.search(reference.strip(" \t")) or _BREAKS.search(unquote(reference)):
        raise Unanswered(Outcome.ERROR, "a redirect with control characters in its address")
    return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
