"""Many machines: the ledger's units handed out by Procrastinate over PostgreSQL; the only module that imports it.

A job carries the number of a unit and nothing else. The ledger stays the truth: a job whose unit is done, held or not
due does nothing, and a unit without a job gets one at the next look, so a queue that was wiped loses nothing. Jobs of
a platform share `platforms.NAME.slots` locks. A worker that shows no sign of life for `cluster.stale` seconds is dead:
its units are free again, and what it writes after all is refused, because the next attempt has another number.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import Factory, define, field
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from crawler.config import Config
from crawler.errors import StoreError
from crawler.holders import holder
from crawler.settings import scrapy_settings
from crawler.store import Store
from crawler.web.session import Session
from crawler.work import Progress, Tasks, Worker, closed, in_reactor, steady

logger = logging.getLogger(__name__)

JOB = "swordnet.unit"
OFTEN = 1.0  # seconds between two looks of a night for units that have become due
SELDOM = 10  # times as long as such a look takes, so that it costs at most a tenth of a core
POLL = 0.5  # seconds between two looks of a worker for jobs, beside being notified; an estimate
TRIES = 10
SHORT = 10.0  # seconds that a job waits for its platform; for longer the unit is handed out again later


async def work_on(context: JobContext, unit: int) -> None:
    """Work on a unit, wherever the job arrived."""
    machine: Machine = context.additional_context["machine"]
    await machine.take(unit)


def opened(store: Store) -> App:
    """The queue in the store's database. Raises StoreError where that is not PostgreSQL."""
    if store.conninfo is None:
        raise StoreError("cluster.hand_out and swordnet worker need PostgreSQL: set store.url, see swordnet db migrate")
    queue = App(connector=PsycopgConnector(conninfo=store.conninfo))
    queue.task(name=JOB, pass_context=True)(work_on)
    return queue


async def prepare(queue: App) -> None:
    """Make the queue's tables where there are none; others may be doing the same at this moment."""
    for _ in range(TRIES):
        if await queue.check_connection_async():
            return
        try:
            await queue.schema_manager.apply_schema_async()
        except ConnectorException:
            await asyncio.sleep(POLL)
    raise StoreError("the tables of the queue could not be made")


async def hand_out(queue: App, store: Store, run: str, config: Config, now: datetime, after: int = 0) -> int:
    """Give every unit (planned after that one) that may be begun a job, unless it has one; returns how many."""
    due = await asyncio.to_thread(store.units.due, run, now, after)
    if not due:
        return 0
    known = await _live(queue)
    missing = [unit for unit in due if unit.id not in known]
    for number, unit in enumerate(missing):
        lock = f"{unit.spider}#{unit.id % config.platform(unit.spider).slots}"
        made = queue.configure_task(JOB, queue=unit.spider, lock=lock, priority=-min(number, 30_000))
        await made.defer_async(unit=unit.id)
    return len(missing)


async def take_back(queue: App, store: Store, config: Config, now: datetime) -> list[int]:
    """Free the units of workers that fell silent, and then their jobs for others; returns the units."""
    manager = queue.job_manager
    stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=config.cluster.stale, task_name=JOB))
    if not stalled:
        return []
    silent = timedelta(seconds=config.crawl.lease - config.cluster.stale)
    free = await asyncio.to_thread(store.units.free, [_unit(job) for job in stalled], now + silent)
    for job in stalled:
        if _unit(job) in free:
            logger.warning("unit %s: no sign of life of its worker for %g s", _unit(job), config.cluster.stale)
            await manager.retry_job(job)
    return sorted(free)


def _unit(job: Job) -> int:
    return int(str(job.task_kwargs["unit"]))


async def _live(queue: App) -> set[int]:
    """The units that have a job which waits or runs."""
    found: set[int] = set()
    for status in (Status.TODO, Status.DOING):
        jobs = await queue.job_manager.list_jobs_async(task=JOB, status=status.value)
        found.update(_unit(job) for job in jobs)
    return found


def oversee(session: Session, run: str) -> None:
    """Hand out the units of a run until none is open; the work is done by workers elsewhere."""
    config, store = session.config, session.store
    clock = steady()

    async def main() -> None:
        async with opened(store).open_async() as queue:
            await prepare(queue)
            looked = answered = clock()
            while session.until is None or clock() < session.until:
                begun = clock()
                try:
                    if not await asyncio.to_thread(store.units.unfinished, run):
                        return
                    if (begun - looked).total_seconds() >= config.cluster.sweep:
                        looked = begun
                        await take_back(queue, store, config, looked)
                    await hand_out(queue, store, run, config, begun)
                    answered = clock()
                except (StoreError, ConnectorException) as error:
                    if (clock() - answered).total_seconds() > config.cluster.patience:
                        raise StoreError(f"the database has not answered for long: {error}") from error
                    logger.warning("the database does not answer; trying again: %s", error)
                await asyncio.sleep(max(OFTEN, SELDOM * (clock() - begun).total_seconds()))

    asyncio.run(main())


