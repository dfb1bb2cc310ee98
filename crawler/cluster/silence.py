"""Looking for what nobody does any more: units of workers that fell silent, jobs that a failing database left behind.

Such a job is deleted, and the next look gives its unit another one: a job that came back instead would be ended by the
old worker, should it wake, while a new one is at it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from attrs import Factory, define
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from crawler.cluster.queue import JOB, unit_of
from crawler.config import Config
from crawler.store import Store

logger = logging.getLogger(__name__)


@define(kw_only=True)
class Silence:
    """One who looks, every `cluster.sweep` seconds."""

    queue: App
    store: Store
    config: Config
    _idle: dict[int, datetime] = Factory(dict)  # jobs that are being done although nobody holds their unit; since when

    async def take_back(self, now: datetime) -> list[int]:
        """Free what workers held that fell silent, and end the jobs of both kinds; returns the units."""
        lost = [*await self._silent(now), *await self._left_behind(now)]
        for job in lost:
            try:
                await self.queue.job_manager.finish_job_by_id_async(
                    job_id=job.id or 0, status=Status.ABORTED, delete_job=True
                )
            except ConnectorException:
                logger.info("unit %s: somebody else has ended its job, or the next look will", unit_of(job))
        return sorted(map(unit_of, lost))

    async def _silent(self, now: datetime) -> list[Job]:
        stale, manager = self.config.cluster.stale, self.queue.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=stale, task_name=JOB))
        if not stalled:
            return []
        before = now + timedelta(seconds=self.config.crawl.lease - stale)
        free = await asyncio.to_thread(self.store.units.free, [unit_of(job) for job in stalled], before)
        found = [job for job in stalled if unit_of(job) in free]
        for job in found:
            logger.warning("unit %s: no sign of life of its worker for %g s", unit_of(job), stale)
        return found

    async def _left_behind(self, now: datetime) -> list[Job]:
        """Jobs of living workers whose unit nobody has held for long: ending them failed, and their lock stayed."""
        jobs = list(await self.queue.job_manager.list_jobs_async(task=JOB, status=Status.DOING.value))
        held = await asyncio.to_thread(self.store.units.held, [unit_of(job) for job in jobs]) if jobs else set()
        idle = [job for job in jobs if unit_of(job) not in held]
        self._idle = {job.id or 0: self._idle.get(job.id or 0, now) for job in idle}
        long = timedelta(seconds=self.config.cluster.stale)
        return [job for job in idle if now - self._idle[job.id or 0] > long]
