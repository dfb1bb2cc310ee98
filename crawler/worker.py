"""A worker: one process, one reactor, one Scrapy crawl for each unit of work.

A unit is complete only after its crawl has closed its pipelines (everything is committed by then) and brought a
definite outcome; asks without one are returned to the work queue, and only those are asked again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from attrs import Factory, define, evolve

from crawler.config import Config
from crawler.errors import StoreError
from crawler.items import Ask, Picture, Unit, UnitKind
from crawler.settings import TWISTED_REACTOR, scrapy_settings
from crawler.store import ClaimLost, UnitResult
from crawler.units import batches, has_succeeded, next_retry_at, unique_share_asks
from crawler.web.chromium import browser_pool_of
from crawler.web.dns import GuardedResolver, resolver_for
from crawler.web.picture_fetch import RegistryPictureSpider
from crawler.web.platform_spider import CrawledPlatform, platform_spider_of
from crawler.web.session import CrawlStats, Session
from crawler.worker_id import current_worker_id, dead_workers

logger = logging.getLogger(__name__)

IDLE_POLL_SECONDS = 0.2  # between two polls for a unit that is due
RECORD_RETRY_SECONDS = 1.0  # until a unit's result is recorded again after the database did not answer
# Part of the claim timeout for which a holder without a heartbeat goes on with its requests.
CLAIM_SAFETY_FACTOR = 0.9

ProgressCallback = Callable[[Unit, CrawlStats], None]
# Called with the run id and the stats of the units that are running, each time the worker looks for something to do.
TickCallback = Callable[[str, Collection[CrawlStats]], None]
# What runs units that are no crawl, by their kind.
UnitTasks = Mapping[UnitKind, Callable[[Session, Unit, CrawlStats], Awaitable[None]]]


def run_units(
    session: Session,
    run_id: str,
    spiders: Mapping[str, type[CrawledPlatform]],
    progress: ProgressCallback = lambda *_: None,
    tasks: UnitTasks | None = None,
    on_tick: TickCallback = lambda *_: None,
) -> None:
    """Run the units of a run, all waves, until none is open. Starts the reactor, so only once per process."""

    async def main() -> None:
        worker = Worker(
            session=session, run_id=run_id, spiders=spiders, progress=progress, tasks=tasks or {}, on_tick=on_tick
        )
        try:
            await worker.work()
        finally:
            await close_session(session)

    run_in_reactor(session.config, main)


async def close_session(session: Session) -> None:
    """Close the browsers of a session and the session itself."""
    await browser_pool_of(session).close()
    session.close()


def run_in_reactor(config: Config, main: Callable[[], Awaitable[None]], signals: bool = True) -> None:
    """Run a coroutine in Scrapy's reactor until it ends, and raise its error here. Only once per process.

    `signals` False leaves SIGINT and SIGTERM to the coroutine.
    """
    from scrapy.utils.reactor import install_reactor

    install_reactor(TWISTED_REACTOR)
    reactor: Any = import_module("twisted.internet.reactor")  # exists only after it was installed
    GuardedResolver(reactor, resolver_for(config.crawl.loopback, config.crawl.dns)).install_on_reactor()
    errors: list[BaseException] = []

    async def run_main() -> None:
        try:
            await main()
        except BaseException as error:  # noqa: BLE001 - raised below, the reactor must stop first
            errors.append(error)
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(run_main()))
    reactor.run(installSignalHandlers=signals)
    if errors:
        raise errors[0]


def monotonic_clock(now: datetime | None = None) -> Callable[[], datetime]:
    """A UTC clock that starts at `now` (default: the machine's time) and cannot jump while this process lives."""
    started, started_at = now or datetime.now(UTC), time.monotonic()
    return lambda: started + timedelta(seconds=time.monotonic() - started_at)


@define(kw_only=True)
class Worker:
    """Claims units of a run and runs them, at most one per platform at a time.

    Leases and pauses follow `_clock`; the session's clock may be frozen (`--now`).
    """

    session: Session
    run_id: str
    spiders: Mapping[str, type[CrawledPlatform]]
    progress: ProgressCallback
    tasks: UnitTasks
    on_tick: TickCallback = lambda *_: None
    _clock: Callable[[], datetime] = Factory(monotonic_clock)
    _pages_by_platform: Counter[str] = Factory(Counter)  # pages requested of each platform in this run
    _running_stats: dict[int, CrawlStats] = Factory(dict)  # by the id of the unit

    async def work(self) -> None:
        """Claim and run units until the run has no open unit, or no unit may start after `session.stop_at`."""
        from scrapy.crawler import AsyncCrawlerRunner

        runner = AsyncCrawlerRunner(scrapy_settings(self.session.config))
        await self.prepare(runner)
        running: dict[str, asyncio.Task[None]] = {}
        while True:
            with suppress(StoreError):  # a callback may read the store; that it cannot ends no run
                self.on_tick(self.run_id, self._running_stats.values())
            for name in [name for name, task in running.items() if task.done()]:
                running.pop(name).result()
            concurrency = self.session.config.crawl.platforms_at_once
            is_late = self.session.stop_at is not None and self._clock() >= self.session.stop_at
            unit = (
                await self._claim_unit(current_worker_id(), list(running))
                if len(running) < concurrency and not is_late
                else None
            )
            if unit is not None:
                running[unit.spider] = asyncio.create_task(self.run_unit(runner, unit))
            elif running:
                await asyncio.wait(running.values(), timeout=IDLE_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            elif not is_late and await asyncio.to_thread(self._is_unfinished):
                await asyncio.sleep(IDLE_POLL_SECONDS)
            else:
                return

    async def prepare(self, runner: Any) -> None:
        """Release the units of dead workers and fetch the registry's missing pictures, before the first unit."""
        await asyncio.to_thread(self._release_dead_claims)
        await self._fetch_registry_pictures(runner)

    def _is_unfinished(self) -> bool:
        return self.session.store.queue.count_open_units(self.run_id) > 0

    def _release_dead_claims(self) -> None:
        """Release the units of dead workers of this machine, and count the pages this run has requested so far."""
        queue = self.session.store.queue
        if dead_ids := dead_workers(queue.holders()):
            queue.release(dead_ids)
        for spider, _kind, _state, outcome in queue.unit_outcomes(self.run_id):
            self._pages_by_platform[spider] += sum(outcome.get("pages", {}).values())

    async def _fetch_registry_pictures(self, runner: Any) -> None:
        pictures = await asyncio.to_thread(self._missing_pictures)
        if pictures:
            stats = CrawlStats()
            await runner.crawl(RegistryPictureSpider, session=self.session, stats=stats, pictures=pictures)
            for problem in stats.problems:
                logger.warning("a picture of the registry: %s", problem)

    def _missing_pictures(self) -> tuple[Picture, ...]:
        store = self.session.store
        return store.works.unfetched_pictures(store.works.all_works())

    async def _claim_unit(self, worker_id: str, busy: list[str]) -> Unit | None:
        session = self.session
        return await asyncio.to_thread(
            session.store.queue.claim_next,
            self.run_id,
            worker_id,
            self._clock(),
            session.config.crawl.lease,
            busy,
            True,
        )

    async def run_unit(self, runner: Any, unit: Unit, claimed_at: float | None = None) -> None:
        """Run a claimed unit and record its result; nothing is recorded where the claim was lost meanwhile.

        `claimed_at` is when it was claimed, by the monotonic clock. When cancelled, the unit is left to be released.
        """
        stats = CrawlStats(
            claim_deadline=(claimed_at or time.monotonic()) + self._claim_timeout_seconds * CLAIM_SAFETY_FACTOR
        )
        self._running_stats[unit.id] = stats
        heartbeat = asyncio.create_task(self._send_heartbeats(unit, stats))
        reason: str | None = None
        try:
            reason = await self._execute_unit(runner, unit, stats)
        except Exception as error:
            logger.exception("unit %s of %s", unit.id, unit.spider)
            stats.problems.append(f"{type(error).__name__}: {error}")
            stats.has_lost_data = True
        finally:
            heartbeat.cancel()
        if (task := asyncio.current_task()) is not None and task.cancelling():  # Scrapy then ends the crawl as usual
            stats.claim_deadline = 0.0
            raise asyncio.CancelledError
        with suppress(ClaimLost):
            await self._record_with_retries(unit, stats, reason)
        self._running_stats.pop(unit.id)
        self.progress(unit, stats)

    async def _record_with_retries(self, unit: Unit, stats: CrawlStats, reason: str | None) -> None:
        """Record an attempt; in a cluster, retry for `cluster.patience` seconds, as the database may be restarting."""
        deadline = time.monotonic() + self.session.config.cluster.patience
        while True:
            try:
                return await asyncio.to_thread(self._record_result, unit, stats, reason)
            except ClaimLost:
                raise
            except StoreError as error:
                if not self.session.config.cluster.hand_out or time.monotonic() > deadline:
                    raise
                logger.warning("unit %s cannot be recorded yet: %s", unit.id, error)
                await asyncio.sleep(RECORD_RETRY_SECONDS)

    @property
    def _heartbeat_seconds(self) -> float:
        """Seconds between two heartbeats: a third of the lease, in a cluster at most `cluster.beat`."""
        config = self.session.config
        third = config.crawl.lease / 3
        return min(third, config.cluster.beat) if config.cluster.hand_out else third

    @property
    def _claim_timeout_seconds(self) -> float:
        """Seconds without a heartbeat after which others may claim a unit."""
        config = self.session.config
        return min(config.cluster.stale, config.crawl.lease) if config.cluster.hand_out else config.crawl.lease

    async def _execute_unit(self, runner: Any, unit: Unit, stats: CrawlStats) -> str | None:
        task = self.tasks.get(unit.kind)
        if task is not None:
            await task(self.session, unit, stats)
            return "finished"
        crawler = runner.create_crawler(platform_spider_of(self.spiders[unit.spider]))
        await runner.crawl(crawler, session=self.session, unit=unit, stats=stats)
        return crawler.stats.get_value("finish_reason") if crawler.stats else None

    def _record_result(self, unit: Unit, stats: CrawlStats, reason: str | None) -> None:
        queue, config = self.session.store.queue, self.session.config.crawl
        is_complete = reason == "finished" and not stats.has_lost_data
        is_definite = unit.kind in self.tasks or stats.needs_no_request or has_succeeded(reason, stats.outcomes)
        is_settled = is_complete and is_definite
        open_asks = [ask for ask in unit.asks if ask in stats.deferred_asks] if is_settled else list(unit.asks)
        retry_at = (
            next_retry_at(unit.attempt, config.attempts, self._clock(), self._pace(unit.spider)) if open_asks else None
        )
        follow_ups = self._limit_follow_ups(stats, config.unit_size) if is_complete else {}
        repeated_outcomes = (stats.deferred_outcomes if is_settled else stats.outcomes) if retry_at else None
        result = UnitResult(
            outcome=stats.to_dict(repeated_outcomes),
            unanswered_asks=open_asks,
            retry_at=retry_at and max(retry_at, stats.deferred_until or retry_at),
        )
        if is_complete:
            result = evolve(
                result,
                follow_ups=follow_ups,
                pages=list(stats.pages.values()),
                checks=stats.rechecks,
                unchanged_listings=list(stats.unchanged_listings),
                seen_at=self.session.now(),
                platform_paused_until=self._platform_pause_end(unit, stats),
            )
        queue.complete(unit, evolve(result, has_losses=not is_complete))
        self._pages_by_platform[unit.spider] += sum(stats.outcomes.values())
        if self._pages_by_platform[unit.spider] >= self.session.config.platform(unit.spider).pages:
            queue.skip_units(self.run_id, unit.spider)

    def _limit_follow_ups(self, stats: CrawlStats, size: int) -> dict[tuple[str, UnitKind], list[tuple[Ask, ...]]]:
        batches_by_platform = {}
        for (spider, kind), asks in stats.follow_ups.items():
            selected = list(asks)
            if kind is UnitKind.DETAILS:
                spent = self.session.store.queue.count_asks(self.run_id, spider, kind)
                allowed = self.session.config.crawl.details_per_platform
                selected = selected[: max(0, allowed - spent)]
                stats.unplanned_candidates += len(asks) - len(selected) if allowed else 0  # 0: none is wanted
            elif kind is UnitKind.SHARES:
                spent = self.session.store.queue.count_asks(self.run_id, spider, kind)
                due = self.session.store.shares.due_asks(unique_share_asks(selected), self.session.now())
                selected = list(due)[: max(0, self.session.config.platform(spider).shares - spent)]
            batches_by_platform[spider, kind] = list(batches(selected, size))
        return batches_by_platform

    def _platform_pause_end(self, unit: Unit, stats: CrawlStats) -> datetime | None:
        """When the platform's next crawl may start, here or in another process; None without a pause."""
        pace = max(self._pace(unit.spider) or self.session.config.crawl.delay, stats.crawl_delay)
        live = self.session.archive is None and unit.kind not in self.tasks
        return self._clock() + timedelta(seconds=pace) if live and pace else None

    def _pace(self, spider: str) -> float:
        return self.session.config.platform(spider).pace or (
            self.spiders[spider].pace if spider in self.spiders else 0.0
        )

    async def _send_heartbeats(self, unit: Unit, stats: CrawlStats) -> None:
        """Renew the claim while the unit runs; once it is lost or `stats.claim_deadline` passes, requests stop."""
        lease = self.session.config.crawl.lease
        if stats.claim_deadline - time.monotonic() > self._claim_timeout_seconds / 2:  # else claimed long ago
            await asyncio.sleep(self._heartbeat_seconds)
        while True:
            sent_at = time.monotonic()
            try:
                is_ours = await asyncio.to_thread(self.session.store.queue.heartbeat, unit, self._clock(), lease)
            except StoreError as error:
                logger.warning("unit %s: no sign of life could be given: %s", unit.id, error)
            else:
                stats.claim_deadline = sent_at + self._claim_timeout_seconds * CLAIM_SAFETY_FACTOR if is_ours else 0.0
            if not stats.claim_deadline:
                return
            await asyncio.sleep(self._heartbeat_seconds)
