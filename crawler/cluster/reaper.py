"""Reaper: releases units of dead workers and deletes jobs that a failing database left behind.

The next poll gives such a unit a new job. If the old job were requeued instead, the old worker could wake and finish it
while the new worker is running it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from attrs import Factory, define
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from crawler.cluster.jobs import JOB_NAME, unit_id_of
from crawler.config import Config
from crawler.store import Store

logger = logging.getLogger(__name__)


@define(kw_only=True)
class Reaper:
    """Finds and ends dead jobs; `reap` is called every `cluster.sweep` seconds."""

    app: App
    store: Store
    config: Config
    _idle: dict[int, datetime] = Factory(dict)  # running jobs whose unit nobody has claimed, by id; since when

    async def reap(self, now: datetime) -> list[int]:
        """Release the units of silent workers and end stalled and orphaned jobs; returns their units, sorted."""
        dead_jobs = [*await self._stalled_jobs(now), *await self._orphaned_jobs(now)]
        for job in dead_jobs:
            try:
                await self.app.job_manager.finish_job_by_id_async(
                    job_id=job.id or 0, status=Status.ABORTED, delete_job=True
                )
            except ConnectorException:
                logger.info("unit %s: somebody else has ended its job, or the next look will", unit_id_of(job))
        return sorted(map(unit_id_of, dead_jobs))

    async def _stalled_jobs(self, now: datetime) -> list[Job]:
        stale, manager = self.config.cluster.stale, self.app.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=stale, task_name=JOB_NAME))
        if not stalled:
            return []
        cutoff = now + timedelta(seconds=self.config.crawl.lease - stale)
        released = await asyncio.to_thread(
            self.store.queue.release_silent_units, [unit_id_of(job) for job in stalled], cutoff
        )
        dead_jobs = [job for job in stalled if unit_id_of(job) in released]
        for job in dead_jobs:
            logger.warning("unit %s: no sign of life of its worker for %g s", unit_id_of(job), stale)
        return dead_jobs

    async def _orphaned_jobs(self, now: datetime) -> list[Job]:
        """Jobs of living workers whose unit has been unclaimed for over `cluster.stale` seconds.

        Ending them failed, so their lock remained.
        """
        jobs = list(await self.app.job_manager.list_jobs_async(task=JOB_NAME, status=Status.DOING.value))
        claimed = (
            await asyncio.to_thread(self.store.queue.claimed_units, [unit_id_of(job) for job in jobs])
            if jobs
            else set()
        )
        idle = [job for job in jobs if unit_id_of(job) not in claimed]
        self._idle = {job.id or 0: self._idle.get(job.id or 0, now) for job in idle}
        max_idle = timedelta(seconds=self.config.cluster.stale)
        return [job for job in idle if now - self._idle[job.id or 0] > max_idle]
