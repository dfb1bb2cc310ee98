"""The nightly run's command in a cluster: enqueues units until none is open; workers elsewhere do the work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from procrastinate.exceptions import ConnectorException

from crawler.cluster.jobs import create_queue_tables, enqueue_units, open_app
from crawler.cluster.reaper import Reaper
from crawler.errors import StoreError
from crawler.web.session import Session
from crawler.worker import monotonic_clock

logger = logging.getLogger(__name__)
POLL_SECONDS = 1.0  # between two polls for units that have become due, at least
POLL_COST_FACTOR = 10  # the wait is at least this many times a poll's duration: polling takes a tenth of a core at most


def supervise_run(session: Session, run: str, report_progress: Callable[[str], None] = lambda _: None) -> None:
    """Enqueue due units and release those of dead workers until no unit of `run` is open or `session.stop_at` is past.

    `report_progress` is called with the run after each poll. Raises StoreError where the database does not answer for
    `cluster.patience` seconds.
    """
    config, store = session.config, session.store

    async def main() -> None:
        clock = monotonic_clock(await asyncio.to_thread(store.admin.current_time))
        async with open_app(store).open_async() as app:
            await create_queue_tables(app)
            reaper = Reaper(app=app, store=store, config=config)
            reaped_at = answered_at = clock()
            while session.stop_at is None or clock() < session.stop_at:
                started_at = clock()
                try:
                    if not await asyncio.to_thread(store.queue.count_open_units, run):
                        return
                    if (started_at - reaped_at).total_seconds() >= config.cluster.sweep:
                        reaped_at = started_at
                        await reaper.reap(reaped_at)
                    await enqueue_units(app, store, run, config, started_at, is_replay=session.archive is not None)
                    await asyncio.to_thread(report_progress, run)
                    answered_at = clock()
                except (StoreError, ConnectorException) as error:
                    if (clock() - answered_at).total_seconds() > config.cluster.patience:
                        raise StoreError(f"the database has not answered for long: {error}") from error
                    logger.warning("the database does not answer; trying again: %s", error)
                await asyncio.sleep(max(POLL_SECONDS, POLL_COST_FACTOR * (clock() - started_at).total_seconds()))

    asyncio.run(main())
