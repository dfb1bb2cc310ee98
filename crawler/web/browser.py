"""What the browser's pages may ask, and how long they are waited for.

scrapy-playwright renders. In a replay everything is answered from the archive and nothing leaves the machine, else only
what the guard allows. What is said here is said once more by the gateway that all connections of Chromium go through,
and only that one counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import scrapy
from attrs import define
from playwright.async_api import BrowserContext, Route
from playwright.async_api import Page as BrowserPage
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import TimeoutError as BrowserTimeout
from scrapy.settings import BaseSettings
from scrapy_playwright.page import PageMethod

from crawler.archives import Archive
from crawler.config import LimitsConfig
from crawler.page import Request
from crawler.web.addresses import refusal
from crawler.web.chromium import NOWHERE
from crawler.web.gateway import gateway_of
from crawler.web.session import Session

HANDLER = "crawler.web.rendering.BrowserHandler"
QUIET = 5.0  # seconds that a page without a sign to wait for may go on loading; an estimate

# Meta of a request: a script tried to take the page elsewhere; and this time it may.
LEFT, FOLLOWS = "swordnet_left", "swordnet_follows"
_QUIETED = "for (const name of ['open', 'alert', 'confirm', 'prompt', 'print']) window[name] = () => null;"
_CONTEXTS: WeakSet[BrowserContext] = WeakSet()


def rendering(settings: BaseSettings) -> dict[str, Any]:
    """Scrapy settings of a platform that needs Chromium."""
    return {
        "DOWNLOAD_HANDLERS": {**settings.getdict("DOWNLOAD_HANDLERS"), "http": HANDLER, "https": HANDLER},
        "PLAYWRIGHT_MAX_CONTEXTS": 2,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
    }


def rendered(request: Request, session: Session) -> dict[str, Any]:
    """Scrapy's meta for a request that Chromium should render."""
    wait = session.config.browser.wait * 1000
    settle = PageMethod(_settle, request.wait_for, wait) if request.wait_for else PageMethod(_quiet, wait)
    proxy = NOWHERE if session.archive is not None else gateway_of(session).url
    return {
        "playwright": True,
        "playwright_page_init_callback": _prepare(session),
        "playwright_page_methods": [settle],
        "playwright_context_kwargs": {
            "service_workers": "block",
            "accept_downloads": False,
            "proxy": {"server": proxy, "bypass": "<-loopback>"},
        },
        "playwright_page_goto_kwargs": {
            "wait_until": "commit",  # what a script does afterwards (a download, another address) ends no visit
            "timeout": session.config.crawl.timeout * 1000,
        },
    }


async def _settle(page: BrowserPage, selector: str, wait: float) -> None:
    """Wait until the selector is there; a page that never shows it (an empty result) is read as it is then."""
    with suppress(BrowserTimeout):
        await page.wait_for_selector(selector, timeout=wait, state="attached")


async def _quiet(page: BrowserPage, wait: float) -> None:
    """Wait until a page stops loading; what never stops is read as it is then."""
    with suppress(BrowserTimeout):
        await page.wait_for_load_state("domcontentloaded", timeout=wait)
        await page.wait_for_load_state("networkidle", timeout=min(wait, QUIET * 1000))


@define
class _Budget:
    """What one page has asked so far."""

    limits: LimitsConfig
    requests: int = 0
    frames: int = 0
    visits: int = 0

    def refuses(self, page: BrowserPage, request: BrowserRequest) -> str:
        """The limit that a request is beyond; "" for none."""
        self.requests += 1
        if request.is_navigation_request():
            inner = not _is_visit(page, request)
            self.frames += inner
            self.visits += not inner
        over = {
            "browser_requests": self.requests > self.limits.browser_requests,
            "frames": self.frames > self.limits.frames,
            "redirects": self.visits > self.limits.redirects,
        }
        return next((name for name, beyond in over.items() if beyond), "")


def _prepare(session: Session) -> Callable[[BrowserPage, scrapy.Request], Awaitable[None]]:
    config = session.config

    async def prepare(page: BrowserPage, asked: scrapy.Request) -> None:
        budget = _Budget(config.limits)

        async def decide(route: Route, request: BrowserRequest) -> None:
            if session.archive is not None:
                await _recorded(route, request, session.archive)
            elif budget.refuses(page, request):
                await _nothing(route, request, page)
            elif budget.visits > 1 and _is_visit(page, request) and not asked.meta.get(FOLLOWS):
                asked.meta[LEFT] = True
                await route.abort()
            elif refusal(request.url, config.crawl.loopback, config.crawl.ports):
                await route.abort("blockedbyclient")
            else:
                await route.fallback()

        await page.route("**/*", decide)
        await _close_popups(page)

    return prepare


async def _recorded(route: Route, request: BrowserRequest, archive: Archive) -> None:
    body = (request.post_data_buffer or b"") if request.method != "GET" else b""
    answer = archive.answer(request.method, request.url, body)
    if answer is None:
        await route.abort("blockedbyclient")
    else:
        await route.fulfill(status=answer.status, body=answer.body, content_type=answer.content_type)


def _is_visit(page: BrowserPage, request: BrowserRequest) -> bool:
    """Whether a request is for the page itself, not for something in it."""
    return request.is_navigation_request() and request.frame == page.main_frame


async def _nothing(route: Route, request: BrowserRequest, page: BrowserPage) -> None:
    """No answer; a frame stays empty, which is cheaper than the page of an error in each of 300."""
    if request.is_navigation_request() and not _is_visit(page, request):
        await route.fulfill(status=204)
    else:
        await route.abort()


async def _close_popups(page: BrowserPage) -> None:
    """Pages that a page opens ask for nothing and are closed."""
    await page.add_init_script(_QUIETED)
    if page.context not in _CONTEXTS:
        _CONTEXTS.add(page.context)
        await page.context.route("**/*", lambda route: route.abort("blockedbyclient"))
    page.on("popup", lambda popup: asyncio.ensure_future(popup.close()))
