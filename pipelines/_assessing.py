"""A session's listings against its registry: assessed when they come, and again when a share that they sell was read.

The index is built once for each session. What is assessed is stored in batches, fenced by the unit's claim.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from threading import Lock

from attrs import evolve

from crawler.errors import StoreError
from crawler.items import Assessed, Assessment, Listing, ListingKind
from crawler.web.session import Session
from crawler.web.visit import Visit
from matchers import Context
from matchers.assess import Assessor
from matchers.weigh import STORED
from pipelines._knowing import context_of
from pipelines._sharing import share_titles

BATCH = 200
AT_ONCE = 20  # listings in one hop: some milliseconds, so that the loop's thread is not kept from its turn for long


def assessed(session: Session, listing: Listing) -> tuple[Assessment, ...]:
    """Identity and offence for every work that comes into question, best work first."""
    return assessor_of(session).assess(listing, evolve(knowledge_of(session), now=session.now()))


def knowledge_of(session: Session) -> Context:
    """What the store knows besides works, as it was when the session first asked."""
    return session.shared("context", lambda: context_of(session.store, session.now(), session.config.language))


def assessor_of(session: Session) -> Assessor:
    """The session's matchers over its registry."""
    return session.shared("assessor", lambda: _assessor(session))


def _assessor(session: Session) -> Assessor:
    """Built once; then all that lives is left out of garbage collection, which else stops the loop to look at it.

    The longest stall of the loop over 10,000 works was 146 ms of CPU with it (bench/throughput.py).
    """
    works = session.store.registry()
    if session.config.cluster.hand_out and session.archive is None:
        share_titles(session, works)
    made = Assessor(works, STORED)
    gc.collect()
    gc.freeze()
    return made


class Together:
    """Listings that wait at the same time are assessed in one go: one hop to a thread and one look into the store.

    An error of one is an error of all that waited with it; the unit is not done then and comes again.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[tuple[Listing, asyncio.Future[Assessed]]] = []
        self._task: asyncio.Task[None] | None = None

    async def assess(self, listing: Listing) -> Assessed:
        """The listing, joined with what is known of it, and its assessments."""
        done: asyncio.Future[Assessed] = asyncio.get_running_loop().create_future()
        self._waiting.append((listing, done))
        if self._task is None:
            self._task = asyncio.ensure_future(self._work_off())
        return await done

    async def _work_off(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever comes in this turn of the loop comes along
            now, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            try:
                found = await asyncio.to_thread(self._assessed, [listing for listing, _ in now])
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits, none is left waiting
                for _, done in now:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_, done), each in zip(now, found, strict=True):
                if not done.done():
                    done.set_result(each)
        self._task = None

    def _assessed(self, listings: list[Listing]) -> list[Assessed]:
        store = self._session.store
        joined = [store.shares.joined(each) for each in store.hits.all_merged(listings)]
        context = evolve(knowledge_of(self._session), now=self._session.now())
        with self._session.shared("warming", Lock):  # what is looked up ahead is kept in tables of the matchers
            found = assessor_of(self._session).assess_all(joined, context)
        return [Assessed(listing=each, assessments=one) for each, one in zip(joined, found, strict=True)]


def sellers_again(session: Session, batch: Iterable[Assessed]) -> list[Assessed]:
    """The listings that sell the shares of a batch, with what was found in them: state, files, and so the works."""
    asked = [link for each in batch if each.listing.kind is ListingKind.SHARE for link in each.listing.links]
    listings = map(session.store.shares.joined, session.store.shares.sold_by(asked))
    return [Assessed(listing=listing, assessments=assessed(session, listing)) for listing in listings]


class Batch:
    """What a crawl has assessed and not yet committed. A failed commit is noted: the unit is not done then."""

    def __init__(self, spider: Visit) -> None:
        self._spider = spider
        self._waiting: list[Assessed] = []

    async def add(self, each: Assessed) -> None:
        """Queue; commit when BATCH are waiting."""
        self._waiting.append(each)
        if len(self._waiting) >= BATCH:
            await self.commit()

    async def commit(self) -> None:
        """Write what waits, and the listings that sell the shares in it."""
        batch, self._waiting = self._waiting, []
        tally, stored = self._spider.tally, False
        try:
            await asyncio.to_thread(self._write, batch)
            stored = True
        except StoreError as error:
            tally.problems.append(str(error))
        finally:
            tally.lost |= not stored  # whatever went wrong: scrapy only logs what a pipeline raises at the end

    def _write(self, batch: list[Assessed]) -> None:
        session = self._spider.session
        session.store.hits.write(batch, self._spider.unit, session.now())
        if again := sellers_again(session, batch):
            session.store.hits.write(again, self._spider.unit, session.now())
