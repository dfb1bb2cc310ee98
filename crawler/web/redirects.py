"""Redirects and meta refresh, checked: the target must be allowed, and nothing sent to one host reaches another.

Scrapy follows every Location and forwards all headers but two. Here a Location that hides line breaks is an error, one
that the address policy refuses is refused before a request is made, and the platform's headers and body are not sent
to another host. Meta refresh obeys the same rules and the same limit.
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
from crawler.urls import url_host
from crawler.web.address_policy import url_refusal
from crawler.web.limits import LimitExceededError, NoPageError

if TYPE_CHECKING:
    from crawler.web.session import Session

_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_CROSS_HOST_HEADERS = frozenset({b"Accept", b"Accept-Language", b"Accept-Encoding", b"User-Agent", b"Cookie"})
_CONTROL_CHARS_RE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")


class _GuardedRedirectMixin:
    """Mixin for Scrapy's two redirect middlewares."""

    crawler: Any

    def _build_redirect_request(self, source_request: scrapy.Request, response: Response, **new: Any) -> scrapy.Request:
        """The next request; if it leaves the origin, only with the headers in _CROSS_HOST_HEADERS.

        Raises NoPageError(refused) where it would carry a body to another host.
        """
        target = check_redirect_target(source_request.url, new["url"], self.crawler.spider.session)
        leaves_origin = _origin(target) != _origin(source_request.url)
        if leaves_origin and source_request.body and new.get("method", source_request.method) != "GET":
            raise NoPageError(Outcome.REFUSED, "a redirect would carry a body to another host")
        next_request: scrapy.Request = super()._build_redirect_request(  # type: ignore[misc]
            source_request, response, **new
        )
        if leaves_origin:
            for name in [name for name in next_request.headers if name not in _CROSS_HOST_HEADERS]:
                del next_request.headers[name]
        return next_request

    def _redirect(self, redirected: scrapy.Request, request: scrapy.Request, reason: Any) -> scrapy.Request:
        try:
            next_request: scrapy.Request = super()._redirect(redirected, request, reason)  # type: ignore[misc]
        except IgnoreRequest:
            raise LimitExceededError("redirects", "more redirects than allowed") from None
        return next_request


class GuardedRedirectMiddleware(_GuardedRedirectMixin, RedirectMiddleware):
    """Downloader middleware: HTTP redirects."""

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """The request to follow, or the response. Raises NoPageError where the target is refused."""
        location = response.headers.get("Location")
        if response.status in _REDIRECT_STATUSES and location is not None and not request.meta.get("dont_redirect"):
            check_redirect_target(request.url, location.decode("utf-8", "replace"), self.crawler.spider.session)
        return super().process_response(request, response)


class GuardedMetaRefreshMiddleware(_GuardedRedirectMixin, MetaRefreshMiddleware):
    """Downloader middleware: meta refresh."""

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """The request to follow, or the response, also where the refresh names no valid URL. Raises NoPageError."""
        try:
            return super().process_response(request, response)
        except ValueError:
            return response


def check_redirect_target(base: str, reference: str, session: Session) -> str:
    """`reference` as an absolute URL. Raises NoPageError where it may not be requested.

    In a replay the archive answers and nothing is connected to, so that the place of a host is of no account.
    """
    config = session.config
    if len(reference) > config.limits.address:
        raise LimitExceededError("address", f"a redirect to an address of {len(reference)} characters")
    try:
        target = urljoin(base, reference.strip())
    except ValueError as error:
        raise NoPageError(Outcome.REFUSED, f"a redirect to no address: {error}") from None
    reason = url_refusal(target, config.crawl.loopback, config.crawl.ports)
    if session.archive is not None and url_host(target):
        reason = None
    if reason:
        raise NoPageError(Outcome.REFUSED, f"a redirect refused by the guard: {reason}")
    if _CONTROL_CHARS_RE.search(reference.strip(" \t")) or _CONTROL_CHARS_RE.search(unquote(reference)):
        raise NoPageError(Outcome.ERROR, "a redirect with control characters in its address")
    return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
