"""SSRF guard: the last check before the downloader, for every request whatever its origin (redirect, picture, robots).

`crawler.web.address_policy` checks the URL, `crawler.web.dns` the addresses behind its host, and the latter again when
the connection is opened. With an outgoing proxy every request goes through our own gateway, which does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import scrapy
from scrapy.exceptions import CannotResolveHostError

from crawler.items import Outcome
from crawler.web.address_policy import refusal_cause, url_refusal
from crawler.web.dns import PublicResolver, resolver_for
from crawler.web.header_limits import find_exceeded_limit
from crawler.web.limits import LimitExceededError, NoPageError

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.config import Config


class SsrfGuardMiddleware:
    """Downloader middleware, the last before the downloader: refuses URLs that must not be requested."""

    def __init__(self, config: Config, resolver: PublicResolver | None, proxy: str = "") -> None:
        self._crawl = config.crawl
        self._limits = config.limits
        self._resolver = resolver
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of a crawl; in a replay it resolves no names, because no connection is opened."""
        from crawler.web.gateway import gateway_of

        session = crawler.spider.session  # type: ignore[union-attr]
        config = session.config
        resolver = resolver_for(config.crawl.loopback, config.crawl.dns) if session.archive is None else None
        uses_proxy = resolver is not None and bool(config.crawl.proxy)
        return cls(config, resolver, gateway_of(session).url if uses_proxy else "")

    async def process_request(self, request: scrapy.Request) -> None:
        """Set the proxy, if any. Raises LimitExceededError(address) or NoPageError(refused)."""
        if len(request.url) > self._limits.address:
            raise LimitExceededError("address", f"an address of {len(request.url)} characters")
        reason = url_refusal(request.url, self._crawl.loopback, self._crawl.ports)
        cause = refusal_cause(request.url) if reason else "private"
        if not reason and self._resolver is not None:
            parts = urlsplit(request.url)
            reason = await self._resolver.cached_refusal(parts.hostname or "", parts.port or 0)
        if reason:
            raise NoPageError(Outcome.REFUSED, f"blocked: {reason}", cause=cause)
        if self._proxy:
            request.meta["proxy"] = self._proxy

    def process_exception(self, request: scrapy.Request, exception: Exception) -> None:
        """Raise NoPageError(refused) where the resolver refused a connection, LimitExceededError where a response
        exceeded a limit; neither is retried.
        """
        host = urlsplit(request.url).hostname or ""
        if (
            isinstance(exception, CannotResolveHostError)
            and self._resolver is not None
            and host in self._resolver.refusals
        ):
            reason = self._resolver.refusals[host]
            raise NoPageError(Outcome.REFUSED, f"blocked: {reason}", cause="private") from exception
        limit = find_exceeded_limit(exception)
        if limit is not None:
            raise limit from exception
