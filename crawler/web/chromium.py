"""Chromium processes: finding the executable, a pool that lends a browser to one crawl at a time, memory limit, kill.

Starting a browser costs more than most pages, so a worker keeps a pool. A crawl has a browser to itself while it runs,
so that a page which never ends or takes all memory disturbs no other crawl. Memory is read from /proc (Linux);
elsewhere only the deadline of a page protects the machine.
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
    # Nothing bypasses the proxy: Chromium resolves no names and makes no peer connections.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
)
DISCARD_PROXY_URL = "http://127.0.0.1:9"  # the discard port: requests outside a context of ours reach nothing
MAX_CRAWLS_PER_BROWSER = 50  # crawls that one browser serves before it is replaced; an estimate
CLOSE_TIMEOUT_SECONDS = 5.0  # seconds for a browser to close by itself


def find_executable(configured: str = "") -> str | None:
    """The path of Chromium: `configured`, else found on PATH; None where Playwright's own download is to be used."""
    return configured or next(filter(None, map(shutil.which, EXECUTABLE_NAMES)), None)


@define
class _RunningBrowser:
    """A running browser. `mark` is a unique command line flag by which its processes are found."""

    browser: Browser
    mark: str
    crawls: int = 0


@define
class BrowserPool:
    """The browsers of one worker: each lent to one crawl at a time, started when none is idle."""

    config: BrowserConfig
    _idle: list[_RunningBrowser] = Factory(list)
    _lent_marks: set[str] = Factory(set)
    _driver: Playwright | None = None
    _is_closing: bool = False
    _start_lock: asyncio.Lock = Factory(asyncio.Lock)

    async def acquire(self) -> _RunningBrowser:
        """Lend a browser, idle or new. Raises Playwright's Error where Chromium cannot be started."""
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
        """Take a browser back; a second release does nothing.

        It becomes idle, or is closed if it is dead, has served MAX_CRAWLS_PER_BROWSER crawls or the pool is closing.
        """
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
        """Close the idle browsers; those still lent are closed when they are released."""
        self._is_closing = True
        while self._idle:
            await _close_browser(self._idle.pop())
        if self._driver is not None and not self._lent_marks:
            driver, self._driver = self._driver, None
            await driver.stop()

    def kill_idle(self) -> None:
        """Kill the idle browsers at once, where nobody can await `close`."""
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
    """The browser pool of a session, built on first use."""
    return session.get_or_build("browsers", lambda: BrowserPool(session.config.browser), BrowserPool.kill_idle)


@frozen
class BorrowedBrowser:
    """A browser as scrapy-playwright sees it: closing it returns it to the pool."""

    _running: _RunningBrowser
    _pool: BrowserPool
    _listeners: list[tuple[str, Callable[..., Any]]] = Factory(list)

    async def new_context(self, **options: Any) -> BrowserContext:
        """Open a browser context: cookies and cache of one crawl."""
        return await self._running.browser.new_context(**options)

    def on(self, event: Any, listener: Callable[..., Awaitable[None] | None]) -> None:
        """Register a listener for an event until the browser is returned."""
        self._listeners.append((event, listener))
        self._running.browser.on(event, listener)

    async def close(self) -> None:
        """Remove the listeners and return the browser to the pool."""
        while self._listeners:
            self._running.browser.remove_listener(*self._listeners.pop())
        await self._pool.release(self._running)


class BrowserProvider:
    """The browser provider of scrapy-playwright for one crawl. `mark` is that of the browser launched last."""

    def __init__(self, pool: BrowserPool) -> None:
        self._pool = pool
        self._borrowed: list[BorrowedBrowser] = []
        self.mark = ""

    async def start(self) -> None:
        """Do nothing: a browser is started when a page needs it."""

    async def launch_browser(self) -> BorrowedBrowser:
        """Borrow a browser from the pool and remember its mark."""
        running = await self._pool.acquire()
        self.mark = running.mark
        self._borrowed.append(BorrowedBrowser(running, self._pool))
        return self._borrowed[-1]

    async def launch_persistent_context(self, _options: dict[str, Any]) -> BrowserContext:
        """Raise NotImplementedError: no profile is kept, so scrapy-playwright never calls this."""
        raise NotImplementedError

    async def close(self) -> None:
        """Return all borrowed browsers, including those that died."""
        while self._borrowed:
            await self._borrowed.pop().close()


_PROC_DIR = Path("/proc")
# Unit of /proc/PID/statm; Chromium runs on machines with this page size only.
_MEMORY_PAGE_BYTES = 4096
WATCH_INTERVAL_SECONDS = 0.1  # seconds between two checks: a script fills some 100 MiB in that time


def process_family(mark: str) -> list[int]:
    """The ids of the processes whose command line contains `mark`, and of all their descendants."""
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
    """Poll until cancelled and kill each process of `mark`'s family that takes more than `mebibytes` MiB.

    `mark` returns "" while there is no family yet; `on_kill` is called after each kill.
    """
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
