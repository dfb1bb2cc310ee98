"""Browsers that outlive a crawl: lent to one at a time, used again, and gone at the end."""

from __future__ import annotations

import asyncio

import pytest

from crawler.config import BrowserConfig
from crawler.web.chromium import MAX_CRAWLS_PER_BROWSER, BrowserPool, BrowserProvider, kill_processes, process_family

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def render_text(provider: BrowserProvider) -> str:
    """Text of a page drawn in a borrowed browser; its mark stays with the lender."""
    browser = await provider.launch_browser()
    context = await browser.new_context()
    page = await context.new_page()
    await page.set_content("<script>document.write('tide ' + 6 * 7)</script>")
    text = await page.inner_text("body")
    await context.close()
    await browser.close()
    return text


def test_one_crawl_after_another_borrows_the_same_browser_until_it_dies() -> None:
    async def run_crawls() -> None:
        browsers = BrowserPool(BrowserConfig())
        first, second, third = (BrowserProvider(browsers) for _ in range(3))
        assert await render_text(first) == await render_text(second) == "tide 42"
        assert first.mark == second.mark
        assert process_family(first.mark)
        interrupted = BrowserProvider(browsers)
        dying_browser = await interrupted.launch_browser()
        disconnected = asyncio.Event()
        dying_browser.on("disconnected", lambda _: disconnected.set())
        kill_processes(process_family(first.mark))
        await asyncio.wait_for(disconnected.wait(), 20)
        await interrupted.close()
        assert await render_text(third) == "tide 42"
        assert third.mark != first.mark
        await browsers.close()
        assert not process_family(first.mark)
        assert not process_family(third.mark)

    asyncio.run(run_crawls())


def test_two_crawls_at_once_have_a_browser_each_and_none_serves_for_ever() -> None:
    async def run_crawls() -> None:
        browsers = BrowserPool(BrowserConfig())
        first, second = await asyncio.gather(browsers.acquire(), browsers.acquire())
        assert first.mark != second.mark
        first.crawls = MAX_CRAWLS_PER_BROWSER
        await browsers.release(first)
        assert not process_family(first.mark)
        await browsers.close()
        assert process_family(second.mark), "it is still lent"
        await browsers.release(second)
        assert not process_family(second.mark)

    asyncio.run(run_crawls())
