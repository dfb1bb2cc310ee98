"""A worker: one process, one reactor, one Scrapy crawl for each unit of work.

A unit counts as done only after its crawl closed its pipelines (everything is committed by then) and brought something
definite; a crawl that "finished" with nothing but failures is given back to the ledger.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from attrs import define

from crawler.items import Ask, Picture, Unit, UnitKind
from crawler.settings import TWISTED_REACTOR, scrapy_settings
from crawler.store import ClaimLost
from crawler.units import again_at, one_ask_a_share, portions, succeeded
from crawler.web.registered import RegisteredPictures
from crawler.web.resolving import GuardedResolver, names
from crawler.web.session import Session, Tally

logger = logging.getLogger(__name__)

AT_ONCE = 4  # crawls of different platforms at the same time
IDLE = 0.2  # seconds between two looks for a unit that is due

Progress = Callable[[Unit, Tally], None]


def run(session: Session, run_id: str, spiders: Mapping[str, type[Any]], progress: Progress = lambda *_: None) -> None:
    """Work on the units of a run until none is open, waves included. Starts the reactor: only once a process."""
    from scrapy.utils.reactor import install_reactor

    install_reactor(TWISTED_REACTOR)
    reactor: Any = import_module("twisted.internet.reactor")  # only there once it was installed
    crawl = session.config.crawl
    GuardedResolver(reactor, names(crawl.loopback, crawl.dns)).install_on_reactor()
    errors: list[BaseException] = []

    async def main() -> None:
        try:
            await Worker(session=session, run_id=run_id, spiders=spiders, progress=progress).work()
        except BaseException as error:  # noqa: BLE001 - handed to the caller below, the reactor must stop first
            errors.append(error)
        finally:
            session.close()
            reactor.stop()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(main()))
    reactor.run()
    if errors:
        raise errors[0]


@define(kw_only=True)
class Worker:
    """Claims units and runs them, at most one of a platform at a time.

    Leases and pauses go by the machine's clock; the session's may stand still (`--now`).
    """

    session: Session
    run_id: str
    spiders: Mapping[str, type[Any]]
    progress: Progress

    async def work(self) -> None:
        """Until the run has no open unit."""
        from scrapy.crawler import AsyncCrawlerRunner

        runner = AsyncCrawlerRunner(scrapy_settings(self.session.config))
        await self._picture_registry(runner)
        holder = f"{socket.gethostname()}:{os.getpid()}"
        doing: dict[str, asyncio.Task[None]] = {}
        while True:
            for name in [name for name, task in doing.items() if task.done()]:
                doing.pop(name).result()
            unit = await self._claim(holder, list(doing)) if len(doing) < AT_ONCE else None
            if unit is not None:
                doing[unit.spider] = asyncio.create_task(self._run_unit(runner, unit))
            elif doing:
                await asyncio.wait(doing.values(), timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
            elif await asyncio.to_thread(self.session.store.units.unfinished, self.run_id):
                await asyncio.sleep(IDLE)
            else:
                return

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

    async def _claim(self, holder: str, busy: list[str]) -> Unit | None:
        session = self.session
        return await asyncio.to_thread(
            session.store.units.claim, self.run_id, holder, datetime.now(UTC), session.config.crawl.lease, busy
        )

    async def _run_unit(self, runner: Any, unit: Unit) -> None:
        crawler = runner.create_crawler(self.spiders[unit.spider])
        tally = Tally()
        beating = asyncio.create_task(self._beat(unit))
        try:
            await runner.crawl(crawler, session=self.session, unit=unit, tally=tally)
        except Exception as error:
            logger.exception("unit %s of %s", unit.id, unit.spider)
            tally.problems.append(f"{type(error).__name__}: {error}")
            tally.lost = True
        finally:
            beating.cancel()
        reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
        with suppress(ClaimLost):
            await asyncio.to_thread(self._record, unit, tally, reason)
        self.progress(unit, tally)

    def _record(self, unit: Unit, tally: Tally, reason: str | None) -> None:
        units, config = self.session.store.units, self.session.config.crawl
        if succeeded(reason, tally.outcomes) and not tally.lost:
            units.finish(unit, tally.plain(), self._within_budget(tally, config.unit_size))
        else:
            again = again_at(unit.attempt, config.attempts, datetime.now(UTC), self._pace(unit.spider))
            units.fail(unit, tally.plain(), again)

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

    def _pace(self, spider: str) -> float:
        return self.session.config.platform(spider).pace or float(self.spiders[spider].pace)

    async def _beat(self, unit: Unit) -> None:
        lease = self.session.config.crawl.lease
        while True:
            await asyncio.sleep(lease / 3)
            await asyncio.to_thread(self.session.store.units.beat, unit, datetime.now(UTC), lease)
