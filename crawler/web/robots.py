"""robots.txt, obeyed from the first request on.

Scrapy's own middleware (2.14 to 2.19) lets requests through that wait while robots.txt is on its way: they share one
Deferred, and all but the first get None, which means "allow all". Here one task a host fetches it and all wait for its
result. RFC 9309: a 4xx answer allows all, a 5xx answer or no answer disallows all.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import scrapy
from protego import Protego
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawler.items import Outcome
from crawler.web.limits import Unanswered

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)
READ_AT_MOST = 512_000  # bytes; RFC 9309 asks for at least 500 KiB
ALLOW_ALL = Protego.parse("")
DISALLOW_ALL = Protego.parse("User-agent: *\nDisallow: /")


class Robots:
    """Downloader middleware: raises Unanswered(disallowed) for what a host's robots.txt does not allow."""

    def __init__(self, crawler: Crawler, user_agent: str) -> None:
        self._crawler = crawler
        self._user_agent = user_agent
        self._hosts: dict[str, asyncio.Task[Protego]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Not configured in a replay: no host is asked."""
        if crawler.spider.session.archive is not None:  # type: ignore[union-attr]
            raise NotConfigured
        return cls(crawler, crawler.settings["USER_AGENT"])

    async def process_request(self, request: scrapy.Request) -> None:
        """Wait for the host's robots.txt, then pass or refuse."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        scheme, _, rest = request.url.partition("://")
        root = f"{scheme}://{rest.partition('/')[0]}"
        if root not in self._hosts:
            self._hosts[root] = asyncio.ensure_future(self._fetch(root))
        rules = await asyncio.shield(self._hosts[root])
        if not rules.can_fetch(request.url, self._user_agent):
            raise Unanswered(Outcome.DISALLOWED, "disallowed by robots.txt")

    async def _fetch(self, root: str) -> Protego:
        meta = {"dont_obey_robotstxt": True, "download_timeout": 30}
        request = scrapy.Request(f"{root}/robots.txt", callback=NO_CALLBACK, meta=meta, priority=1000)
        engine = self._crawler.engine
        assert engine is not None
        try:
            response = await engine.download_async(request)
        except Unanswered:
            raise
        except Exception as error:  # noqa: BLE001 - whatever kept robots.txt from us, RFC 9309 says: disallow
            logger.warning("%s/robots.txt: %s: %s", root, type(error).__name__, error)
            return DISALLOW_ALL
        if response.status >= 500 or response.status == 429:
            return DISALLOW_ALL
        if response.status >= 400:
            return ALLOW_ALL
        return Protego.parse(response.body[:READ_AT_MOST].decode("utf-8", "replace"))
