"""A worker: one process, one reactor, one Scrapy crawl for each unit of work.

A unit counts as done only after its crawl closed its pipelines (everything is committed by then) and brought something
definite; what brought nothing definite is given back to the ledger, and only that is asked again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from attrs import Factory, define, evolve

from crawler.config import Config
from crawler.errors import StoreError
from crawler.holders import dead, holder
from crawler.items import Ask, Picture, Unit, UnitKind
from crawler.settings import TWISTED_REACTOR, scrapy_settings
from crawler.store import ClaimLost, Settlement
from crawler.units import again_at, one_ask_a_share, portions, succeeded
from crawler.web.chromium import browsers_of
from crawler.web.registered import RegisteredPictures
from crawler.web.resolving import GuardedResolver, names
from crawler.web.session import Session, Tally
from crawler.web.visit import Crawled, crawl_spider_of

logger = logging.getLogger(__name__)

IDLE = 0.2  # seconds between two looks for a unit that is due
AGAIN = 1.0  # seconds until what came of a unit is told once more to a database that did not answer
SURE = 0.9  # part of the silence after which others may have a unit, that its holder goes on asking for it

Progress = Callable[[Unit, Tally], None]
Tasks = Mapping[UnitKind, Callable[[Session, Unit, Tally], Awaitable[None]]]  # kinds of units that are no crawl


def run(
    session: Session,
    run_id: str,
    spiders: Mapping[str, type[Crawled]],
    progress: Progress = lambda *_: None,
    tasks: Tasks | None = None,
) -> None:
    """Work on the units of a run until none is open, waves included. Starts the reactor: only once a process."""

    async def main() -> None:
        worker = Worker(session=session, run_id=run_id, spiders=spiders, progress=progress, tasks=tasks or {})
        try:
            await worker.work()
        finally:
            await closed(session)

    in_reactor(session.config, main)


async def closed(session: Session) -> None:
    """End what a session has built."""
    await browsers_of(session).close()
    session.close()


def in_reactor(config: Config, main: Callable[[], Awaitable[None]], signals: bool = True) -> None:
    """Run a coroutine in Scrapy's reactor to its end; its error is raised here. Only once a process.

    `signals` False leaves SIGINT and SIGTERM to the coroutine.
    """
    from scrapy.utils.reactor import install_reactor

    install_reactor(TWISTED_REACTOR)
    reactor: Any = import_module("twisted.internet.reactor")  # only there once it was installed
    GuardedResolver(reactor, names(config.crawl.loopback, config.crawl.dns)).install_on_reactor()
    errors: list[BaseException] = []

    async def whole() -> None:
        try:
            await main()
        except BaseException as error:  # noqa: BLE001 - raised below, the reactor must stop first
            errors.append(error)
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(whole()))
    reactor.run(installSignalHandlers=signals)
    if errors:
        raise errors[0]


def steady(now: datetime | None = None) -> Callable[[], datetime]:
    """A clock that begins now (as the machine says, or somebody better) and cannot jump while this process lives."""
    begun, at = now or datetime.now(UTC), time.monotonic()
    return lambda: begun + timedelta(seconds=time.monotonic() - at)


@define(kw_only=True)
class Worker:
    """Claims units and runs them, at most one of a platform at a time.

    Leases and pauses go by the machine's clock; the session's may stand still (`--now`).
    """

    session: Session
    run_id: str
    spiders: Mapping[str, type[Crawled]]
    progress: Progress
    tasks: Tasks
    _now: Callable[[], datetime] = Factory(steady)
    _pages: Counter[str] = Factory(Counter)  # asked of each platform in this run

    async def work(self) -> None:
        """Until the run has no open unit."""
        from scrapy.crawler import AsyncCrawlerRunner

        runner = AsyncCrawlerRunner(scrapy_settings(self.session.config))
        await self.prepare(runner)
        doing: dict[str, asyncio.Task[None]] = {}
        while True:
            for name in [name for name, task in doing.items() if task.done()]:
                doing.pop(name).result()
            at_once = self.session.config.crawl.platforms_at_once
            late = self.session.until is not None and self._now() >= self.session.until
            unit = await self._claim(holder(), list(doing)) if len(doing) < at_once and not late else None
            if unit is not None:
                doing[unit.spider] = asyncio.create_task(self.run_unit(runner, unit))
            elif doing:
                await asyncio.wait(doing.values(), timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
            elif not late and await asyncio.to_thread(self._is_unfinished):
                await asyncio.sleep(IDLE)
            else:
                return

    async def prepare(self, runner: Any) -> None:
        """What comes before the first unit: units of the dead are free again, the registry's pictures are known."""
        await asyncio.to_thread(self._look_back)
        await self._picture_registry(runner)

    def _is_unfinished(self) -> bool:
        return self.session.store.units.unfinished(self.run_id) > 0

    def _look_back(self) -> None:
        """Take back what dead workers of this machine held, and count what this run has asked so far."""
        units = self.session.store.units
        if gone := dead(units.holders()):
            units.release(gone)
        for spider, _kind, _state, outcome in units.outcomes(self.run_id):
            self._pages[spider] += sum(outcome.get("pages", {}).values())

    async def _picture_registry(self, runner: Any) -> None:
        pictures = await asyncio.to_thread(self._unseen)
        if pictures:
            tally = Tally()
            await runner.crawl(RegisteredPictures, session=self.session, tally=tally, pictures=pictures)
            for problem in tally.problems:
                logger.warning("a picture of the registry: %s", problem)

    def _unseen(self) -> tuple[Picture, ...]:
        store = self.session.store
        return store.pictures.unseen(store.works.all())

    async def _claim(self, name: str, busy: list[str]) -> Unit | None:
        session = self.session
        return await asyncio.to_thread(
            session.store.units.claim, self.run_id, name, self._now(), session.config.crawl.lease, busy, True
        )

    async def run_unit(self, runner: Any, unit: Unit, since: float | None = None) -> None:
        """Work on a unit that is held, and record what came of it; nothing where it was lost meanwhile.

        `since` is when it was claimed, by the monotonic clock. Cancelled, it leaves the unit to be released.
        """
        tally = Tally(held_until=(since or time.monotonic()) + self._silence * SURE)
        beating = asyncio.create_task(self._beat(unit, tally))
        reason: str | None = None
        try:
            reason = await self._done(runner, unit, tally)
        except Exception as error:
            logger.exception("unit %s of %s", unit.id, unit.spider)
            tally.problems.append(f"{type(error).__name__}: {error}")
            tally.lost = True
        finally:
            beating.cancel()
        if (task := asyncio.current_task()) is not None and task.cancelling():  # Scrapy ends a crawl then as any other
            tally.held_until = 0.0
            raise asyncio.CancelledError
        with suppress(ClaimLost):
            await self._told(unit, tally, reason)
        self.progress(unit, tally)

    async def _told(self, unit: Unit, tally: Tally, reason: str | None) -> None:
        """Record an attempt, once more and again while the database does not answer: it may be restarting."""
        end = time.monotonic() + self.session.config.cluster.patience
        while True:
            try:
                return await asyncio.to_thread(self._record, unit, tally, reason)
            except ClaimLost:
                raise
            except StoreError as error:
                if not self.session.config.cluster.hand_out or time.monotonic() > end:
                    raise
                logger.warning("unit %s cannot be recorded yet: %s", unit.id, error)
                await asyncio.sleep(AGAIN)

    @property
    def _rhythm(self) -> float:
        """Seconds between two signs of life."""
        config = self.session.config
        third = config.crawl.lease / 3
        return min(third, config.cluster.beat) if config.cluster.hand_out else third

    @property
    def _silence(self) -> float:
        """Seconds without a sign of life after which others may take a unit."""
        config = self.session.config
        return min(config.cluster.stale, config.crawl.lease) if config.cluster.hand_out else config.crawl.lease

    async def _done(self, runner: Any, unit: Unit, tally: Tally) -> str | None:
        task = self.tasks.get(unit.kind)
        if task is not None:
            await task(self.session, unit, tally)
            return "finished"
        crawler = runner.create_crawler(crawl_spider_of(self.spiders[unit.spider]))
        await runner.crawl(crawler, session=self.session, unit=unit, tally=tally)
        return crawler.stats.get_value("finish_reason") if crawler.stats else None

    def _record(self, unit: Unit, tally: Tally, reason: str | None) -> None:
        units, config = self.session.store.units, self.session.config.crawl
        whole = reason == "finished" and not tally.lost
        enough = unit.kind in self.tasks or succeeded(reason, tally.outcomes)
        partly = whole and enough
        rest = [ask for ask in unit.asks if ask in tally.left] if partly else list(unit.asks)
        again = again_at(unit.attempt, config.attempts, self._now(), self._pace(unit.spider)) if rest else None
        repeated = (tally.undecided if partly else tally.outcomes) if again else None
        done = Settlement(outcome=tally.plain(repeated), rest=rest, again_at=again and max(again, tally.until or again))
        if whole:
            done = evolve(
                done,
                follow=self._within_budget(tally, config.unit_size),
                pages=list(tally.pages.values()),
                checks=tally.checks,
                touched=list(tally.touched),
                now=self.session.now(),
                rested=self._rested(unit, tally),
            )
        units.settle(unit, evolve(done, lost=not whole))
        self._pages[unit.spider] += sum(tally.outcomes.values())
        if self._pages[unit.spider] >= self.session.config.platform(unit.spider).pages:
            units.skip(self.run_id, unit.spider)

    def _within_budget(self, tally: Tally, size: int) -> dict[tuple[str, UnitKind], list[tuple[Ask, ...]]]:
        follow = {}
        for (spider, kind), asks in tally.follow.items():
            taken = list(asks)
            if kind is UnitKind.DETAILS:
                spent = self.session.store.units.asked(self.run_id, spider, kind)
                taken = taken[: max(0, self.session.config.crawl.details_per_platform - spent)]
            elif kind is UnitKind.SHARES:
                spent = self.session.store.units.asked(self.run_id, spider, kind)
                due = self.session.store.shares.due(one_ask_a_share(taken), self.session.now())
                taken = list(due)[: max(0, self.session.config.platform(spider).shares - spent)]
            follow[spider, kind] = list(portions(taken, size))
        return follow

    def _rested(self, unit: Unit, tally: Tally) -> datetime | None:
        """Until when the platform rests before its next crawl, here or in another process."""
        pace = max(self._pace(unit.spider) or self.session.config.crawl.delay, tally.crawl_delay)
        live = self.session.archive is None and unit.kind not in self.tasks
        return self._now() + timedelta(seconds=pace) if live and pace else None

    def _pace(self, spider: str) -> float:
        return self.session.config.platform(spider).pace or (
            self.spiders[spider].pace if spider in self.spiders else 0.0
        )

    async def _beat(self, unit: Unit, tally: Tally) -> None:
        """Prolong the claim while the unit is done; where that is not possible any more, nothing further is asked."""
        lease = self.session.config.crawl.lease
        if tally.held_until - time.monotonic() > self._silence / 2:  # else it was claimed long ago
            await asyncio.sleep(self._rhythm)
        while True:
            asked = time.monotonic()
            try:
                ours = await asyncio.to_thread(self.session.store.units.beat, unit, self._now(), lease)
            except StoreError as error:
                logger.warning("unit %s: no sign of life could be given: %s", unit.id, error)
            else:
                tally.held_until = asked + self._silence * SURE if ours else 0.0
            if not tally.held_until:
                return
            await asyncio.sleep(self._rhythm)
