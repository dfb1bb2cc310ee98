"""A rematch as units of work: planned over all stored listings by ranges of their ids, each unit done by any worker.

No requests are sent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

from attrs import evolve

from crawler.config import Config
from crawler.errors import Interrupted
from crawler.items import Unit, UnitKind, UnitState
from crawler.messages import render_message
from crawler.store import REMATCH_RUN, Store, StoredListing
from crawler.web.session import CrawlStats, Session
from pipelines.session_screening import screener_of
from screening.rematch_listings import RematchCounts, find_change, is_any_hit
from screening.screener import WRITE_BATCH_SIZE, follow_ups
from spiders.catalogue import enabled_drives


def rematch_on_cluster(store: Store, config: Config, now: Callable[[], datetime]) -> RematchCounts:
    """Plan a rematch, hand its units to the workers and wait for them; returns the counts.

    Raises Busy while a night runs, Interrupted if some units were not done.
    """
    from crawler.cluster import supervise_run

    with store.admin.night_lock():
        _close_stale_runs(store, now())
        date = f"{now().astimezone(config.zone):%Y-%m-%d}"
        run = f"{now().astimezone(config.zone):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
        store.runs.start_run(run, date, now(), REMATCH_RUN)
        for name, id_prefixes in store.listings.portion_asks().items():
            store.queue.plan_platform(run, name, {(name, UnitKind.REMATCH): [(ask,) for ask in id_prefixes]})
        supervise_run(Session(config=config, store=store, now=now), run)
        outcomes = store.queue.unit_outcomes(run)
        undone = sum(state is not UnitState.DONE for _, _, state, _ in outcomes)
        store.runs.finish_run(run, "unhealthy" if undone else "done", {}, now())
    if undone:
        raise Interrupted(render_message("desk.cli", "rematch_undone", config.language, units=undone))
    numbers = [[outcome.get(name, 0) for _, _, _, outcome in outcomes] for name in ("matched", "changed", "hits")]
    listings, changed, hits = map(sum, numbers)
    return RematchCounts(listings=listings, changed=changed, hits=hits)


def _close_stale_runs(store: Store, now: datetime) -> None:
    for run in store.runs.latest_runs(kind=REMATCH_RUN):
        if run.finished is None:
            store.queue.skip_units(run.id)
            store.runs.finish_run(run.id, "unhealthy", {}, now)


async def rematch_unit(session: Session, unit: Unit, stats: CrawlStats) -> None:
    """Reassess the listings of a unit, a batch at a time in a thread; each batch is written under the unit's claim."""
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
    screener = screener_of(session)
    screener.prefetch(listings)
    for stored_listing, listing in zip(stored_listings, listings, strict=True):
        assessments = screener.assess(listing)
        stats.matched += 1
        if assessed := find_change(evolve(stored_listing, listing=listing), assessments):
            stats.changed += 1
            stats.hits += is_any_hit(assessed.assessments)
            changed.append(assessed)
            for name, kind, ask in (
                follow_ups(listing, assessed.assessments, drives) if session.plans_follow_ups else ()
            ):
                stats.follow_ups[drives.get(name, name), kind][ask] = None
    if changed:
        session.store.hits.write_batch(changed, unit, session.now())
