"""A cluster worker: claims units of any run until it is stopped, and resumes when the database comes back."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from attrs import Factory, define, field
from procrastinate import App
from procrastinate.exceptions import ConnectorException

from crawler.archives import Archive
from crawler.cluster.jobs import create_queue_tables, enqueue_units, open_app, queues_of
from crawler.cluster.reaper import Reaper
from crawler.config import Config
from crawler.errors import StoreError
from crawler.items import Unit
from crawler.settings import scrapy_settings
from crawler.store import NIGHT_RUN, REMATCH_RUN, REPLAY_RUN, Store
from crawler.web.session import Session
from crawler.web.throttle import refresh_pauses
from crawler.worker import ProgressCallback, UnitTasks, Worker, close_session, monotonic_clock, run_in_reactor
from crawler.worker_id import current_worker_id

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5  # between two polls for jobs, besides notifications; an estimate
RECONNECT_SECONDS = 1.0  # until the queue is tried again after the database failed
MAX_SLOT_WAIT_SECONDS = 10.0  # that a job waits for its platform; after a longer wait the unit is enqueued again
RECENT_RUNS = 5  # latest runs of each kind that are searched for open ones
# Kinds of runs whose units a worker does: without and with an archive.
LIVE_RUN_KINDS, REPLAY_RUN_KINDS = (NIGHT_RUN, REMATCH_RUN), (REPLAY_RUN,)


@define(kw_only=True)
class ClusterWorker:
    """A worker process. With an `archive` it does only units of replays; `session_clock` is its sessions' clock."""

    config: Config
    store: Store
    spiders: Mapping[str, type[Any]]
    tasks: UnitTasks
    progress: ProgressCallback = lambda *_: None
    archive: Archive | None = None
    session_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _app: App = field(init=False)
    _runner: Any = None
    _worker: Worker | None = None
    _running_units: int = 0
    _newest_unit: int = 0  # id of the newest unit for which a job has been sought
    _worker_lock: asyncio.Lock = Factory(asyncio.Lock)
    _clock: Any = Factory(monotonic_clock)

    def serve(self, platforms: Sequence[str] = ()) -> None:
        """Start the reactor and work until SIGTERM or SIGINT; then finish the running units.

        `platforms`: those to work on; empty means all.
        """
        run_in_reactor(self.config, lambda: self._serve(platforms), signals=False)

    async def _serve(self, platforms: Sequence[str]) -> None:
        from scrapy.crawler import AsyncCrawlerRunner

        stop_requested = asyncio.Event()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signal_number, stop_requested.set)
        self._runner = AsyncCrawlerRunner(scrapy_settings(self.config))
        self._clock = monotonic_clock(await asyncio.to_thread(self.store.admin.current_time))
        async with open_app(self.store).open_async() as app:
            self._app = app
            await create_queue_tables(app)
            sweeping = asyncio.create_task(self._sweep())
            try:
                await self._run_queue(stop_requested, platforms)
            finally:
                sweeping.cancel()
                with suppress(StoreError):  # units not finished in time are free at once
                    await asyncio.to_thread(self.store.queue.release, [current_worker_id()])
                await self._close_worker()

    async def _run_queue(self, stop_requested: asyncio.Event, platforms: Sequence[str]) -> None:
        """Work on jobs until a stop is requested; after a failure of the database, try again."""
        stopping = asyncio.create_task(stop_requested.wait())
        while not stop_requested.is_set():
            working = asyncio.create_task(self._app.run_worker_async(**self._queue_options(platforms)))
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if stop_requested.is_set():
                working.cancel()  # it finishes running jobs, for at most `cluster.patience` seconds
            with suppress(asyncio.CancelledError):
                try:
                    await working
                    logger.warning("the queue ended; trying again")
                except ConnectorException as error:
                    logger.warning("the queue does not answer; trying again: %s", error)
                await asyncio.wait((stopping,), timeout=RECONNECT_SECONDS)
        stopping.cancel()

    def _queue_options(self, platforms: Sequence[str]) -> dict[str, Any]:
        cluster = self.config.cluster
        return {
            "name": current_worker_id(),
            "concurrency": self.config.crawl.platforms_at_once,
            "additional_context": {"take": self.handle_unit},
            "fetch_job_polling_interval": POLL_SECONDS,
            "update_heartbeat_interval": cluster.beat,
            "stalled_worker_timeout": cluster.stale,
            "shutdown_graceful_timeout": cluster.patience,
            "delete_jobs": "always",  # the work queue records the outcome of a unit
            "install_signal_handlers": False,
            "queues": queues_of(platforms or sorted(self.spiders), self.archive is not None),
        }

    async def handle_unit(self, unit: int) -> None:
        """Claim and run one unit, if it may start within MAX_SLOT_WAIT_SECONDS; then enqueue what it led to."""
        started_at = claimed_at = time.monotonic()
        claim = await self._claim_unit(unit)
        while isinstance(claim, datetime):
            wait = max(0.0, (claim - self._clock()).total_seconds())
            if time.monotonic() + wait - started_at > MAX_SLOT_WAIT_SECONDS:
                return
            await asyncio.sleep(wait)
            claimed_at = time.monotonic()
            claim = await self._claim_unit(unit)
        if claim is None:
            return
        self._running_units += 1
        try:
            worker = await self._worker_for(claim.run)
            await asyncio.to_thread(refresh_pauses, worker.session)
            await worker.run_unit(self._runner, claim, claimed_at)
        finally:
            self._running_units -= 1
        await self._enqueue_new_units(claim.run)

    async def _claim_unit(self, unit: int) -> Unit | datetime | None:
        slots = {name: platform.slots for name, platform in self.config.platforms.items()}
        lease = self.config.crawl.lease
        return await asyncio.to_thread(self.store.queue.claim, unit, current_worker_id(), self._clock(), lease, slots)

    async def _enqueue_new_units(self, run: str) -> None:
        """Enqueue jobs for units planned since this worker last did so: the follow-ups of its units."""
        newest = await asyncio.to_thread(self.store.queue.last_unit_id, run)
        if newest > self._newest_unit:
            after, self._newest_unit = self._newest_unit, newest
            await self._enqueue_units(run, after)

    async def _enqueue_units(self, run: str, after: int = 0) -> None:
        await enqueue_units(self._app, self.store, run, self.config, self._clock(), after, self.archive is not None)

    async def _worker_for(self, run: str) -> Worker:
        """The worker of a run; each run gets its own session, because the registry may have changed since the last."""
        async with self._worker_lock:
            if self._worker is not None and self._worker.run_id == run:
                return self._worker
            while self._running_units > 1:
                await asyncio.sleep(POLL_SECONDS)
            await self._close_worker()
            run_record = await asyncio.to_thread(self.store.runs.get_run, run)
            started_at = run_record.started if run_record is not None else self._clock()
            plans_follow_ups = run_record is None or run_record.kind != REMATCH_RUN
            session = Session(
                config=self.config,
                store=self.store,
                now=self.session_clock,
                archive=self.archive,
                incremental=self.archive is None,
                started_at=started_at,
                plans_follow_ups=plans_follow_ups,
            )
            worker = Worker(
                session=session,
                run_id=run,
                spiders=self.spiders,
                progress=self.progress,
                tasks=self.tasks,
                clock=self._clock,
            )
            await worker.prepare(self._runner)
            self._newest_unit = await asyncio.to_thread(self.store.queue.last_unit_id, run)
            self._worker = worker
            return worker

    async def _close_worker(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await close_session(worker.session)

    async def _sweep(self) -> None:
        """Poll for units of dead workers, and for units without a job because the nightly run's command died."""
        reaper = Reaper(app=self._app, store=self.store, config=self.config)
        await asyncio.sleep(random.uniform(0, self.config.cluster.sweep))  # so that workers started together take turns
        while True:
            await asyncio.sleep(self.config.cluster.sweep)
            try:
                await reaper.reap(self._clock())
                for run in await asyncio.to_thread(self._open_runs):
                    await self._enqueue_units(run)
            except (StoreError, ConnectorException) as error:
                logger.warning("the look for units of dead workers failed: %s", error)

    def _open_runs(self) -> Iterable[str]:
        latest = self.store.runs.latest_runs
        kinds = LIVE_RUN_KINDS if self.archive is None else REPLAY_RUN_KINDS
        return [run.id for kind in kinds for run in latest(RECENT_RUNS, kind) if run.finished is None]
