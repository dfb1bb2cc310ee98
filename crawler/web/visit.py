"""The Scrapy spider that crawls one unit of a platform: it composes the platform's `search`, `open` and `read`.

One crawl works on one unit. Each page's outcome is counted, each listing becomes an item, each follow-up a request.
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
from crawler.items import Ask, Listing, ListingKind, Outcome, Unit, UnitKind
from crawler.page import Page, Request
from crawler.page.boundary import bounded
from crawler.page.outcome import outcome_of
from crawler.page.reading import ReadCrash, Reader, ReadTimeout
from crawler.page.sitemap import BY_SITEMAP
from crawler.secrets import hushed
from crawler.store import SeenPage, listing_id
from crawler.units import UNDECIDED
from crawler.urls import canonical
from crawler.web.again import (
    asked_of,
    first_seen,
    further_of,
    is_unchanged,
    seen_again,
    with_asked,
    with_further,
    with_listing,
)
from crawler.web.asking import as_scrapy, requests_for
from crawler.web.browser import rendering
from crawler.web.checking import checked, seen_tonight, unanswered
from crawler.web.limits import Unanswered
from crawler.web.outcomes import outcome_of_failure, outcome_of_response
from crawler.web.parts import Seen, filled, page_of, rebased
from crawler.web.session import Session, Tally

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


_LIMITS: dict[type, tuple[str, ...]] = {ReadTimeout: ("read_deadline",), ReadCrash: ("memory",)}


class Crawled(Protocol):
    """What a crawl needs of a platform; spiders.PlatformSpider documents each member."""

    name: ClassVar[str]
    kind: ClassVar[ListingKind]
    browser: ClassVar[bool]
    rows_suffice: ClassVar[bool]
    judges_itself: ClassVar[bool]
    volatile: ClassVar[tuple[str, ...]]
    pace: ClassVar[float]
    templates: tuple[str, ...]
    sites: tuple[str, ...]

    def search(self, question: str) -> Request | Iterable[Request]:
        """The request that asks for `question`."""

    def open(self, address: str, code: str | None = None) -> Request:
        """The request for one listing's own page."""

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """The listings of a page and further requests."""


def crawl_spider_of(platform: type[Crawled]) -> type[Visit]:
    """The Scrapy spider of a platform: Scrapy wants one class, with a name, for each."""
    return type(f"{platform.__name__}Crawl", (Visit,), {"name": platform.name, "platform_type": platform})


