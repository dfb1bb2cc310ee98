"""Learn a site that no spider knows before it is asked: its home page once a night, kept for the units that follow.

The platform says what to look at (spiders/sites.py); here its requests are downloaded, counted and handed back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any, ClassVar, Protocol

from attrs import evolve
from scrapy.http.request import NO_CALLBACK

from crawler.errors import SwordnetError
from crawler.items import Ask, Outcome, UnitKind
from crawler.page import Page, Request
from crawler.page.outcome import outcome_of
from crawler.page.parser_bombs import is_suspicious
from crawler.page.reader import LAYOUT_ERRORS
from crawler.page.site_profile import WALK_KEY, SiteProfile
from crawler.redaction import redact
from crawler.units import RETRYABLE_OUTCOMES
from crawler.urls import canonicalize_url
from crawler.web.requests import outcome_of_failure, outcome_of_response, page_from_response, to_scrapy_request
from crawler.web.session import CrawlStats

PROFILE_KEY = "site "  # before a site's name: the name of its stored profile
MAX_SHAPES = 20  # kinds of addresses of listings that are kept of one site
MAX_SAMPLE_PAGES = 3  # of listings, looked at once per site


class LearningPlatform(Protocol):
    """What a platform that learns its site provides; spiders.sites documents each member."""

    name: ClassVar[str]
    profile: SiteProfile | None

    def learn(self, known: SiteProfile | None) -> Generator[Request, Page | None, SiteProfile | None]:
        """Look at the site."""

    def learn_from_samples(self, samples: Sequence[Page]) -> None:
        """Learn what stands on every page of a listing."""

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page."""


async def prepare_site(spider: Any, asks: Sequence[Ask]) -> bool:
    """Give the spider's platform the profile of its site, learned now if this run has not seen it.

    Returns False where nothing is known and the site cannot be looked at: its asks are deferred then.
    """
    platform: LearningPlatform = spider.platform
    known = await asyncio.to_thread(load_profile, spider.session.store, platform.name)
    platform.profile = known
    if spider.session.captured:  # nothing can be looked at
        return True
    is_asked = spider.unit.kind in (UnitKind.QUESTION, UnitKind.WALK)
    if known is None or (is_asked and known.run != spider.unit.run):
        learned, outcome = await _look_at(spider, platform.learn(known), asks)
        if learned is None and known is None:
            for ask in asks:
                spider.stats.defer(ask, outcome) if outcome in RETRYABLE_OUTCOMES else None
            return False
        if learned is not None:
            platform.profile = evolve(learned, run=spider.unit.run)
            await asyncio.to_thread(_save_profile, spider, platform.profile)
    if spider.unit.kind is UnitKind.DETAILS and platform.profile and not platform.profile.has_samples:
        await _look_at_samples(spider, asks)
    return True


async def _look_at(
    spider: Any, steps: Generator[Request, Page | None, SiteProfile | None], asks: Sequence[Ask]
) -> tuple[SiteProfile | None, Outcome]:
    """Run the steps of a look: what they learn, and the outcome of the last page that was missing."""
    page: Page | None = None
    outcome = Outcome.LIVE
    while True:
        try:
            request, profile = await asyncio.to_thread(_next_step, steps, page)
        except (SwordnetError, *LAYOUT_ERRORS) as error:  # as where a page is read
            _count_look(spider.stats, spider.name, Outcome.ERROR, f"{type(error).__name__}: {error}")
            return None, Outcome.ERROR
        if request is None:
            return profile, outcome
        page, page_outcome = await _download(spider, request, asks[0])
        outcome = page_outcome if page is None else outcome


def _next_step(
    steps: Generator[Request, Page | None, SiteProfile | None], page: Page | None
) -> tuple[Request | None, SiteProfile | None]:
    """The next request of a look; at its end None and what it learned. In a thread, as pages are read in between."""
    try:
        return steps.send(page), None
    except StopIteration as end:
        return None, end.value


