"""PlatformSpider: the crawl around a platform's `search`, `open` and `read`; the Scrapy half of every platform.

One crawl works on one unit. Each page's outcome is counted, each listing becomes an item, each further request of a
page a Scrapy request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import scrapy
from attrs import evolve
from scrapy import signals
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.errors import SwordnetError
from crawler.items import Ask, Listing, ListingItem, ListingKind, Outcome, Unit, UnitKind
from crawler.page import Page, Request
from crawler.page.outcome import outcome_of
from crawler.page.page_links import address_shape, contains_question
from crawler.page.reader import ReadCrash, Reader, ReadTimeout
from crawler.page.sanitize import sanitize_listing
from crawler.page.sitemap import SITEMAP_KEY
from crawler.redaction import redact
from crawler.store import CachedPage, listing_id
from crawler.units import RETRYABLE_OUTCOMES
from crawler.urls import canonicalize_url, url_place
from crawler.web.browser import browser_settings
from crawler.web.conditional_requests import (
    is_unchanged,
    new_cached_page,
    recorded_follow_ups,
    recorded_requests,
    refresh_cached_page,
    with_follow_up,
    with_listing,
    with_request,
)
from crawler.web.hit_rechecks import is_gone, recheck_from_answer, recheck_from_cached_page, recheck_from_failure
from crawler.web.limits import NoPageError
from crawler.web.requests import (
    cause_of_failure,
    outcome_of_failure,
    outcome_of_response,
    page_from_response,
    rebase_url,
    requests_for,
    stated_fields,
    to_scrapy_request,
)
from crawler.web.session import CrawlStats, Session
from crawler.web.site_learning import Walk, is_searched, keep_listing_shapes, prepare_site, walk_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


_LIMIT_BY_ERROR: dict[type, tuple[str, ...]] = {ReadTimeout: ("read_deadline",), ReadCrash: ("memory",)}


class CrawledPlatform(Protocol):
    """What a crawl needs of a platform; spiders.Platform documents each member."""

    name: ClassVar[str]
    kind: ClassVar[ListingKind]
    browser: ClassVar[bool]
    rows_suffice: ClassVar[bool]
    reads_every_status: ClassVar[bool]
    volatile: ClassVar[tuple[str, ...]]
    pace: ClassVar[float]
    learns: ClassVar[bool]
    templates: tuple[str, ...]

    def search(self, question: str) -> Request | Iterable[Request]:
        """The request or requests that search for `question`."""

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page, or for a share with its access code."""

    def walk(self) -> Iterable[Request]:
        """The requests with which a walk through the platform's site begins."""

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The listings of a page and further requests."""


def platform_spider_of(platform: type[CrawledPlatform]) -> type[PlatformSpider]:
    """The Scrapy spider class of a platform; Scrapy needs a class with a name for each."""
    return type(f"{platform.__name__}Crawl", (PlatformSpider,), {"name": platform.name, "platform_type": platform})


class PlatformSpider(scrapy.Spider):
    """A crawl over one unit of the platform that `platform_spider_of` bound it to."""

    platform_type: ClassVar[type[CrawledPlatform]]
    platform: CrawledPlatform
    base: str = ""  # scheme and host to request instead of the platform's, where the configuration names them
    session: Session
    unit: Unit
    stats: CrawlStats
    _walk = Walk(0)  # none, unless the unit is one

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Add the browser's settings for platforms that need it; the others never load its download handler."""
        super().update_settings(settings)
        if cls.platform_type.browser or cls.name in settings.getlist("SWORDNET_RENDERED"):
            for name, value in browser_settings(settings).items():
                settings.set(name, value, priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider from a `session`, `unit` and `stats` (crawler.worker), or from `query` or `url`
        (`scrapy crawl`).
        """
        if "session" not in kwargs:
            from crawler.web.scrapy_command import build_spider_arguments

            kwargs = build_spider_arguments(crawler, cls.name, kwargs)
        spider = super().from_crawler(crawler, *args, **kwargs)
        config = spider.session.config.platform(cls.name)
        spider.base = config.base
        spider.platform = cls.platform_type()
        spider.platform.templates = config.templates
        if cls.platform_type.pace and spider.session.archive is None:
            crawler.settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", 1, priority="spider")
        for signal in (signals.item_error, signals.spider_error):
            crawler.signals.connect(spider.handle_error, signal=signal)
        return spider

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored_listings: dict[str, Listing] = {}  # of a recheck: the stored listings, by URL
        self._row_shapes: set[str] = set()  # kinds of addresses that searches of this unit led to
        self._unreadable_urls: set[str] = set()  # pages that arrived whole but could not be read

    @property
    def volatile(self) -> tuple[str, ...]:
        """The platform's query parameters that differ between equal requests."""
        return self.platform.volatile

    @property
    def pace(self) -> float:
        """The platform's minimum seconds between two requests to a host."""
        return self.platform.pace

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """Yield the requests of the unit's asks, without shares that are not due and pages that this run has seen."""
        asks = await self._due_asks()
        learns = self.platform.learns and bool(asks)
        if learns and not await prepare_site(self, asks):
            return
        if learns and self.unit.kind is UnitKind.WALK:
            self._walk = walk_of(self)
            self.stats.needs_no_request = not self.platform.walk()  # its home page leads nowhere
        elif learns and self.unit.kind is UnitKind.QUESTION:
            self.stats.needs_no_request = not is_searched(self.platform)
        for ask in asks:
            for request in await asyncio.to_thread(self._requests_of, ask):
                if self._walk.admit(request):
                    yield await to_scrapy_request(self, request, ask, dont_filter=True)

    async def _due_asks(self) -> Sequence[Ask]:
        """The unit's asks without shares that are not due and pages that this run has seen."""
        asks: Sequence[Ask] = self.unit.asks
        if self.unit.kind is UnitKind.SHARES:
            asks = await asyncio.to_thread(self.session.store.shares.due_asks, asks, self.session.now())
            if len(asks) < len(self.unit.asks):
                self.stats.outcomes[Outcome.UNCHANGED] += len(self.unit.asks) - len(asks)
        if self.unit.kind in (UnitKind.RECHECK, UnitKind.DETAILS):
            self._stored_listings = await asyncio.to_thread(self._load_listings, asks)
        if self.unit.kind is UnitKind.RECHECK:
            asks = await asyncio.to_thread(self._asks_left_tonight, asks)
        if self.unit.kind is UnitKind.DETAILS and self.platform.learns:
            asks = await asyncio.to_thread(self._unwalked_asks, asks)
        return asks

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[ListingItem | scrapy.Request]:
        """Read one response: record its outcome, then yield its further requests and its listings as items."""
        meta: dict[str, Any] = response.meta
        cached_page, ask, address = meta.get("seen"), meta["ask"], meta["address"]
        if cached_page is not None and is_unchanged(response, cached_page):
            for further_request in self._repeat_cached_page(cached_page, ask, response):
                yield await to_scrapy_request(self, further_request, ask)
            return
        page = page_from_response(response)
        if self.session.on_answer is not None and response.request is not None:
            self.session.on_answer(page, response.request.method, response.request.body)
        stored = self._stored_listings.get(ask.url or "")
        outcome, entries = await self._read_page(page, outcome_of_response(response), stored)
        self._record_answer(ask, outcome, entries, page, meta.get("until"))
        if outcome is Outcome.LIVE and meta.get("remember"):
            self.stats.pages[address] = new_cached_page(self, address, response)
        for request in self._limit_requests([entry for entry in entries if isinstance(entry, Request)], response):
            self._record_on_page(address, with_request, request)
            yield await to_scrapy_request(self, request, ask)
        for entry in entries:
            if isinstance(entry, Listing) and (
                self.session.listing_limit is None or self.stats.listings < self.session.listing_limit
            ):
                yield evolve(self._to_item(entry, page, address, ask), form=ask.form)
        self._stop_on_throttling()

    async def closed(self, reason: str) -> None:
        """Keep what this unit has learned of its site; called by Scrapy at the end of the crawl."""
        if self._row_shapes:
            await asyncio.to_thread(keep_listing_shapes, self.session.store, self.name, self._row_shapes)

    def _limit_requests(self, requests: list[Request], response: Response) -> list[Request]:
        """The requests of a page within the limits on result pages, links and depth; what is cut off is counted."""
        limits, depth = self.session.config.limits, response.meta.get("depth", 0)
        wanted = [
            request
            for request in requests
            if request.page <= self.session.config.crawl.pages_per_question and self._walk.admit(request)
        ]
        if wanted and depth >= limits.depth:
            self.stats.limit_counts["depth"] += len(wanted)
            return []
        limit_name = "sitemap" if wanted and SITEMAP_KEY in wanted[0].values else "links"
        maximum = getattr(limits, limit_name)
        self.stats.limit_counts.update({limit_name: len(wanted) - maximum} if len(wanted) > maximum else {})
        return wanted[:maximum]

    def _stop_on_throttling(self) -> None:
        """Raise CloseSpider once a cloud drive throttles: the unit pauses and later repeats only its open asks."""
        if self.stats.outcomes[Outcome.BLOCKED] and self.unit.kind is UnitKind.SHARES:
            raise CloseSpider("throttled")

    def _to_item(self, listing: Listing, page: Page, address: str, ask: Ask) -> ListingItem:
        self.stats.listings += 1
        if self.platform.learns and ask.question and contains_question(listing.title, ask.question):
            self._row_shapes.add(address_shape(listing.url))
        self.stats.field_counts.update(stated_fields(listing))
        listing = self._complete_listing(listing, page)
        self._record_on_page(address, with_listing, listing_id(listing.url))
        return ListingItem(listing=listing, body=page.body, requested_url=address)

    def _repeat_cached_page(self, cached_page: CachedPage, ask: Ask, response: Response) -> list[Request]:
        """Count an unchanged page's listings and follow-ups again without reading it; returns its further requests."""
        self.stats.outcomes[Outcome.UNCHANGED] += 1
        self.stats.listings += len(cached_page.listings)
        self.stats.unchanged_listings.update(dict.fromkeys(cached_page.listings))
        self.stats.pages[cached_page.url] = refresh_cached_page(self, cached_page, response)
        for follow_up in recorded_follow_ups(cached_page):
            self.ask_next(*follow_up)
        self._record_answer(ask, Outcome.UNCHANGED, [], page_from_response(response))
        return recorded_requests(cached_page)

    def _record_answer(
        self,
        ask: Ask,
        outcome: Outcome,
        entries: Sequence[Listing | Request],
        page: Page,
        until: datetime | None = None,
    ) -> None:
        """Record what an answer means for its ask: deferred, answered, or the recheck of a known hit."""
        is_repeatable = self.unit.kind is not UnitKind.WALK  # what a walk misses, the next night's finds
        if is_repeatable and outcome in RETRYABLE_OUTCOMES and page.url not in self._unreadable_urls:
            self.stats.defer(ask, outcome, until)
        has_listing = any(isinstance(entry, Listing) for entry in entries)
        self.stats.record_answer(self.unit.kind, ask, outcome, has_listing)
        if self.unit.kind is UnitKind.RECHECK and ask.url is not None:
            previous, run, at = self._stored_listings.get(ask.url), self.unit.run, self.session.now()
            self.stats.rechecks.append(recheck_from_answer(ask.url, outcome, entries, previous, page, run, at))

    def _record_on_page(self, address: str, add: Callable[[CachedPage, Any], CachedPage], addition: Any) -> None:
        """Add a listing, request or follow-up to a page's cache entry, for when the page is unchanged later."""
        if address in self.stats.pages:
            self.stats.pages[address] = add(self.stats.pages[address], addition)

    def _unwalked_asks(self, asks: Sequence[Ask]) -> list[Ask]:
        """The asks whose pages this nightly run has not opened on its walk; the others are counted as unchanged."""
        started_at = self.session.started_at
        remaining = []
        for ask in asks:
            cached_page = self.session.store.pages.get_page(self.name, ask.url or "") if started_at else None
            if cached_page is None or started_at is None or cached_page.checked_at < started_at:
                remaining.append(ask)
            else:
                self.stats.outcomes[Outcome.UNCHANGED] += 1
                self.stats.record_answer(self.unit.kind, ask, Outcome.UNCHANGED, has_listing=True)
        return remaining

    def _asks_left_tonight(self, asks: Sequence[Ask]) -> list[Ask]:
        """The asks whose pages this nightly run has not seen yet; the others are recorded as up."""
        remaining = []
        for ask in asks:
            request = next(iter(self._requests_of(ask)), None)
            cached_page = (
                self.session.store.pages.get_page(self.name, rebase_url(request.url, self.base)) if request else None
            )
            if (
                cached_page is None
                or self.session.started_at is None
                or cached_page.checked_at < self.session.started_at
            ):
                remaining.append(ask)
            else:
                self.stats.outcomes[Outcome.UNCHANGED] += 1
                self.stats.rechecks.append(recheck_from_cached_page(ask.url or "", cached_page, self.unit.run))
        return remaining

    def _load_listings(self, asks: Sequence[Ask]) -> dict[str, Listing]:
        listings = {ask.url: self.session.store.listings.get(ask.url) for ask in asks if ask.url is not None}
        return {url: listing for url, listing in listings.items() if listing is not None}

    async def _read_page(
        self, page: Page, transport_outcome: Outcome | None, stored: Listing | None
    ) -> tuple[Outcome, list[Listing | Request]]:
        """Read a page and count its outcome; returns the outcome and the entries read.

        `transport_outcome` is an outcome that no body can change; `stored` is the listing asked for.
        """
        outcome = transport_outcome or outcome_of(page.status, page.body, page.content_type, page.url)
        if outcome is Outcome.LIVE and stored is not None and is_gone(page, stored):
            outcome = Outcome.GONE
        entries: list[Listing | Request] = []
        if outcome is Outcome.LIVE or (self.platform.reads_every_status and page.body and transport_outcome is None):
            try:
                entries = await self._get_reader().read(self.platform, page)
            except SwordnetError as error:
                outcome = Outcome.ERROR
                self._unreadable_urls.add(page.url)
                self.stats.limit_counts.update(_LIMIT_BY_ERROR.get(type(error), ()))
                self._record_problem(page.url, error)
        elif outcome is not Outcome.GONE:
            self._record_problem(page.url, f"{outcome.value}, status {page.status}")
        if len(entries) == 1 and isinstance(entries[0], Listing):
            outcome = entries[0].outcome
        self.stats.outcomes[outcome] += 1
        return outcome, entries

    def handle_failure(self, failure: Failure) -> None:
        """Count a request that brought no page, and defer its ask if a retry may help."""
        error = failure.value or RuntimeError()
        outcome = outcome_of_failure(error)
        self.stats.outcomes[outcome] += 1
        if isinstance(error, NoPageError) and error.limit:
            self.stats.limit_counts[error.limit] += 1
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        if cause := cause_of_failure(error):
            self.stats.causes[f"{cause} {url_place(request.url)}"] += 1
        self._record_problem(request.url, error)
        ask, until = request.meta.get("ask"), getattr(error, "until", request.meta.get("until"))
        if ask is not None and getattr(error, "is_retryable", outcome in RETRYABLE_OUTCOMES):
            self.stats.defer(ask, outcome, until)
        elif ask is not None and ask.url and self.unit.kind is UnitKind.RECHECK:
            self.stats.rechecks.append(recheck_from_failure(ask.url, outcome, error, self.unit.run, self.session.now()))

    def handle_error(self, failure: Failure) -> None:
        """Record that an unexpected error lost a page or a listing: the unit is not done."""
        self.stats.has_lost_data = True
        self.stats.problems.append(f"{type(failure.value).__name__}: {failure.value}")

    def ask_next(self, spider: str, kind: UnitKind, ask: Ask, page: str = "") -> None:
        """Plan an ask for the next wave. `page` is the address of the page whose listing led to it."""
        if self.session.plans_follow_ups:
            self.stats.follow_ups[spider, kind][ask] = None
        self._record_on_page(page, with_follow_up, (spider, kind, ask))

    def _requests_of(self, ask: Ask) -> Iterable[Request]:
        try:
            return self.platform.walk() if self.unit.kind is UnitKind.WALK else requests_for(self, ask)
        except (SwordnetError, NoPageError) as error:
            self.stats.outcomes[Outcome.REFUSED] += 1
            self._record_problem(ask.url or "", error)
            return []

    def _complete_listing(self, listing: Listing, page: Page) -> Listing:
        is_whole = (
            self.platform.rows_suffice
            or self.unit.kind is not UnitKind.QUESTION
            or canonicalize_url(listing.url) == canonicalize_url(page.url)
        )
        if listing.share_state is not None:
            self.stats.unmapped.update(answer for name, answer in listing.sources.items() if name == "answer")
            answer_sources = {"endpoint": page.url, "status": str(page.status), "digest": sha256(page.body).hexdigest()}
            listing = evolve(listing, sources={**listing.sources, **answer_sources})
        seen_at = listing.seen_at or self.session.now()
        return evolve(sanitize_listing(listing), seen_at=seen_at, whole=is_whole and listing.whole)

    def _get_reader(self) -> Reader:
        config = self.session.config
        deadline, memory = config.crawl.read_deadline, config.limits.memory
        return self.session.get_or_build("reader", lambda: Reader(deadline=deadline, memory=memory), Reader.close)

    def _record_problem(self, url: str, error: object) -> None:
        self.stats.problems.append(redact(f"{url}: {error}"))
        self.logger.info("%s: %s", url, error)
