"""Screens the listings of a session against its registry in small batches and writes the hits under the claim of the
unit.

Listings that sell a share are assessed again when the share was read.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from threading import Lock

from attrs import evolve

from crawler.errors import StoreError
from crawler.items import AssessedListing, Assessment, Listing, ListingKind
from crawler.web.platform_spider import PlatformSpider
from crawler.web.session import Session
from matchers.assessor import Assessor
from matchers.decision import MIN_STORED_IDENTITY
from matchers.matcher import Context
from screening.index_cache import ensure_title_index
from screening.match_context import build_context

WRITE_BATCH_SIZE = 200
ASSESS_BATCH_SIZE = (
    20  # listings in one hop: some milliseconds, so that the loop's thread is not kept from its turn for long
)


def assess_listing(session: Session, listing: Listing) -> tuple[Assessment, ...]:
    """Identity and offence for every work that comes into question, best work first."""
    return session_assessor(session).assess(listing, evolve(session_context(session), now=session.now()))


def session_context(session: Session) -> Context:
    """What the store knows besides works, as it was when the session first asked."""
    return session.get_or_build("context", lambda: build_context(session.store, session.now(), session.config.language))


def session_assessor(session: Session) -> Assessor:
    """The session's matchers over its registry."""
    return session.get_or_build("assessor", lambda: _build_assessor(session))


def _build_assessor(session: Session) -> Assessor:
    """Built once; then all that lives is left out of garbage collection, which else stops the loop to look at it.

    The longest stall of the loop over 10,000 works was 146 ms of CPU with it (bench/throughput.py).
    """
    works = session.store.works.registered_works()
    if session.config.cluster.hand_out and session.archive is None:
        ensure_title_index(session, works)
    assessor = Assessor(works, MIN_STORED_IDENTITY)
    gc.collect()
    gc.freeze()
    return assessor


class MicroBatcher:
    """Listings that wait at the same time are assessed in one go: one hop to a thread and one look into the store.

    An error of one is an error of all that waited with it; the unit is not done then and comes again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[tuple[Listing, asyncio.Future[AssessedListing]]] = []
        self._task: asyncio.Task[None] | None = None

    async def assess(self, listing: Listing) -> AssessedListing:
        """The listing, joined with what is known of it, and its assessments."""
        future: asyncio.Future[AssessedListing] = asyncio.get_running_loop().create_future()
        self._waiting.append((listing, future))
        if self._task is None:
            self._task = asyncio.ensure_future(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever comes in this turn of the loop comes along
            batch, self._waiting = self._waiting[:ASSESS_BATCH_SIZE], self._waiting[ASSESS_BATCH_SIZE:]
            try:
                results = await asyncio.to_thread(self._assess_batch, [listing for listing, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits, none is left waiting
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        self._task = None

    def _assess_batch(self, listings: list[Listing]) -> list[AssessedListing]:
        store = self._session.store
        joined = [store.shares.add_share_contents(listing) for listing in store.listings.merge_stored(listings)]
        context = evolve(session_context(self._session), now=self._session.now())
        with self._session.get_or_build("warming", Lock):  # what is looked up ahead is kept in tables of the matchers
            assessments = session_assessor(self._session).assess_all(joined, context)
        return [
            AssessedListing(listing=listing, assessments=listing_assessments)
            for listing, listing_assessments in zip(joined, assessments, strict=True)
        ]


def reassess_share_sellers(session: Session, batch: Iterable[AssessedListing]) -> list[AssessedListing]:
    """The listings that sell the shares of a batch, with what was found in them: state, files, and so the works."""
    share_links = [link for entry in batch if entry.listing.kind is ListingKind.SHARE for link in entry.listing.links]
    listings = map(session.store.shares.add_share_contents, session.store.shares.listings_selling(share_links))
    return [AssessedListing(listing=listing, assessments=assess_listing(session, listing)) for listing in listings]


class HitWriter:
    """What a crawl has assessed and not yet committed. A failed commit is noted: the unit is not done then."""

    def __init__(self, spider: PlatformSpider) -> None:
        self._spider = spider
        self._waiting: list[AssessedListing] = []

    async def add(self, entry: AssessedListing) -> None:
        """Queue; commit when BATCH are waiting."""
        self._waiting.append(entry)
        if len(self._waiting) >= WRITE_BATCH_SIZE:
            await self.commit()

    async def commit(self) -> None:
        """Write what waits, and the listings that sell the shares in it."""
        batch, self._waiting = self._waiting, []
        stats, is_stored = self._spider.stats, False
        try:
            await asyncio.to_thread(self._write_batch, batch)
            is_stored = True
        except StoreError as error:
            stats.problems.append(str(error))
        finally:
            stats.has_lost_data |= (
                not is_stored
            )  # whatever went wrong: scrapy only logs what a pipeline raises at the end

    def _write_batch(self, batch: list[AssessedListing]) -> None:
        session = self._spider.session
        session.store.hits.write_batch(batch, self._spider.unit, session.now())
        if sellers := reassess_share_sellers(session, batch):
            session.store.hits.write_batch(sellers, self._spider.unit, session.now())
