"""Stored listings against the registry as it is now, without asking the web: what changed is written, the rest stays.

A unit names a platform and the beginning of its listings' ids; see crawler.store.listings.
"""

from __future__ import annotations

import asyncio
from threading import Lock

from crawler.items import Assessed, Decision, Unit
from crawler.store.listings import Stored
from crawler.units import follow_ups
from crawler.web.session import Session, Tally
from matchers.assess import differs
from pipelines._assessing import BATCH, assessed, assessor_of
from spiders._claims import drives_on


async def rematch(session: Session, unit: Unit, tally: Tally) -> None:
    """Assess the listings of a unit again; a batch at a time in a thread, each written under the unit's claim."""
    for ask in unit.asks:
        stored = await asyncio.to_thread(session.store.listings.portion, unit.spider, ask.question or "")
        for start in range(0, len(stored), BATCH):
            await asyncio.to_thread(_batch, session, unit, tally, stored[start : start + BATCH])


def _batch(session: Session, unit: Unit, tally: Tally, stored: list[Stored]) -> None:
    drives = drives_on(session.config, session.archive is not None)
    changed = []
    joined = [session.store.shares.joined(each.listing) for each in stored]
    with session.shared("warming", Lock):
        assessor_of(session).warm(joined)
    for each, listing in zip(stored, joined, strict=True):
        found = assessed(session, listing)
        tally.matched += 1
        if differs(each.hits, found):
            tally.changed += 1
            tally.hits += any(part.decision is Decision.HIT for part in found)
            changed.append(Assessed(listing=listing, assessments=found))
            for name, kind, ask in follow_ups(listing, found, drives) if session.follow else ():
                tally.follow[drives.get(name, name), kind][ask] = None
    if changed:
        session.store.hits.write(changed, unit, session.now())
