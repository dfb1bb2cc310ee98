"""Chromium, for pages drawn by JavaScript: the only module that knows Playwright.

scrapy-playwright renders; this module says where Chromium is, how it starts, and what its pages may ask: in a replay
everything is answered from the archive and nothing leaves the machine, else only what the guard allows.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import scrapy
from playwright.async_api import Page as BrowserPage
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Route
from playwright.async_api import TimeoutError as BrowserTimeout
from scrapy.settings import BaseSettings
from scrapy_playwright.page import PageMethod

from crawler.page import Request
from crawler.web.addresses import refusal
from crawler.web.session import Session

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"


def executable(configured: str = "") -> str | None:
    """The path of Chromium: as configured, else found on the system; None leaves it to Playwright's own download."""
    return configured or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def rendering(settings: BaseSettings) -> dict[str, Any]:
    """Scrapy settings of a platform that needs Chromium."""
    launch: dict[str, Any] = {"headless": True, "args": list(FLAGS)}
    if path := executable(settings.get("SWORDNET_CHROMIUM") or ""):
        launch["executable_path"] = path
    return {
        "DOWNLOAD_HANDLERS": {**settings.getdict("DOWNLOAD_HANDLERS"), "http": HANDLER, "https": HANDLER},
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch,
        "PLAYWRIGHT_MAX_CONTEXTS": 2,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
    }


def rendered(request: Request, session: Session) -> dict[str, Any]:
    """Scrapy's meta for a request that Chromium should render."""
    wait = session.config.browser.wait * 1000
    methods = [PageMethod(_settle, request.wait_for, wait)] if request.wait_for else []
    return {
        "playwright": True,
        "playwright_page_init_callback": _prepare(session),
        "playwright_page_methods": methods,
        "playwright_context_kwargs": {"service_workers": "block", "accept_downloads": False},
        "playwright_page_goto_kwargs": {
            "wait_until": "domcontentloaded",
            "timeout": session.config.crawl.timeout * 1000,
        },
    }


async def _settle(page: BrowserPage, selector: str, wait: float) -> None:
    """Wait until the selector is there; a page that never shows it (an empty result) is read as it is then."""
    with suppress(BrowserTimeout):
        await page.wait_for_selector(selector, timeout=wait, state="attached")


def _prepare(session: Session) -> Callable[[BrowserPage, scrapy.Request], Awaitable[None]]:
    async def decide(route: Route, request: BrowserRequest) -> None:
        if session.archive is not None:
            body = (request.post_data_buffer or b"") if request.method != "GET" else b""
            answer = session.archive.answer(request.method, request.url, body)
            if answer is None:
                await route.abort("blockedbyclient")
            else:
                await route.fulfill(status=answer.status, body=answer.body, content_type=answer.content_type)
        elif refusal(request.url, session.config.crawl.loopback):
            await route.abort("blockedbyclient")
        else:
            await route.fallback()

    async def prepare(page: BrowserPage, _request: scrapy.Request) -> None:
        await page.route("**/*", decide)

    return prepare
