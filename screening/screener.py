"""Screens listings against the registered works of a store in small batches, and writes the hits under a unit's claim.

Listings that sell a share are assessed again when the share has been read.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from attrs import Factory, define, evolve, field

from crawler.errors import StoreError
from crawler.items import Ask, AssessedListing, Assessment, Decision, Listing, ListingKind, Unit, UnitKind, Work
from crawler.store import Store
from matchers.assessor import Assessor
from matchers.decision import MIN_STORED_IDENTITY
from matchers.matcher import Context
from screening.match_context import build_context

CANDIDATE_THRESHOLD = 0.5  # identity from which the page of a list row is opened: an even chance
WRITE_BATCH_SIZE = 200
# Listings assessed in one call in a thread: some milliseconds, so that the event loop does not wait for long.
ASSESS_BATCH_SIZE = 20


@define(kw_only=True, eq=False)
class Screener:
    """Assesses listings against the registered works of a store. One is shared by all crawls of a worker.

    The matchers and the matching context are built at the first call; before that, `prepare_titles` gets the works.
    """

    store: Store
    now: Callable[[], datetime]
    prepare_titles: Callable[[Sequence[Work]], object] | None = None
    _built: tuple[Assessor, Context] | None = field(default=None, init=False)
    _build_lock: Any = field(default=Factory(Lock), init=False)
    _prefetch_lock: Any = field(default=Factory(Lock), init=False)  # matchers keep prefetched results in shared tables

    def assess(self, listing: Listing) -> tuple[Assessment, ...]:
        """An assessment for every work considered, the most probable identity first."""
        assessor, context = self._matchers()
        return assessor.assess(listing, context)

    def assess_batch(self, listings: Sequence[Listing]) -> list[AssessedListing]:
        """The listings, completed from the store, with their assessments."""
        stored = self.store.listings.merge_stored(listings)
        joined = [self.store.shares.add_share_contents(listing) for listing in stored]
        assessor, context = self._matchers()
        with self._prefetch_lock:
            assessments = assessor.assess_all(joined, context)
        return [
            AssessedListing(listing=listing, assessments=listing_assessments)
            for listing, listing_assessments in zip(joined, assessments, strict=True)
        ]

    def assess_share_sellers(self, batch: Iterable[AssessedListing]) -> list[AssessedListing]:
        """The listings that sell the shares of a batch, with the shares' state and files and new assessments."""
        share_links = [
            link for entry in batch if entry.listing.kind is ListingKind.SHARE for link in entry.listing.links
        ]
        listings = map(self.store.shares.add_share_contents, self.store.shares.listings_selling(share_links))
        return [AssessedListing(listing=listing, assessments=self.assess(listing)) for listing in listings]

    def prefetch(self, listings: Sequence[Listing]) -> None:
        """Look up in one go what `assess` needs for each of these listings."""
        assessor, _ = self._matchers()
        with self._prefetch_lock:
            assessor.prefetch(listings)

    def _matchers(self) -> tuple[Assessor, Context]:
        """The matchers, and the context that was read when they were built, with the current time."""
        with self._build_lock:
            if self._built is None:
                self._built = self._build_assessor(), build_context(self.store, self.now())
            assessor, context = self._built
        return assessor, evolve(context, now=self.now())

    def _build_assessor(self) -> Assessor:
        """Build the matchers, then exempt all live objects from garbage collection, which else stalls the event loop.

        With this, the longest stall of the loop over 10,000 works was 146 ms of CPU (bench/throughput.py).
        """
        works = self.store.works.registered_works()
        if self.prepare_titles is not None:
            self.prepare_titles(works)
        assessor = Assessor(works, MIN_STORED_IDENTITY)
        gc.collect()
        gc.freeze()
        return assessor


class MicroBatcher:
    """Assesses listings that wait at the same time together: one call in a thread and one query of the store.

    An error in one listing is raised for all of its batch; the unit is not done then and is retried.
    """

    def __init__(self, screener: Screener) -> None:
        self._screener = screener
        self._waiting: list[tuple[Listing, asyncio.Future[AssessedListing]]] = []
        self._task: asyncio.Task[None] | None = None

    async def assess(self, listing: Listing) -> AssessedListing:
        """The listing, completed from the store, with its assessments."""
        future: asyncio.Future[AssessedListing] = asyncio.get_running_loop().create_future()
        self._waiting.append((listing, future))
        if self._task is None:
            self._task = asyncio.ensure_future(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # let other listings of this turn of the loop join
            batch, self._waiting = self._waiting[:ASSESS_BATCH_SIZE], self._waiting[ASSESS_BATCH_SIZE:]
            try:
                results = await asyncio.to_thread(self._screener.assess_batch, [listing for listing, _ in batch])
            except Exception as error:  # noqa: BLE001 - raised for every waiting caller
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        self._task = None


class HitWriter:
    """Writes the assessed listings of a crawl in batches, under the claim of its unit.

    `on_failure` is called with the message of a StoreError; `on_lost` after every commit that failed, whatever the
    reason: the unit is not done then.
    """

    def __init__(
        self, screener: Screener, unit: Unit, on_failure: Callable[[str], None], on_lost: Callable[[], None]
    ) -> None:
        self._screener = screener
        self._unit = unit
        self._on_failure = on_failure
        self._on_lost = on_lost
        self._waiting: list[AssessedListing] = []

    async def add(self, entry: AssessedListing) -> None:
        """Queue a listing; commit when WRITE_BATCH_SIZE are waiting."""
        self._waiting.append(entry)
        if len(self._waiting) >= WRITE_BATCH_SIZE:
            await self.commit()

    async def commit(self) -> None:
        """Write the waiting listings, and the listings that sell the shares among them."""
        batch, self._waiting = self._waiting, []
        is_stored = False
        try:
            await asyncio.to_thread(self._write_batch, batch)
            is_stored = True
        except StoreError as error:
            self._on_failure(str(error))
        finally:
            if not is_stored:  # for every kind of error: Scrapy only logs what a pipeline raises on closing
                self._on_lost()

    def _write_batch(self, batch: list[AssessedListing]) -> None:
        store, now = self._screener.store, self._screener.now
        store.hits.write_batch(batch, self._unit, now())
        if sellers := self._screener.assess_share_sellers(batch):
            store.hits.write_batch(sellers, self._unit, now())


def follow_ups(
    listing: Listing, assessments: Sequence[Assessment], platforms: Collection[str]
) -> list[tuple[str, UnitKind, Ask]]:
    """The asks that a listing leads to: its own page, if it is a list row and a candidate, and the shares it links to.

    `platforms` are those whose shares can be requested. Licensed assessments do not make a listing a candidate.
    """
    asks: list[tuple[str, UnitKind, Ask]] = []
    unlicensed_assessments = [assessment for assessment in assessments if assessment.decision is not Decision.LICENSED]
    if not listing.whole and any(assessment.identity >= CANDIDATE_THRESHOLD for assessment in unlicensed_assessments):
        asks.append((listing.platform, UnitKind.DETAILS, Ask(url=listing.url)))
    if listing.kind is ListingKind.SHARE:
        links = listing.links[1:]  # the first is the share's own
    else:
        links = tuple(link for link in listing.links if link.platform != listing.platform)
    shares = (link for link in links if link.platform in platforms)
    asks += [(link.platform, UnitKind.SHARES, Ask(url=link.url, code=link.code)) for link in shares]
    return asks
