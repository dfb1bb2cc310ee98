"""The queue: jobs that carry the numbers of units. Jobs of a platform share its slots as locks, so that they wait.

Only the next AHEAD units of a platform have jobs at a time: fetching a job takes longer the more there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from crawler.config import Config
from crawler.errors import StoreError
from crawler.items import UnitKind
from crawler.store import Store
from crawler.store.units import Due

JOB = "swordnet.unit"
REMATCHES = "rematch"  # the queue of units that ask no platform anything: every worker serves it
REPLAYS = "replay "  # before the name of a platform: the queue of its units that an archive answers
AHEAD = 200  # units of a platform with a job at a time; more than all workers do between two looks
TRIES = 10  # to make the queue's tables
PAUSE = 0.5  # seconds between two of them

Take = Callable[[int], Awaitable[None]]


async def work_on(context: JobContext, unit: int) -> None:
    """Work on a unit, wherever the job arrived."""
    take: Take = context.additional_context["take"]
    await take(unit)


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
            await asyncio.sleep(PAUSE)
    raise StoreError("the tables of the queue could not be made")


async def hand_out(
    queue: App, store: Store, run: str, config: Config, now: datetime, after: int = 0, replayed: bool = False
) -> int:
    """Give the next units (planned after that one) that may be begun a job, unless they have one; returns how many.

    Units of a `replayed` run have queues of their own, so that no worker asks the live web for them.
    """
    due = await asyncio.to_thread(store.units.due, run, now, after, AHEAD)
    if not due:
        return 0
    known = await _live(queue)
    missing: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    for place, unit in enumerate(due):
        if unit.id not in known:
            missing.setdefault(_where(unit, config, replayed), []).append((place, unit.id))
    for (name, lock), units in missing.items():  # jobs of one priority and lock are fetched in their order
        made = queue.configure_task(JOB, queue=name, lock=lock, priority=-min(units[0][0], 30_000))
        jobs: list[dict[str, Any]] = [{"unit": unit} for _, unit in units]
        await made.batch_defer_async(*jobs)
    return sum(map(len, missing.values()))


def queues_of(platforms: Iterable[str], replayed: bool = False) -> list[str]:
    """The queues that a worker for these platforms serves."""
    return [f"{REPLAYS}{name}" for name in platforms] if replayed else [*platforms, REMATCHES]


def _where(unit: Due, config: Config, replayed: bool) -> tuple[str, str | None]:
    """Queue and lock of a unit's job."""
    if unit.kind is UnitKind.REMATCH:
        return REMATCHES, None
    name = f"{REPLAYS}{unit.spider}" if replayed else unit.spider
    return name, f"{name}#{unit.id % config.platform(unit.spider).slots}"


def unit_of(job: Job) -> int:
    """The number of the unit that a job carries."""
    return int(str(job.task_kwargs["unit"]))


async def _live(queue: App) -> set[int]:
    """The units that have a job which waits or runs."""
    found: set[int] = set()
    for status in (Status.TODO, Status.DOING):
        jobs = await queue.job_manager.list_jobs_async(task=JOB, status=status.value)
        found.update(unit_of(job) for job in jobs)
    return found
