"""The last look before the downloader: every request whatever its origin (redirect, picture, robots, share).

What the address says is judged by `crawler.web.addresses`, where its name leads by `crawler.web.resolving`, which the
connection asks again. With an outgoing proxy every request goes through our own gateway, which does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import scrapy
from scrapy.exceptions import CannotResolveHostError

from crawler.items import Outcome
from crawler.web.addresses import refusal
from crawler.web.arriving import limit_behind
from crawler.web.limits import OverLimit, Unanswered
from crawler.web.resolving import Names, names

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.config import Config


class Guard:
    """Downloader middleware, the last before the downloader: refuses what must not be asked."""

    def __init__(self, config: Config, known: Names | None, proxy: str = "") -> None:
        self._crawl = config.crawl
        self._limits = config.limits
        self._names = known
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """In a replay no name is looked up: nothing is connected to."""
        from crawler.web.gateway import gateway_of

        session = crawler.spider.session  # type: ignore[union-attr]
        config = session.config
        known = names(config.crawl.loopback, config.crawl.dns) if session.archive is None else None
        through = known is not None and bool(config.crawl.proxy)
        return cls(config, known, gateway_of(session).url if through else "")

    async def process_request(self, request: scrapy.Request) -> None:
        """Refuse or pass."""
        if len(request.url) > self._limits.address:
            raise OverLimit("address", f"an address of {len(request.url)} characters")
        why = refusal(request.url, self._crawl.loopback, self._crawl.ports)
        if not why and self._names is not None:
            parts = urlsplit(request.url)
            why = await self._names.glance(parts.hostname or "", parts.port or 0)
        if why:
            raise Unanswered(Outcome.REFUSED, f"refused by the guard: {why}")
        if self._proxy:
            request.meta["proxy"] = self._proxy

    def process_exception(self, request: scrapy.Request, exception: Exception) -> None:
        """A connection that the resolver refused is refused; an answer over a limit says which. Neither is repeated."""
        host = urlsplit(request.url).hostname or ""
        if isinstance(exception, CannotResolveHostError) and self._names is not None and host in self._names.refused:
            raise Unanswered(Outcome.REFUSED, f"refused by the guard: {self._names.refused[host]}") from exception
        limit = limit_behind(exception)
        if limit is not None:
            raise limit from exception
