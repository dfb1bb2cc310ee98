"""Rendering under a deadline and a memory limit: a page that keeps Chromium busy or hungry loses it, the crawl goes on.

scrapy-playwright waits for a page as long as the page likes, and closing a page whose script never ends may hang too.
So the browser itself is killed; the next request starts a new one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import scrapy
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.page import Page
from crawler.web.arriving import Bounded
from crawler.web.browser import FOLLOWS, LEFT
from crawler.web.chromium import Lender, browsers_of
from crawler.web.limits import OverLimit
from crawler.web.processes import end, family, watch

BLANK = 20  # characters of text; a page of no more is a doorway to another, an estimate
EXTRA = 5.0  # seconds beyond the page's own time, for starting the browser


class BrowserHandler(Bounded, ScrapyPlaywrightDownloadHandler):
    """Download handler of platforms that need Chromium; plain requests go the plain way."""

    def __init__(self, crawler: Crawler) -> None:
        self._memory = crawler.settings["SWORDNET_LIMITS"].browser_memory
        super().__init__(crawler)
        session = crawler.spider.session  # type: ignore[union-attr]
        self._lender = Lender(browsers_of(session))
        self.browser_provider_cls = lambda _config: self._lender

    async def _download_request(self, request: scrapy.Request, spider: Any = None) -> Response:
        """Render one page as it is before its scripts take it elsewhere; then, if it shows nothing, where they lead.

        Raises DownloadTimeoutError or OverLimit where the browser had to be killed.
        """
        made = await self._rendered(request, spider)
        if not request.meta.get(LEFT) or len(Page(url=made.url, body=made.body).text()) > BLANK:
            return made
        request.meta[FOLLOWS] = True
        return await self._rendered(request, spider)

    async def _rendered(self, request: scrapy.Request, spider: Any) -> Response:
        ended: list[str] = []
        watching = asyncio.ensure_future(watch(self._mark, self._memory, lambda: ended.append("memory")))
        rendering = asyncio.ensure_future(super()._download_request(request, spider))
        patience = float(request.meta.get("download_timeout") or 60) + EXTRA
        try:
            done, _ = await asyncio.wait({rendering}, timeout=patience)
            if done and not ended:
                made: Response = rendering.result()
                return made
            end(await asyncio.to_thread(family, self._mark()))
            await self._give_up(rendering)
        finally:
            watching.cancel()
        if ended:
            raise OverLimit("browser_memory", f"the page took more than {self._memory} MiB of the browser")
        raise DownloadTimeoutError(f"not rendered within {patience:g} seconds")

    def _mark(self) -> str:
        return self._lender.mark

    async def _give_up(self, rendering: asyncio.Future[Response]) -> None:
        rendering.cancel()
        await asyncio.wait({rendering}, timeout=EXTRA)
        if rendering.done() and not rendering.cancelled():
            rendering.exception()  # known: the browser was killed
