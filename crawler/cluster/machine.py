"""A worker among many: takes units of any night as long as it lives, and works on when the database comes back."""

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
from crawler.cluster.queue import hand_out, opened, prepare, queues_of
from crawler.cluster.silence import Silence
from crawler.config import Config
from crawler.errors import StoreError
from crawler.holders import holder
from crawler.items import Unit
from crawler.settings import scrapy_settings
from crawler.store import Store
from crawler.store.runs import NIGHT, REMATCH, REPLAY
from crawler.web.manners import learn_pauses
from crawler.web.session import Session
from crawler.work import Progress, Tasks, Worker, closed, in_reactor, steady

logger = logging.getLogger(__name__)

POLL = 0.5  # seconds between two looks for jobs, beside being notified; an estimate
PAUSE = 1.0  # seconds until the queue is tried again after the database failed
SHORT = 10.0  # seconds that a job waits for its platform; for longer the unit is handed out again later
LATEST = 5  # runs of each kind among which open ones are looked for
LIVE, REPLAYED = (NIGHT, REMATCH), (REPLAY,)  # kinds of runs whose units a worker does, as it has an archive or not


@define(kw_only=True)
class Machine:
    """A worker process. With an `archive` it does the units of replays and nothing else; `told` is their time."""

    config: Config
    store: Store
    spiders: Mapping[str, type[Any]]
    tasks: Tasks
    progress: Progress = lambda *_: None
    archive: Archive | None = None
    told: Callable[[], datetime] = lambda: datetime.now(UTC)
    _queue: App = field(init=False)
    _runner: Any = None
    _worker: Worker | None = None
    _doing: int = 0
    _seen: int = 0  # the newest unit that has been looked for
    _ready: asyncio.Lock = Factory(asyncio.Lock)
    _now: Any = Factory(steady)

    def serve(self, platforms: Sequence[str] = ()) -> None:
        """Work until told to stop (SIGTERM, SIGINT); then end what was begun. Starts the reactor."""
        in_reactor(self.config, lambda: self._serve(platforms), signals=False)

    async def _serve(self, platforms: Sequence[str]) -> None:
        from scrapy.crawler import AsyncCrawlerRunner

        told = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, told.set)
        self._runner = AsyncCrawlerRunner(scrapy_settings(self.config))
        self._now = steady(await asyncio.to_thread(self.store.moment))
        async with opened(self.store).open_async() as queue:
            self._queue = queue
            await prepare(queue)
            sweeping = asyncio.create_task(self._sweep())
            try:
                await self._work(told, platforms)
            finally:
                sweeping.cancel()
                with suppress(StoreError):  # what was not ended in time is free at once
                    await asyncio.to_thread(self.store.units.release, [holder()])
                await self._retire()

    async def _work(self, told: asyncio.Event, platforms: Sequence[str]) -> None:
        """Until told to stop, through failures of the database."""
        stopping = asyncio.create_task(told.wait())
        while not told.is_set():
            working = asyncio.create_task(self._queue.run_worker_async(**self._options(platforms)))
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            if told.is_set():
                working.cancel()  # it ends what it has begun, for `cluster.patience` seconds
            with suppress(asyncio.CancelledError):
                try:
                    await working
                    logger.warning("the queue ended; trying again")
                except ConnectorException as error:
                    logger.warning("the queue does not answer; trying again: %s", error)
                await asyncio.wait((stopping,), timeout=PAUSE)
        stopping.cancel()

    def _options(self, platforms: Sequence[str]) -> dict[str, Any]:
        cluster = self.config.cluster
        return {
            "name": holder(),
            "concurrency": self.config.crawl.platforms_at_once,
            "additional_context": {"take": self.take},
            "fetch_job_polling_interval": POLL,
            "update_heartbeat_interval": cluster.beat,
            "stalled_worker_timeout": cluster.stale,
            "shutdown_graceful_timeout": cluster.patience,
            "delete_jobs": "always",  # the ledger knows what became of a unit
            "install_signal_handlers": False,
            "queues": queues_of(platforms or sorted(self.spiders), self.archive is not None),
        }

    async def take(self, unit: int) -> None:
        """Work on one unit, if it may be begun."""
        first = since = time.monotonic()
        taken = await self._taken(unit)
        while isinstance(taken, datetime):
            wait = max(0.0, (taken - self._now()).total_seconds())
            if time.monotonic() + wait - first > SHORT:
                return
            await asyncio.sleep(wait)
            since = time.monotonic()
            taken = await self._taken(unit)
        if taken is None:
            return
        self._doing += 1
        try:
            worker = await self._of(taken.run)
            await asyncio.to_thread(learn_pauses, worker.session)
            await worker.run_unit(self._runner, taken, since)
        finally:
            self._doing -= 1
        await self._hand_out_new(taken.run)

    async def _taken(self, unit: int) -> Unit | datetime | None:
        slots = {name: each.slots for name, each in self.config.platforms.items()}
        lease = self.config.crawl.lease
        return await asyncio.to_thread(self.store.units.take, unit, holder(), self._now(), lease, slots)

    async def _hand_out_new(self, run: str) -> None:
        """Jobs for what has been planned since this worker last looked: what its units led to."""
        newest = await asyncio.to_thread(self.store.units.newest, run)
        if newest > self._seen:
            after, self._seen = self._seen, newest
            await self._hand_out(run, after)

    async def _hand_out(self, run: str, after: int = 0) -> None:
        await hand_out(self._queue, self.store, run, self.config, self._now(), after, self.archive is not None)

    async def _of(self, run: str) -> Worker:
        """The worker of a run: each has a session of its own, because the registry may have changed since the last."""
        async with self._ready:
            if self._worker is not None and self._worker.run_id == run:
                return self._worker
            while self._doing > 1:
                await asyncio.sleep(POLL)
            await self._retire()
            known = await asyncio.to_thread(self.store.runs.get, run)
            begun = known.started if known is not None else self._now()
            asks = known is None or known.kind != REMATCH
            session = Session(
                config=self.config,
                store=self.store,
                now=self.told,
                archive=self.archive,
                incremental=self.archive is None,
                begun=begun,
                follow=asks,
            )
            made = Worker(
                session=session,
                run_id=run,
                spiders=self.spiders,
                progress=self.progress,
                tasks=self.tasks,
                now=self._now,
            )
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
        silence = Silence(queue=self._queue, store=self.store, config=self.config)
        await asyncio.sleep(random.uniform(0, self.config.cluster.sweep))  # workers that started together look in turn
        while True:
            await asyncio.sleep(self.config.cluster.sweep)
            try:
                await silence.take_back(self._now())
                for run in await asyncio.to_thread(self._open_runs):
                    await self._hand_out(run)
            except (StoreError, ConnectorException) as error:
                logger.warning("the look for units of dead workers failed: %s", error)

    def _open_runs(self) -> Iterable[str]:
        latest = self.store.runs.latest
        kinds = LIVE if self.archive is None else REPLAYED
        return [run.id for kind in kinds for run in latest(LATEST, kind) if run.finished is None]
