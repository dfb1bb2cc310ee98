"""Scrapy settings and request meta for pages that Chromium renders, and the limits on what such a page may request.

scrapy-playwright renders the pages. In a replay every request is answered from the archive; otherwise only requests
that the address policy allows pass. These checks only save time: the protection is the gateway, which carries all of
Chromium's connections.
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
from crawler.web.address_policy import url_refusal
from crawler.web.chromium import DISCARD_PROXY_URL
from crawler.web.gateway import gateway_of
from crawler.web.session import Session

BROWSER_HANDLER = "crawler.web.browser_handler.BrowserDownloadHandler"
MAX_QUIET_WAIT_SECONDS = 5.0  # seconds that a page without a selector to wait for may go on loading; an estimate

# Request meta: a script tried to navigate away from the page; such a navigation is allowed.
NAVIGATION_BLOCKED_META, FOLLOW_NAVIGATION_META = "swordnet_left", "swordnet_follows"
_DISABLE_DIALOGS_JS = "for (const name of ['open', 'alert', 'confirm', 'prompt', 'print']) window[name] = () => null;"
_GUARDED_CONTEXTS: WeakSet[BrowserContext] = WeakSet()


def browser_settings(settings: BaseSettings) -> dict[str, Any]:
    """The Scrapy settings for a platform that needs Chromium."""
    return {
        "DOWNLOAD_HANDLERS": {
            **settings.getdict("DOWNLOAD_HANDLERS"),
            "http": BROWSER_HANDLER,
            "https": BROWSER_HANDLER,
        },
        "PLAYWRIGHT_MAX_CONTEXTS": 2,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
    }


def browser_meta(request: Request, session: Session) -> dict[str, Any]:
    """The Scrapy request meta for a request that Chromium should render."""
    wait = session.config.browser.wait * 1000
    wait_method = (
        PageMethod(_wait_for_selector, request.wait_for, wait)
        if request.wait_for
        else PageMethod(_wait_for_network_idle, wait)
    )
    proxy = DISCARD_PROXY_URL if session.archive is not None else gateway_of(session).url
    return {
        "playwright": True,
        "playwright_page_init_callback": _page_initializer(session),
        "playwright_page_methods": [wait_method],
        "playwright_context_kwargs": {
            "service_workers": "block",
            "accept_downloads": False,
            "proxy": {"server": proxy, "bypass": "<-loopback>"},
        },
        "playwright_page_goto_kwargs": {
            "wait_until": "commit",  # a later download or navigation by a script must not fail the request
            "timeout": session.config.crawl.timeout * 1000,
        },
    }


async def _wait_for_selector(page: BrowserPage, selector: str, wait: float) -> None:
    """Wait up to `wait` ms for the selector; a page that never shows it (an empty result) is read as it is then."""
    with suppress(BrowserTimeout):
        await page.wait_for_selector(selector, timeout=wait, state="attached")


async def _wait_for_network_idle(page: BrowserPage, wait: float) -> None:
    """Wait up to `wait` ms for a page to stop loading; one that never stops is read as it is then."""
    with suppress(BrowserTimeout):
        await page.wait_for_load_state("domcontentloaded", timeout=wait)
        await page.wait_for_load_state("networkidle", timeout=min(wait, MAX_QUIET_WAIT_SECONDS * 1000))


@define
class _PageBudget:
    """Counts of the requests that one page has made so far."""

    limits: LimitsConfig
    requests: int = 0
    frames: int = 0
    navigations: int = 0

    def exceeded_limit(self, page: BrowserPage, request: BrowserRequest) -> str:
        """Count `request` and return the name of the limit it exceeds; "" for none."""
        self.requests += 1
        if request.is_navigation_request():
            is_frame = not _is_page_navigation(page, request)
            self.frames += is_frame
            self.navigations += not is_frame
        exceeded = {
            "browser_requests": self.requests > self.limits.browser_requests,
            "frames": self.frames > self.limits.frames,
            "redirects": self.navigations > self.limits.redirects,
        }
        return next((name for name, is_exceeded in exceeded.items() if is_exceeded), "")


def _page_initializer(session: Session) -> Callable[[BrowserPage, scrapy.Request], Awaitable[None]]:
    config = session.config

    async def initialize_page(page: BrowserPage, scrapy_request: scrapy.Request) -> None:
        budget = _PageBudget(config.limits)

        async def handle_route(route: Route, browser_request: BrowserRequest) -> None:
            if session.archive is not None:
                await _fulfill_from_archive(route, browser_request, session.archive)
            elif budget.exceeded_limit(page, browser_request):
                await _block_request(route, browser_request, page)
            elif (
                budget.navigations > 1
                and _is_page_navigation(page, browser_request)
                and not scrapy_request.meta.get(FOLLOW_NAVIGATION_META)
            ):
                scrapy_request.meta[NAVIGATION_BLOCKED_META] = True
                await route.abort()
            elif url_refusal(browser_request.url, config.crawl.loopback, config.crawl.ports):
                await route.abort("blockedbyclient")
            else:
                await route.fallback()

        await page.route("**/*", handle_route)
        await _close_popups(page)

    return initialize_page


async def _fulfill_from_archive(route: Route, request: BrowserRequest, archive: Archive) -> None:
    body = (request.post_data_buffer or b"") if request.method != "GET" else b""
    recorded = archive.find_response(request.method, request.url, body)
    if recorded is None:
        await route.abort("blockedbyclient")
    else:
        await route.fulfill(status=recorded.status, body=recorded.body, content_type=recorded.content_type)


def _is_page_navigation(page: BrowserPage, request: BrowserRequest) -> bool:
    """Whether a request loads the page itself, not a frame or a resource of it."""
    return request.is_navigation_request() and request.frame == page.main_frame


async def _block_request(route: Route, request: BrowserRequest, page: BrowserPage) -> None:
    """Abort a request; a frame gets an empty 204 answer, which is cheaper than an error page in each of 300 frames."""
    if request.is_navigation_request() and not _is_page_navigation(page, request):
        await route.fulfill(status=204)
    else:
        await route.abort()


async def _close_popups(page: BrowserPage) -> None:
    """Close the popups that `page` opens and abort all their requests."""
    await page.add_init_script(_DISABLE_DIALOGS_JS)
    if page.context not in _GUARDED_CONTEXTS:
        _GUARDED_CONTEXTS.add(page.context)
        await page.context.route("**/*", lambda route: route.abort("blockedbyclient"))
    page.on("popup", lambda popup: asyncio.ensure_future(popup.close()))
