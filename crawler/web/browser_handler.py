"""Download handler that renders pages under a deadline and a memory limit.

scrapy-playwright waits for a page without limit, and closing a page whose script never ends may hang too. So the
browser itself is killed; the next request starts a new one.
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
from crawler.web.browser import FOLLOW_NAVIGATION_META, NAVIGATION_BLOCKED_META
from crawler.web.chromium import BrowserProvider, browser_pool_of, kill_processes, process_family, watch_memory
from crawler.web.header_limits import HeaderLimitsMixin
from crawler.web.limits import LimitExceededError

MAX_DOORWAY_CHARS = 20  # characters of text; a page with no more only leads to another page, an estimate
STARTUP_GRACE_SECONDS = 5.0  # seconds added to the page's timeout, for starting the browser


class BrowserDownloadHandler(HeaderLimitsMixin, ScrapyPlaywrightDownloadHandler):
    """Download handler of platforms that need Chromium; requests without a browser are downloaded as usual."""

    def __init__(self, crawler: Crawler) -> None:
        self._max_mebibytes = crawler.settings["SWORDNET_LIMITS"].browser_memory
        super().__init__(crawler)
        session = crawler.spider.session  # type: ignore[union-attr]
        self._provider = BrowserProvider(browser_pool_of(session))
        self.browser_provider_cls = lambda _config: self._provider

    async def _download_request(self, request: scrapy.Request, spider: Any = None) -> Response:
        """Render a page without following navigations by its scripts; if it shows nothing, render it and follow them.

        Raises DownloadTimeoutError or LimitExceededError where the browser had to be killed.
        """
        response = await self._render(request, spider)
        if (
            not request.meta.get(NAVIGATION_BLOCKED_META)
            or len(Page(url=response.url, body=response.body).text()) > MAX_DOORWAY_CHARS
        ):
            return response
        request.meta[FOLLOW_NAVIGATION_META] = True
        return await self._render(request, spider)

    async def _render(self, request: scrapy.Request, spider: Any) -> Response:
        kill_reasons: list[str] = []
        watching = asyncio.ensure_future(
            watch_memory(self._process_mark, self._max_mebibytes, lambda: kill_reasons.append("memory"))
        )
        rendering = asyncio.ensure_future(super()._download_request(request, spider))
        timeout_seconds = float(request.meta.get("download_timeout") or 60) + STARTUP_GRACE_SECONDS
        try:
            finished, _ = await asyncio.wait({rendering}, timeout=timeout_seconds)
            if finished and not kill_reasons:
                response: Response = rendering.result()
                return response
            kill_processes(await asyncio.to_thread(process_family, self._process_mark()))
            await self._cancel_rendering(rendering)
        finally:
            watching.cancel()
        if kill_reasons:
            raise LimitExceededError(
                "browser_memory", f"the page took more than {self._max_mebibytes} MiB of the browser"
            )
        raise DownloadTimeoutError(f"not rendered within {timeout_seconds:g} seconds")

    def _process_mark(self) -> str:
        return self._provider.mark

    async def _cancel_rendering(self, rendering: asyncio.Future[Response]) -> None:
        rendering.cancel()
        await asyncio.wait({rendering}, timeout=STARTUP_GRACE_SECONDS)
        if rendering.done() and not rendering.cancelled():
            rendering.exception()  # retrieved so that asyncio does not log it: the browser was killed on purpose
