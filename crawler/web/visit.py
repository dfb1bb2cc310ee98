"""Visit: what a crawl does around a platform's `search`, `open` and `read`; the Scrapy half of every spider.

One crawl works on one unit. Each page's outcome is counted, each listing becomes an item, each follow-up a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import scrapy
from attrs import evolve, field, frozen
from scrapy.exceptions import CloseSpider
from scrapy.http import Response, TextResponse
from twisted.python.failure import Failure

from crawler.archives import Answer
from crawler.errors import SwordnetError
from crawler.items import Ask, Listing, ListingKind, Outcome, Unit, UnitKind
from crawler.page import Page, Request
from crawler.page.boundary import bounded
from crawler.page.outcome import outcome_of
from crawler.page.reading import ReadCrash, Reader, ReadTimeout
from crawler.secrets import hushed
from crawler.urls import canonical
from crawler.web.browser import rendered, rendering
from crawler.web.limits import Unanswered
from crawler.web.outcomes import outcome_of_failure, outcome_of_response
from crawler.web.session import Session, Tally

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


_LIMITS: dict[type, tuple[str, ...]] = {ReadTimeout: ("read_deadline",), ReadCrash: ("memory",)}


@frozen(kw_only=True)
class Seen:
    """A listing on its way through the pipelines, with the bytes of the page it was read from."""

    listing: Listing
    body: bytes = field(repr=False)


class Visit(scrapy.Spider):
    """A crawl over one unit. Subclassed once, by spiders.PlatformSpider."""

    browser: ClassVar[bool] = False  # True: some requests of this platform need Chromium
    kind: ClassVar[ListingKind] = ListingKind.OFFER
    rows_suffice: ClassVar[bool] = False
    judges_itself: ClassVar[bool] = False
    pace: ClassVar[float] = 0.0
    session: Session
    unit: Unit
    tally: Tally

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Platforms that need a browser get its download handler; the others never load it."""
        super().update_settings(settings)
        if cls.browser or cls.name in settings.getlist("SWORDNET_RENDERED"):
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
        spider.templates, spider.base = config.templates, config.base
        if cls.pace and spider.session.archive is None:
            pace = config.pace or cls.pace
            slow = {"DOWNLOAD_DELAY": pace, "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY_JITTER": 0}
            for name, value in slow.items():
                crawler.settings.set(name, value, priority="spider")
        return spider

    templates: tuple[str, ...] = ()
    base: str = ""

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """The unit's asks as requests. Shares with an answer that is still good are not asked again."""
        asks: Sequence[Ask] = self.unit.asks
        if self.unit.kind is UnitKind.SHARES:
            asks = await asyncio.to_thread(self.session.store.shares.due, asks, self.session.now())
            if len(asks) < len(self.unit.asks):
                self.tally.outcomes[Outcome.UNCHANGED] += len(self.unit.asks) - len(asks)
        asked = self._recorded() if self.session.captured else [made for ask in asks for made in self._made(ask)]
        for request in asked:
            yield self._request(request, dont_filter=True)

    async def parse(self, response: Response, **_: Any) -> AsyncIterator[Seen | scrapy.Request]:
        """Read one answer."""
        page = _page(response)
        arrived = outcome_of_response(response)
        found = await self._understood(page, arrived)
        for request in self._worth_following([each for each in found if isinstance(each, Request)], response):
            yield request
        for each in found:
            if isinstance(each, Request):
                continue
            if self.session.limit is None or self.tally.listings < self.session.limit:
                self.tally.listings += 1
                yield Seen(listing=self._complete(each, page), body=page.body)
        if self.tally.outcomes[Outcome.BLOCKED] and self.unit.kind is UnitKind.SHARES:
            raise CloseSpider("throttled")  # the unit pauses, and asks only what is still open

    def _worth_following(self, found: list[Request], response: Response) -> Iterator[scrapy.Request]:
        """Requests of a page within the bounds on result pages, links and depth."""
        limits, depth = self.session.config.limits, response.meta.get("depth", 0)
        wanted = [each for each in found if each.page <= self.session.config.crawl.pages_per_question]
        if wanted and depth >= limits.depth:
            self.tally.limits["depth"] += len(wanted)
            return
        self.tally.limits.update({"links": len(wanted) - limits.links} if len(wanted) > limits.links else {})
        yield from map(self._request, wanted[: limits.links])

    async def _understood(self, page: Page, arrived: Outcome | None) -> list[Listing | Request]:
        """What the spider reads from a page, and its outcome counted; `arrived` is one that no body can change."""
        outcome = arrived or outcome_of(page.status, page.body, page.content_type, page.url)
        found: list[Listing | Request] = []
        if outcome is Outcome.LIVE or (self.judges_itself and page.body and arrived is None):
            try:
                found = await self._reader().read(self.name, page)
            except SwordnetError as error:
                outcome = Outcome.ERROR
                self.tally.limits.update(_LIMITS.get(type(error), ()))
                self._problem(page.url, error)
        elif outcome is not Outcome.GONE:
            self._problem(page.url, f"{outcome.value}, status {page.status}")
        if len(found) == 1 and isinstance(found[0], Listing):
            outcome = found[0].outcome
        self.tally.outcomes[outcome] += 1
        return found

    def failed(self, failure: Failure) -> None:
        """Count a request that brought no page."""
        error = failure.value or RuntimeError()
        self.tally.outcomes[outcome_of_failure(error)] += 1
        if isinstance(error, Unanswered) and error.limit:
            self.tally.limits[error.limit] += 1
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        self._problem(request.url, error)

    def ask_next(self, spider: str, kind: UnitKind, ask: Ask) -> None:
        """Ask this in the next wave."""
        if self.session.follow:
            self.tally.follow[spider, kind][ask] = None

    def _made(self, ask: Ask) -> Iterable[Request]:
        try:
            if ask.question is None:
                return [self.open(ask.url, ask.code)]  # type: ignore[attr-defined]
            made = self.search(ask.question)  # type: ignore[attr-defined]
            return [made] if isinstance(made, Request) else list(made)
        except SwordnetError as error:
            self.tally.outcomes[Outcome.REFUSED] += 1
            self._problem(ask.url or "", error)
            return []

    def _recorded(self) -> list[Request]:
        wanted = {ask.url for ask in self.unit.asks}
        archive = self.session.archive or ()
        return [_as_asked(each) for each in archive if each.url in wanted]

    def _request(self, request: Request, dont_filter: bool = False) -> scrapy.Request:
        meta: dict[str, Any] = {"values": dict(request.values)}
        if request.browser or self.session.config.platform(self.name).browser:
            meta |= rendered(request, self.session)
        return scrapy.Request(
            _rebased(request.url, self.base),
            method=request.method,
            headers=dict(request.headers),
            body=request.body,
            meta=meta,
            callback=self.parse,
            errback=self.failed,
            dont_filter=dont_filter,
        )

    def _complete(self, listing: Listing, page: Page) -> Listing:
        whole = (
            self.rows_suffice
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


def _rebased(url: str, base: str) -> str:
    """An address with another scheme and host, where the configuration names one for the platform."""
    return urlunsplit((*urlsplit(base)[:2], *urlsplit(url)[2:])) if base else url


def _as_asked(answer: Answer) -> Request:
    """The request that a recorded answer belongs to; what was sent stands in its values for `read`."""
    sent = {"request_body": answer.request_body.decode("utf-8", "replace")} if answer.request_body else {}
    return Request(url=answer.url, method=answer.method, body=answer.request_body, values={**sent, **answer.values})


def _page(response: Response) -> Page:
    kind = response.headers.get("Content-Type") or b""
    body = response.body
    if isinstance(response, TextResponse) and response.meta.get("playwright"):
        body, kind = response.text.encode("utf-8"), b"text/html; charset=utf-8"
    return Page(
        url=response.url,
        body=body,
        content_type=kind.decode("latin-1"),
        status=response.status,
        values=response.meta.get("values", {}),
    )
