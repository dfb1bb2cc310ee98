"""Chromium as a process: finding it, starting it, lending it to one crawl at a time, limiting its memory, ending it.

Starting a browser costs more than most pages, so a worker keeps a pool. A crawl has its browser for itself as long as
it runs, so that a page which never ends or takes all memory disturbs no other crawl. Memory is read from /proc
(Linux); elsewhere only the deadline of a page protects the machine.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import Factory, define, frozen
from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as BrowserError

from crawler.config import BrowserConfig
from crawler.web.session import Session

EXECUTABLE_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
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
DISCARD_PROXY_URL = "http://127.0.0.1:9"  # the discard port: what has no context of its own reaches nothing
MAX_CRAWLS_PER_BROWSER = 50  # that one browser serves before a fresh one takes its place; an estimate
CLOSE_TIMEOUT_SECONDS = 5.0  # seconds for a browser to close by itself


def find_executable(configured: str = "") -> str | None:
    """The path of Chromium: as configured, else found on the system; None leaves it to Playwright's own download."""
    return configured or next(filter(None, map(shutil.which, EXECUTABLE_NAMES)), None)


@define
class _RunningBrowser:
    """A running browser. By `mark`, one of its flags, its processes are known."""

    browser: Browser
    mark: str
    crawls: int = 0


@define
class BrowserPool:
    """The browsers of one worker: lent to one crawl at a time, started when none is free."""

    config: BrowserConfig
    _idle: list[_RunningBrowser] = Factory(list)
    _lent_marks: set[str] = Factory(set)
    _driver: Playwright | None = None
    _is_closing: bool = False
    _start_lock: asyncio.Lock = Factory(asyncio.Lock)

    async def acquire(self) -> _RunningBrowser:
        """A browser of one's own. Raises playwright's Error where Chromium cannot be started."""
        while self._idle:
            running = self._idle.pop()
            if running.browser.is_connected():
                break
        else:
            running = await self._launch()
        running.crawls += 1
        self._lent_marks.add(running.mark)
        return running

    async def release(self, running: _RunningBrowser) -> None:
        """It is free for others, unless it is dead or has served long enough. What was given back before stays so."""
        if running.mark not in self._lent_marks:
            return
        self._lent_marks.discard(running.mark)
        if running.browser.is_connected() and running.crawls < MAX_CRAWLS_PER_BROWSER and not self._is_closing:
            self._idle.append(running)
        else:
            await _close_browser(running)
        if self._is_closing:
            await self.close()

    async def close(self) -> None:
        """End those that are free; what is still lent ends when it comes back."""
        self._is_closing = True
        while self._idle:
            await _close_browser(self._idle.pop())
        if self._driver is not None and not self._lent_marks:
            driver, self._driver = self._driver, None
            await driver.stop()

    def kill_idle(self) -> None:
        """End those that are free at once, where nobody can wait."""
        self._is_closing = True
        while self._idle:
            kill_processes(process_family(self._idle.pop().mark))

    async def _launch(self) -> _RunningBrowser:
        async with self._start_lock:
            if self._driver is None:
                self._driver = await async_playwright().start()
        mark = f"--swordnet={secrets.token_hex(8)}"
        return _RunningBrowser(
            await self._driver.chromium.launch(
                headless=True,
                args=[*CHROMIUM_FLAGS, mark],
                chromium_sandbox=self.config.sandbox,
                proxy={"server": DISCARD_PROXY_URL, "bypass": "<-loopback>"},
                executable_path=find_executable(self.config.executable),
            ),
            mark,
        )


async def _close_browser(running: _RunningBrowser) -> None:
    with suppress(BrowserError, TimeoutError):
        await asyncio.wait_for(running.browser.close(), CLOSE_TIMEOUT_SECONDS)
    kill_processes(await asyncio.to_thread(process_family, running.mark))


def browser_pool_of(session: Session) -> BrowserPool:
    """The browsers of a session."""
    return session.get_or_build("browsers", lambda: BrowserPool(session.config.browser), BrowserPool.kill_idle)


@frozen
class BorrowedBrowser:
    """A browser as scrapy-playwright sees it: closing it gives it back."""

    _running: _RunningBrowser
    _pool: BrowserPool
    _listeners: list[tuple[str, Callable[..., Any]]] = Factory(list)

    async def new_context(self, **options: Any) -> BrowserContext:
        """A context: cookies and cache of one crawl."""
        return await self._running.browser.new_context(**options)

    def on(self, event: Any, listener: Callable[..., Awaitable[None] | None]) -> None:
        """Tell of an event, as long as the browser is lent."""
        self._listeners.append((event, listener))
        self._running.browser.on(event, listener)

    async def close(self) -> None:
        """Give it back, once."""
        while self._listeners:
            self._running.browser.remove_listener(*self._listeners.pop())
        await self._pool.release(self._running)


class BrowserProvider:
    """scrapy-playwright's provider of browsers, for one crawl."""

    def __init__(self, pool: BrowserPool) -> None:
        self._pool = pool
        self._borrowed: list[BorrowedBrowser] = []
        self.mark = ""

    async def start(self) -> None:
        """Nothing is started before a page needs it."""

    async def launch_browser(self) -> BorrowedBrowser:
        """A browser, and its mark."""
        running = await self._pool.acquire()
        self.mark = running.mark
        self._borrowed.append(BorrowedBrowser(running, self._pool))
        return self._borrowed[-1]

    async def launch_persistent_context(self, _options: dict[str, Any]) -> BrowserContext:
        """Never asked for: no profile is kept."""
        raise NotImplementedError

    async def close(self) -> None:
        """Give back also what died and was left."""
        while self._borrowed:
            await self._borrowed.pop().close()


_PROC_DIR = Path("/proc")
_MEMORY_PAGE_BYTES = (
    4096  # bytes of memory behind one unit of statm; Chromium runs on machines with this page size only
)
WATCH_INTERVAL_SECONDS = 0.1  # seconds between two looks: a script fills some 100 MiB in that time


def process_family(mark: str) -> list[int]:
    """The process whose command line holds `mark`, and all that descend from it."""
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for entry in _PROC_DIR.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
            if mark.encode() in (entry / "cmdline").read_bytes():
                roots.append(int(entry.name))
    pids: list[int] = []
    while roots:
        pids.append(roots.pop())
        roots += children.get(pids[-1], ())
    return pids


def kill_processes(pids: list[int]) -> None:
    """Kill these processes."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


async def watch_memory(mark: Callable[[], str], mebibytes: int, on_kill: Callable[[], None]) -> None:
    """Kill every process of a family that takes more memory than allowed, as long as this runs; "" is no family yet."""
    pids: list[int] = []
    for poll in range(1_000_000_000):
        if poll % 5 == 0:
            pids = await asyncio.to_thread(process_family, mark()) if mark() else []
        for pid in pids:
            if _resident_bytes(pid) > mebibytes << 20:
                kill_processes([pid])
                on_kill()
        await asyncio.sleep(WATCH_INTERVAL_SECONDS)


def _resident_bytes(pid: int) -> int:
    try:
        return int((_PROC_DIR / str(pid) / "statm").read_text().split()[1]) * _MEMORY_PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
