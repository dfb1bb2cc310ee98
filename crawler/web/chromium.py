"""Chromium as a process: where it is, how it starts, how one crawl after another borrows it, and how it ends.

Starting one costs more than most pages, so a worker keeps what it started. A crawl has its browser for itself as long
as it runs: what a page does to it (a script without end, all memory) is then nobody else's trouble.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from attrs import Factory, define, frozen
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as BrowserError

from crawler.config import BrowserConfig
from crawler.web.processes import end, family
from crawler.web.session import Session

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    # Nothing goes round the proxy: no name is looked up here, and no peer connection is made.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
)
NOWHERE = "http://127.0.0.1:9"  # the discard port: what has no context of its own reaches nothing
CRAWLS = 50  # that one browser serves before a fresh one takes its place; an estimate
PATIENCE = 5.0  # seconds for a browser to close by itself


def executable(configured: str = "") -> str | None:
    """The path of Chromium: as configured, else found on the system; None leaves it to Playwright's own download."""
    return configured or next(filter(None, map(shutil.which, NAMES)), None)


@define
class _Kept:
    """A running browser. By `mark`, one of its flags, its processes are known."""

    browser: Browser
    mark: str
    crawls: int = 0


@define
class Browsers:
    """The browsers of one worker: lent to one crawl at a time, started when none is free."""

    config: BrowserConfig
    _free: list[_Kept] = Factory(list)
    _lent: set[str] = Factory(set)
    _driver: Playwright | None = None
    _over: bool = False
    _starting: asyncio.Lock = Factory(asyncio.Lock)

    async def take(self) -> _Kept:
        """A browser of one's own. Raises playwright's Error where Chromium cannot be started."""
        while self._free:
            one = self._free.pop()
            if one.browser.is_connected():
                break
        else:
            one = await self._started()
        one.crawls += 1
        self._lent.add(one.mark)
        return one

    async def give_back(self, one: _Kept) -> None:
        """It is free for others, unless it is dead or has served long enough. What was given back before stays so."""
        if one.mark not in self._lent:
            return
        self._lent.discard(one.mark)
        if one.browser.is_connected() and one.crawls < CRAWLS and not self._over:
            self._free.append(one)
        else:
            await _closed(one)
        if self._over:
            await self.close()

    async def close(self) -> None:
        """End those that are free; what is still lent ends when it comes back."""
        self._over = True
        while self._free:
            await _closed(self._free.pop())
        if self._driver is not None and not self._lent:
            driver, self._driver = self._driver, None
            await driver.stop()

    def abandon(self) -> None:
        """End those that are free at once, where nobody can wait."""
        self._over = True
        while self._free:
            end(family(self._free.pop().mark))

    async def _started(self) -> _Kept:
        async with self._starting:
            if self._driver is None:
                self._driver = await async_playwright().start()
        mark = f"--swordnet={secrets.token_hex(8)}"
        return _Kept(
            await self._driver.chromium.launch(
                headless=True,
                args=[*FLAGS, mark],
                chromium_sandbox=self.config.sandbox,
                proxy={"server": NOWHERE, "bypass": "<-loopback>"},
                executable_path=executable(self.config.executable),
            ),
            mark,
        )


async def _closed(one: _Kept) -> None:
    with suppress(BrowserError, TimeoutError):
        await asyncio.wait_for(one.browser.close(), PATIENCE)
    end(await asyncio.to_thread(family, one.mark))


def browsers_of(session: Session) -> Browsers:
    """The browsers of a session."""
    return session.shared("browsers", lambda: Browsers(session.config.browser), Browsers.abandon)


@frozen
class Lent:
    """A browser as scrapy-playwright sees it: closing it gives it back."""

    _one: _Kept
    _browsers: Browsers
    _heard: list[tuple[str, Callable[..., Any]]] = Factory(list)

    async def new_context(self, **options: Any) -> BrowserContext:
        """A context: cookies and cache of one crawl."""
        return await self._one.browser.new_context(**options)

    def on(self, event: Any, told: Callable[..., Awaitable[None] | None]) -> None:
        """Tell of an event, as long as the browser is lent."""
        self._heard.append((event, told))
        self._one.browser.on(event, told)

    async def close(self) -> None:
        """Give it back, once."""
        while self._heard:
            self._one.browser.remove_listener(*self._heard.pop())
        await self._browsers.give_back(self._one)


class Lender:
    """scrapy-playwright's provider of browsers, for one crawl."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._lent: list[Lent] = []
        self.mark = ""

    async def start(self) -> None:
        """Nothing is started before a page needs it."""

    async def launch_browser(self) -> Lent:
        """A browser, and its mark."""
        one = await self._browsers.take()
        self.mark = one.mark
        self._lent.append(Lent(one, self._browsers))
        return self._lent[-1]

    async def launch_persistent_context(self, _options: dict[str, Any]) -> BrowserContext:
        """Never asked for: no profile is kept."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give back also what died and was left."""
        while self._lent:
            await self._lent.pop().close()
