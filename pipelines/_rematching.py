"""Stored listings against the registry as it is now, without asking the web: what changed is written, the rest stays.

A unit names a platform and the beginning of its listings' ids; see crawler.store.listings.
"""

from __future__ import annotations

import asyncio
from threading import Lock

from crawler.items import AssessedListing, Decision, Unit
from crawler.store.listings import StoredListing
from crawler.units import follow_ups
from crawler.web.session import CrawlStats, Session
from matchers.assess import differs
from pipelines._assessing import WRITE_BATCH_SIZE, assess_listing, session_assessor
from spiders._claims import enabled_drives


async def rematch_unit(session: Session, unit: Unit, stats: CrawlStats) -> None:
    """Assess the listings of a unit again; a batch at a time in a thread, each written under the unit's claim."""
    for ask in unit.asks:
        stored_listings = await asyncio.to_thread(session.store.listings.read_portion, unit.spider, ask.question or "")
        for start in range(0, len(stored_listings), WRITE_BATCH_SIZE):
            await asyncio.to_thread(
                _rematch_batch, session, unit, stats, stored_listings[start : start + WRITE_BATCH_SIZE]
            )


def _rematch_batch(session: Session, unit: Unit, stats: CrawlStats, stored_listings: list[StoredListing]) -> None:
    drives = enabled_drives(session.config, session.archive is not None)
    changed = []
    listings = [session.store.shares.add_share_contents(stored_listing.listing) for stored_listing in stored_listings]
    with session.get_or_build("warming", Lock):
        session_assessor(session).prefetch(listings)
    for stored_listing, listing in zip(stored_listings, listings, strict=True):
        assessments = assess_listing(session, listing)
        stats.matched += 1
        if differs(stored_listing.hits, assessments):
            stats.changed += 1
            stats.hits += any(part.decision is Decision.HIT for part in assessments)
            changed.append(AssessedListing(listing=listing, assessments=assessments))
            for name, kind, ask in follow_ups(listing, assessments, drives) if session.plans_follow_ups else ():
                stats.follow_ups[drives.get(name, name), kind][ask] = None
    if changed:
        session.store.hits.write_batch(changed, unit, session.now())