@define(kw_only=True)
class Machine:
    """A worker: takes units of any night as long as it lives."""

    config: Config
    store: Store
    spiders: Mapping[str, type[Any]]
    tasks: Tasks
    progress: Progress = lambda *_: None
    _queue: App = field(init=False)
    _runner: Any = None
    _worker: Worker | None = None
    _doing: int = 0
    _seen: int = 0  # the newest unit that has been looked for
    _ready: asyncio.Lock = Factory(asyncio.Lock)
    _now: Callable[[], datetime] = Factory(steady)

    def serve(self, platforms: Sequence[str] = ()) -> None:
        """Work until told to stop (SIGTERM, SIGINT); then end what was begun. Starts the reactor."""
        in_reactor(self.config, lambda: self._serve(platforms), signals=False)

    async def _serve(self, platforms: Sequence[str]) -> None:
        from scrapy.crawler import AsyncCrawlerRunner

        self._runner = AsyncCrawlerRunner(scrapy_settings(self.config))
        async with opened(self.store).open_async() as queue:
            self._queue = queue
            await prepare(queue)
            sweeping = asyncio.create_task(self._sweep())
            try:
                await queue.run_worker_async(**self._options(platforms))
            finally:
                sweeping.cancel()
                await self._retire()

    def _options(self, platforms: Sequence[str]) -> dict[str, Any]:
        cluster = self.config.cluster
        return {
            "name": holder(),
            "concurrency": self.config.crawl.platforms_at_once,
            "additional_context": {"machine": self},
            "fetch_job_polling_interval": POLL,
            "update_heartbeat_interval": cluster.beat,
            "stalled_worker_timeout": cluster.stale,
            "shutdown_graceful_timeout": cluster.patience,
            "delete_jobs": "successful",
            **({"queues": list(platforms)} if platforms else {}),
        }

    async def take(self, unit: int) -> None:
        """Work on one unit, if it may be begun."""
        lease = self.config.crawl.lease
        taken = await asyncio.to_thread(self.store.units.take, unit, holder(), self._now(), lease)
        if isinstance(taken, datetime) and (wait := (taken - self._now()).total_seconds()) <= SHORT:
            await asyncio.sleep(max(0.0, wait))
            taken = await asyncio.to_thread(self.store.units.take, unit, holder(), self._now(), lease)
        if taken is None or isinstance(taken, datetime):
            return
        self._doing += 1
        try:
            worker = await self._of(taken.run)
            await worker.run_unit(self._runner, taken)
        finally:
            self._doing -= 1
        await self._hand_out_new(taken.run)

    async def _hand_out_new(self, run: str) -> None:
        """Jobs for what has been planned since this worker last looked: what its units led to."""
        newest = await asyncio.to_thread(self.store.units.newest, run)
        if newest > self._seen:
            after, self._seen = self._seen, newest
            await hand_out(self._queue, self.store, run, self.config, self._now(), after)

    async def _of(self, run: str) -> Worker:
        """The worker of a run: each has a session of its own, because the registry may have changed since the last."""
        async with self._ready:
            if self._worker is not None and self._worker.run_id == run:
                return self._worker
            while self._doing > 1:
                await asyncio.sleep(POLL)
            await self._retire()
            known = await asyncio.to_thread(self.store.runs.get, run)
            begun = known.started if known is not None else datetime.now(UTC)
            session = Session(config=self.config, store=self.store, incremental=True, begun=begun)
            made = Worker(session=session, run_id=run, spiders=self.spiders, progress=self.progress, tasks=self.tasks)
            await made.prepare(self._runner)
            self._seen = await asyncio.to_thread(self.store.units.newest, run)
            self._worker = made
            return made

    async def _retire(self) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            await closed(worker.session)

    async def _sweep(self) -> None:
        """Look for units of dead workers, and for units that nobody has handed out because the night's command died."""
        while True:
            await asyncio.sleep(self.config.cluster.sweep)
            try:
                await take_back(self._queue, self.store, self.config, self._now())
                for run in await asyncio.to_thread(self._open_runs):
                    await hand_out(self._queue, self.store, run, self.config, self._now())
            except (StoreError, ConnectorException) as error:
                logger.warning("the look for units of dead workers failed: %s", error)

    def _open_runs(self) -> Iterable[str]:
        return [run.id for run in self.store.runs.latest(3, "night") if run.finished is None]