async def _look_at_samples(spider: Any, asks: Sequence[Ask]) -> None:
    """Compare the first pages of listings of a unit."""
    step = max(1, len(asks) // MAX_SAMPLE_PAGES)
    pages = []
    for ask in asks[::step][:MAX_SAMPLE_PAGES]:
        page, _ = await _download(spider, spider.platform.open(ask.url), ask)
        pages += [page] if page is not None else []
    if len(pages) > 1:
        await asyncio.to_thread(spider.platform.learn_from_samples, pages)
        await asyncio.to_thread(_save_profile, spider, spider.platform.profile)


async def _download(spider: Any, request: Request, ask: Ask) -> tuple[Page | None, Outcome]:
    """One page, None unless it arrived whole and is no wall; its outcome is counted."""
    scrapy_request = (await to_scrapy_request(spider, request, ask, is_look=True)).replace(
        callback=NO_CALLBACK, errback=None
    )
    try:
        response = await spider.crawler.engine.download_async(scrapy_request)
    except Exception as error:  # noqa: BLE001 - as in an errback: whatever it was, there is no page
        outcome = outcome_of_failure(error)
        _count_look(spider.stats, request.url, outcome, error)
        return None, outcome
    page = page_from_response(response)
    if spider.session.on_answer is not None and response.request is not None:
        spider.session.on_answer(page, response.request.method, response.request.body)
    outcome, is_bomb = await asyncio.to_thread(_judge, response, page)
    _count_look(spider.stats, request.url, outcome, f"{outcome.value}, status {page.status}")
    is_whole = outcome is Outcome.LIVE or (outcome is Outcome.GONE and page.status == 200)  # "nothing was found"
    is_readable = is_whole and not is_bomb  # a look has no process that can be killed
    return (page if is_readable else None), outcome


def _judge(response: Any, page: Page) -> tuple[Outcome, bool]:
    """What a page turned out to be, and whether it is unsafe to read."""
    outcome = outcome_of_response(response) or outcome_of(page.status, page.body, page.content_type, page.url)
    return outcome, is_suspicious(page.body)


def is_searched(platform: Any) -> bool:
    """Whether a site that was looked at has a search; else it is walked only."""
    return platform.profile is not None and platform.profile.form is not None


class Walk:
    """The pages that one unit opens on its way through a site: no more than `pages`, each once."""

    def __init__(self, pages: int) -> None:
        self._pages_left = pages
        self._addresses: set[str] = set()

    def admit(self, request: Request) -> bool:
        """Whether a request that is part of a walk may be made; requests of other kinds always may."""
        if WALK_KEY not in request.values:
            return True
        address = canonicalize_url(request.url)
        if self._pages_left <= 0 or address in self._addresses:
            return False
        self._pages_left -= 1
        self._addresses.add(address)
        return True


def walk_of(spider: Any) -> Walk:
    """The walk of a spider's unit: as many pages as the site's settings allow; all of a site without a search."""
    settings = spider.platform.settings
    return Walk(settings.browse if is_searched(spider.platform) else settings.pages)


def _count_look(stats: CrawlStats, url: str, outcome: Outcome, problem: object) -> None:
    stats.outcomes[outcome] += 1
    if outcome is not Outcome.LIVE:
        stats.problems.append(redact(f"{url}: {problem}"))


def load_profile(store: Any, name: str) -> SiteProfile | None:
    """The stored profile of a site; None if there is none, or another version stored it."""
    text = store.runs.get_named_value(PROFILE_KEY + name)
    try:
        return SiteProfile.from_json(json.loads(text)) if text else None
    except (ValueError, KeyError, TypeError, SwordnetError):
        return None


def keep_listing_shapes(store: Any, name: str, shapes: Iterable[str]) -> None:
    """Add kinds of addresses of listings to the stored profile of a site."""
    profile = load_profile(store, name)
    if profile is not None:
        all_shapes = tuple(dict.fromkeys((*profile.listing_shapes, *sorted(shapes))))[:MAX_SHAPES]
        _put_profile(store, name, evolve(profile, listing_shapes=all_shapes))


def _put_profile(store: Any, name: str, profile: SiteProfile) -> None:
    store.runs.put_named_value(PROFILE_KEY + name, json.dumps(profile.to_json()))


def _save_profile(spider: Any, profile: SiteProfile) -> None:
    _put_profile(spider.session.store, spider.name, profile)
