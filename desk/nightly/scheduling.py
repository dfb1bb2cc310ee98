"""Starts a night every day at `night.at`, each in a process of its own, for machines without cron or systemd.

A missed night is caught up on within `night.catch_up` hours.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from crawler.config import Config
from crawler.messages import local_time
from crawler.store import Run

ShowMessage = Callable[..., None]


def nightly_trigger(config: Config) -> CronTrigger:
    """The trigger for every day at `night.at` in the configured time zone."""
    hour, _, minute = config.night.at.partition(":")
    return CronTrigger(hour=int(hour), minute=int(minute), timezone=config.zone)


def next_night(config: Config) -> str:
    """When the next night begins, in the configured time zone."""
    moment = nightly_trigger(config).get_next_fire_time(None, datetime.now(config.zone))
    return local_time(moment, config.zone)


def missed_night(config: Config, last: Run | None, now: datetime) -> str | None:
    """The date of a night that was due and did not run; None if there is none or it is too late to catch up."""
    local = now.astimezone(config.zone)
    hour, _, minute = config.night.at.partition(":")
    due = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    due = due if due <= local else due - timedelta(days=1)
    if local - due > timedelta(hours=config.night.catch_up):
        return None
    has_run = last is not None and (last.finished is not None and last.started >= due)
    return None if has_run else f"{due:%Y-%m-%d}"


def spawn_night(config_file: Path | None, show_message: ShowMessage) -> int:
    """Run one night in a process of its own; returns its exit code."""
    command = [sys.executable, "-m", "desk.cli", "night"]
    if config_file is not None:
        command += ["--config", str(config_file)]
    code = subprocess.run(command, check=False).returncode
    show_message("schedule_ended", code=code)
    return code


def schedule(
    config: Config, config_file: Path | None, last: Run | None, now: datetime, show_message: ShowMessage
) -> None:
    """Run nights until the process is ended, beginning with a missed one."""
    night = missed_night(config, last, now)
    if night is not None:
        show_message("schedule_missed", night=night)
        spawn_night(config_file, show_message)
    show_message("schedule_next", at=next_night(config))
    night_scheduler(config, config_file, show_message).start()


def night_scheduler(config: Config, config_file: Path | None, show_message: ShowMessage) -> BlockingScheduler:
    """The scheduler that starts a night whenever one is due."""
    grace_seconds = int(config.night.catch_up * 3600) or None
    scheduler = BlockingScheduler(timezone=config.zone)
    scheduler.add_job(
        spawn_night,
        nightly_trigger(config),
        [config_file, show_message],
        misfire_grace_time=grace_seconds,
        coalesce=True,
    )
    return scheduler