class Visit(scrapy.Spider):
    """A crawl over one unit of the platform that `crawl_spider_of` bound it to."""

    platform_type: ClassVar[type[Crawled]]
    platform: Crawled
    base: str = ""  # the host that is asked in place of the platform's, where the configuration names one
    session: Session
    unit: Unit
    tally: Tally

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Platforms that need a browser get its download handler; the others never load it."""
        super().update_settings(settings)
        if cls.platform_type.browser or cls.name in settings.getlist("SWORDNET_RENDERED"):
            for name, value in rendering(settings).items():
                settings.set(name, value, priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Built with a session, a unit and a tally by crawler.work; `scrapy crawl` gives `query` or `url` instead."""
        if "session" not in kwargs:
            from crawler.web.standalone import adopt

            kwargs = adopt(crawler, cls.name, kwargs)
        spider = super().from_crawler(crawler, *args, **kwargs)
        config = spider.session.config.platform(cls.name)
        spider.base = config.base
        spider.platform = cls.platform_type()
        spider.platform.templates, spider.platform.sites = config.templates, config.sites
        if cls.platform_type.pace and spider.session.archive is None:
            crawler.settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", 1, priority="spider")
        for signal in (signals.item_error, signals.spider_error):
            crawler.signals.connect(spider.broke, signal=signal)
        return spider

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before: dict[str, Listing] = {}  # of a recheck: the listings as they were
        self._unreadable: set[str] = set()  # pages that came whole, and would not be read

    @property
    def volatile(self) -> tuple[str, ...]:
        """The platform's query parameters that differ between equal requests."""
        return self.platform.volatile

    @property
    def pace(self) -> float:
        """The platform's least seconds between two requests to a host."""
        return self.platform.pace

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """The unit's asks as requests. Shares with an answer that is still good are not asked again."""
        asks: Sequence[Ask] = self.unit.asks
        if self.unit.kind is UnitKind.SHARES:
            asks = await asyncio.to_thread(self.session.store.shares.due, asks, self.session.now())
            if len(asks) < len(self.unit.asks):
                self.tally.outcomes[Outcome.UNCHANGED] += len(self.unit.asks) - len(asks)
        if self.unit.kind is UnitKind.RECHECK:
            self._before = await asyncio.to_thread(self._stored, asks)
            asks = await asyncio.to_thread(self._unseen_tonight, asks)
        for ask in asks:
            for request in self._asked(ask):
                yield await as_scrapy(self, request, ask, dont_filter=True)

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[Seen | scrapy.Request]:
        """Read one answer."""
        meta: dict[str, Any] = response.meta
        seen, ask, address = meta.get("seen"), meta["ask"], meta["address"]
        if seen is not None and is_unchanged(response, seen):
            for further in self._unchanged(seen, ask, response):
                yield await as_scrapy(self, further, ask)
            return
        page = page_of(response)
        if self.session.keep is not None and response.request is not None:
            self.session.keep(page, response.request.method, response.request.body)
        outcome, found = await self._understood(page, outcome_of_response(response))
        self._note(ask, outcome, found, page, meta.get("until"))
        if outcome is Outcome.LIVE and meta.get("remember"):
            self.tally.pages[address] = first_seen(self, address, response)
        for request in self._worth_following([each for each in found if isinstance(each, Request)], response):
            self._gave(address, with_further, request)
            yield await as_scrapy(self, request, ask)
        for each in found:
            if isinstance(each, Listing) and (self.session.limit is None or self.tally.listings < self.session.limit):
                yield evolve(self._taken(each, page, address), form=ask.form)
        self._stop_if_throttled()

    def _worth_following(self, found: list[Request], response: Response) -> list[Request]:
        """Requests of a page within the bounds on result pages, links and depth."""
        limits, depth = self.session.config.limits, response.meta.get("depth", 0)
        wanted = [each for each in found if each.page <= self.session.config.crawl.pages_per_question]
        if wanted and depth >= limits.depth:
            self.tally.limits["depth"] += len(wanted)
            return []
        name = "sitemap" if wanted and BY_SITEMAP in wanted[0].values else "links"
        most = getattr(limits, name)
        self.tally.limits.update({name: len(wanted) - most} if len(wanted) > most else {})
        return wanted[:most]

    def _stop_if_throttled(self) -> None:
        """A drive that throttles is asked no more: the unit pauses, and asks only what is still open."""
        if self.tally.outcomes[Outcome.BLOCKED] and self.unit.kind is UnitKind.SHARES:
            raise CloseSpider("throttled")

    def _taken(self, listing: Listing, page: Page, address: str) -> Seen:
        self.tally.listings += 1
        self.tally.filled.update(filled(listing))
        listing = self._complete(listing, page)
        self._gave(address, with_listing, listing_id(listing.url))
        return Seen(listing=listing, body=page.body, asked=address)

    def _unchanged(self, seen: SeenPage, ask: Ask, response: Response) -> list[Request]:
        """A page that was read before: what it gave holds again, nothing is read or compared."""
        self.tally.outcomes[Outcome.UNCHANGED] += 1
        self.tally.listings += len(seen.listings)
        self.tally.touched.update(dict.fromkeys(seen.listings))
        self.tally.pages[seen.url] = seen_again(self, seen, response)
        for each in asked_of(seen):
            self.ask_next(*each)
        self._note(ask, Outcome.UNCHANGED, [], page_of(response))
        return further_of(seen)

    def _note(
        self, ask: Ask, outcome: Outcome, found: Sequence[Listing | Request], page: Page, until: datetime | None = None
    ) -> None:
        """Keep what an answer says of its ask: to be asked again, or what became of a known hit."""
        if outcome in UNDECIDED and page.url not in self._unreadable:
            self.tally.leave(ask, outcome, until)
        if self.unit.kind is UnitKind.QUESTION and outcome not in UNDECIDED | {Outcome.UNCHANGED}:
            self.tally.answered[ask] = None
        if self.unit.kind is UnitKind.RECHECK and ask.url is not None:
            known, run, at = self._before.get(ask.url), self.unit.run, self.session.now()
            self.tally.checks.append(checked(ask.url, outcome, found, known, page, run, at))

    def _gave(self, address: str, noted: Callable[[SeenPage, Any], SeenPage], what: Any) -> None:
        """Keep with a page what it gave, for the night when it is unchanged."""
        if address in self.tally.pages:
            self.tally.pages[address] = noted(self.tally.pages[address], what)

    def _unseen_tonight(self, asks: Sequence[Ask]) -> list[Ask]:
        """The asks whose pages this night has not seen yet; the others are known to be up, which is noted."""
        left = []
        for ask in asks:
            made = next(iter(self._asked(ask)), None)
            seen = self.session.store.seen.get(self.name, rebased(made.url, self.base)) if made else None
            if seen is None or self.session.begun is None or seen.checked_at < self.session.begun:
                left.append(ask)
            else:
                self.tally.outcomes[Outcome.UNCHANGED] += 1
                self.tally.checks.append(seen_tonight(ask.url or "", seen, self.unit.run))
        return left

    def _stored(self, asks: Sequence[Ask]) -> dict[str, Listing]:
        found = {ask.url: self.session.store.hits.listing(ask.url) for ask in asks if ask.url is not None}
        return {url: listing for url, listing in found.items() if listing is not None}

    async def _understood(self, page: Page, arrived: Outcome | None) -> tuple[Outcome, list[Listing | Request]]:
        """What the spider reads from a page, and its outcome counted; `arrived` is one that no body can change."""
        outcome = arrived or outcome_of(page.status, page.body, page.content_type, page.url)
        found: list[Listing | Request] = []
        if outcome is Outcome.LIVE or (self.platform.judges_itself and page.body and arrived is None):
            try:
                found = await self._reader().read(self.platform, page)
            except SwordnetError as error:
                outcome = Outcome.ERROR
                self._unreadable.add(page.url)
                self.tally.limits.update(_LIMITS.get(type(error), ()))
                self._problem(page.url, error)
        elif outcome is not Outcome.GONE:
            self._problem(page.url, f"{outcome.value}, status {page.status}")
        if len(found) == 1 and isinstance(found[0], Listing):
            outcome = found[0].outcome
        self.tally.outcomes[outcome] += 1
        return outcome, found

    def failed(self, failure: Failure) -> None:
        """Count a request that brought no page."""
        error = failure.value or RuntimeError()
        outcome = outcome_of_failure(error)
        self.tally.outcomes[outcome] += 1
        if isinstance(error, Unanswered) and error.limit:
            self.tally.limits[error.limit] += 1
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        self._problem(request.url, error)
        ask, until = request.meta.get("ask"), getattr(error, "until", request.meta.get("until"))
        if ask is not None and getattr(error, "again", outcome in UNDECIDED):
            self.tally.leave(ask, outcome, until)
        elif ask is not None and ask.url and self.unit.kind is UnitKind.RECHECK:
            self.tally.checks.append(unanswered(ask.url, outcome, error, self.unit.run, self.session.now()))

    def broke(self, failure: Failure) -> None:
        """A page or a listing was lost to an error that nobody expected: the unit is not done."""
        self.tally.lost = True
        self.tally.problems.append(f"{type(failure.value).__name__}: {failure.value}")

    def ask_next(self, spider: str, kind: UnitKind, ask: Ask, page: str = "") -> None:
        """Ask this in the next wave. `page` is the address of the page that gives reason to."""
        if self.session.follow:
            self.tally.follow[spider, kind][ask] = None
        self._gave(page, with_asked, (spider, kind, ask))

    def _asked(self, ask: Ask) -> Iterable[Request]:
        try:
            return requests_for(self, ask)
        except SwordnetError as error:
            self.tally.outcomes[Outcome.REFUSED] += 1
            self._problem(ask.url or "", error)
            return []

    def _complete(self, listing: Listing, page: Page) -> Listing:
        whole = (
            self.platform.rows_suffice
            or self.unit.kind is not UnitKind.QUESTION
            or canonical(listing.url) == canonical(page.url)
        )
        if listing.share_state is not None:
            self.tally.unmapped.update(each for name, each in listing.sources.items() if name == "answer")
            asked = {"endpoint": page.url, "status": str(page.status), "digest": sha256(page.body).hexdigest()}
            listing = evolve(listing, sources={**listing.sources, **asked})
        seen_at = listing.seen_at or self.session.now()
        return evolve(bounded(listing), seen_at=seen_at, whole=whole and listing.whole)

    def _reader(self) -> Reader:
        config = self.session.config
        deadline, memory = config.crawl.read_deadline, config.limits.memory
        return self.session.shared("reader", lambda: Reader(deadline=deadline, memory=memory), Reader.close)

    def _problem(self, url: str, error: object) -> None:
        self.tally.problems.append(hushed(f"{url}: {error}"))
        self.logger.info("%s: %s", url, error)
