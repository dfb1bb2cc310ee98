"""Nights by the clock, for machines without cron or systemd: each in a process of its own, a missed one caught up.

A night that is due while the machine sleeps or this program is down begins when it is up again, if that is
not more than `night.catch_up` hours later. `swordnet night` itself sees to it that a night runs once.
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
from crawler.store import Run

Told = Callable[..., None]


def trigger(config: Config) -> CronTrigger:
    """Every day at `night.at` in the configured time zone."""
    hour, _, minute = config.night.at.partition(":")
    return CronTrigger(hour=int(hour), minute=int(minute), timezone=config.zone)


def missed(config: Config, last: Run | None, now: datetime) -> str | None:
    """The date of a night that should have begun and has not, None where there is none or it is too late for it."""
    local = now.astimezone(config.zone)
    hour, _, minute = config.night.at.partition(":")
    due = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    due = due if due <= local else due - timedelta(days=1)
    if local - due > timedelta(hours=config.night.catch_up):
        return None
    ran = last is not None and (last.finished is not None and last.started >= due)
    return None if ran else f"{due:%Y-%m-%d}"


def run_night(config_file: Path | None, told: Told) -> int:
    """One night in a process of its own; returns its exit code."""
    command = [sys.executable, "-m", "desk.cli", "night"]
    if config_file is not None:
        command += ["--config", str(config_file)]
    code = subprocess.run(command, check=False).returncode
    told("schedule_ended", code=code)
    return code


def schedule(config: Config, config_file: Path | None, last: Run | None, now: datetime, told: Told) -> None:
    """Run nights until the process is ended."""
    night = missed(config, last, now)
    if night is not None:
        told("schedule_missed", night=night)
        run_night(config_file, told)
    told("schedule_next", at=trigger(config).get_next_fire_time(None, datetime.now(config.zone)))
    clock(config, config_file, told).start()


def clock(config: Config, config_file: Path | None, told: Told) -> BlockingScheduler:
    """What starts a night whenever one is due."""
    late = int(config.night.catch_up * 3600) or None
    scheduler = BlockingScheduler(timezone=config.zone)
    scheduler.add_job(run_night, trigger(config), [config_file, told], misfire_grace_time=late, coalesce=True)
    return scheduler
