"""Procrastinate jobs that carry the ids of units. A platform's slots are job locks, so its jobs wait for each other.

Only the next MAX_JOBS_PER_PLATFORM units of a platform have jobs at a time: the more jobs there are, the longer it
takes to fetch one.
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
from crawler.store import DueUnit, Store

JOB_NAME = "swordnet.unit"
REMATCH_QUEUE = "rematch"  # the queue of units that request nothing of a platform: every live worker serves it
REPLAY_QUEUE_PREFIX = "replay "  # before a platform's name: the queue of its units in replays
MAX_JOBS_PER_PLATFORM = 200  # units of a platform with a job at a time; more than all workers do between two polls
MAX_SCHEMA_TRIES = 10  # to create the queue's tables
SCHEMA_RETRY_SECONDS = 0.5  # between two tries

UnitHandler = Callable[[int], Awaitable[None]]


async def handle_job(context: JobContext, unit: int) -> None:
    """Pass the unit of a job to the handler of the worker that fetched it."""
    handler: UnitHandler = context.additional_context["take"]
    await handler(unit)


def open_app(store: Store) -> App:
    """The Procrastinate app over the store's database. Raises StoreError where that is not PostgreSQL."""
    if store.admin.conninfo is None:
        raise StoreError("cluster.hand_out and swordnet worker need PostgreSQL: set store.url, see swordnet db migrate")
    app = App(connector=PsycopgConnector(conninfo=store.admin.conninfo))
    app.task(name=JOB_NAME, pass_context=True)(handle_job)
    return app


async def create_queue_tables(app: App) -> None:
    """Create the queue's tables unless they exist; other processes may be doing the same. Raises StoreError."""
    for _ in range(MAX_SCHEMA_TRIES):
        if await app.check_connection_async():
            return
        try:
            await app.schema_manager.apply_schema_async()
        except ConnectorException:
            await asyncio.sleep(SCHEMA_RETRY_SECONDS)
    raise StoreError("the tables of the queue could not be made")


async def enqueue_units(
    app: App, store: Store, run: str, config: Config, now: datetime, after: int = 0, is_replay: bool = False
) -> int:
    """Give a job to each of the next due units of `run` that has none; returns how many jobs were added.

    Only units planned after the unit with the id `after` count. Units of a replay have queues of their own, so that no
    worker requests them from the live web.
    """
    due = await asyncio.to_thread(store.queue.due_units, run, now, after, MAX_JOBS_PER_PLATFORM)
    if not due:
        return 0
    queued = await _queued_unit_ids(app)
    missing: dict[tuple[str, str | None], list[tuple[int, int]]] = {}
    for position, unit in enumerate(due):
        if unit.id not in queued:
            missing.setdefault(_queue_and_lock(unit, config, is_replay), []).append((position, unit.id))
    for (name, lock), units in missing.items():  # jobs of one priority and lock are fetched in their order
        deferrer = app.configure_task(JOB_NAME, queue=name, lock=lock, priority=-min(units[0][0], 30_000))
        jobs: list[dict[str, Any]] = [{"unit": unit} for _, unit in units]
        await deferrer.batch_defer_async(*jobs)
    return sum(map(len, missing.values()))


def queues_of(platforms: Iterable[str], is_replay: bool = False) -> list[str]:
    """The names of the queues that a worker for these platforms serves."""
    return [f"{REPLAY_QUEUE_PREFIX}{name}" for name in platforms] if is_replay else [*platforms, REMATCH_QUEUE]


def _queue_and_lock(unit: DueUnit, config: Config, is_replay: bool) -> tuple[str, str | None]:
    """The queue and the lock of a unit's job; a rematch unit needs no lock."""
    if unit.kind is UnitKind.REMATCH:
        return REMATCH_QUEUE, None
    name = f"{REPLAY_QUEUE_PREFIX}{unit.spider}" if is_replay else unit.spider
    return name, f"{name}#{unit.id % config.platform(unit.spider).slots}"


def unit_id_of(job: Job) -> int:
    """The id of the unit that a job carries."""
    return int(str(job.task_kwargs["unit"]))


async def _queued_unit_ids(app: App) -> set[int]:
    """The ids of the units that have a waiting or running job."""
    unit_ids: set[int] = set()
    for status in (Status.TODO, Status.DOING):
        jobs = await app.job_manager.list_jobs_async(task=JOB_NAME, status=status.value)
        unit_ids.update(unit_id_of(job) for job in jobs)
    return unit_ids
