"""A session's listings against its registry: assessed when they come, and again when a share that they sell was read.

The index is built once for each session. What is assessed is stored in batches, fenced by the unit's claim.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from crawler.errors import StoreError
from crawler.items import Assessed, Assessment, Listing, ListingKind
from crawler.web.session import Session
from crawler.web.visit import Visit
from matchers import Context
from matchers.assess import Assessor
from matchers.weigh import STORED

BATCH = 200


def assessed(session: Session, listing: Listing) -> tuple[Assessment, ...]:
    """Identity and offence for every work that comes into question, best work first."""
    assessor = session.shared("assessor", lambda: Assessor(session.store.registry(), STORED))
    return assessor.assess(listing, Context(now=session.now(), language=session.config.language))


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
        try:
            await asyncio.to_thread(self._write, batch)
        except StoreError as error:
            self._spider.tally.lost = True
            self._spider.tally.problems.append(str(error))

    def _write(self, batch: list[Assessed]) -> None:
        session = self._spider.session
        session.store.hits.write(batch, self._spider.unit, session.now())
        if again := sellers_again(session, batch):
            session.store.hits.write(again, self._spider.unit, session.now())
