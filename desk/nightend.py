"""What a night leaves behind: its reports, its metrics, a message, and a folder of bytes without what nobody needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from crawler.blobs import blobs_of
from crawler.config import Config
from crawler.health import counted
from crawler.items import Picture, Unit
from crawler.messages import say
from crawler.store import Store
from crawler.web.session import Tally
from desk.crawling import Ran
from desk.metrics import Metrics
from desk.nightwords import SUFFIXES, as_json, as_markdown, save
from desk.progress import workers_told
from desk.telling import tell

Progress = Callable[[Unit, Tally], None]
EVERY = 10.0  # seconds between two looks at how a run stands


def watched(store: Callable[[], Store], metrics: Metrics, config: Config) -> Callable[[str], None]:
    """What to call with a run while it goes on: now and then, how it stands is given to Prometheus."""
    last = -EVERY
    opened: list[Store] = []

    def look(run: str) -> None:
        nonlocal last
        if not (config.night.metrics_file or config.night.metrics_port) or time.monotonic() - last < EVERY:
            return
        last = time.monotonic()
        opened[:] = opened or [store()]
        known, now = opened[0].runs.get(run), opened[0].moment()
        if known is not None:
            workers = workers_told(opened[0], run, now, config)
            metrics.stand(opened[0].standing.of(run, now, known.started), workers)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return look


def measured(
    progress: Progress, metrics: Metrics, config: Config, look: Callable[[str], None] = lambda _: None
) -> Progress:
    """What to call after each unit: as before, and the figures so far are given to Prometheus."""
    done: list[tuple[str, str, str, dict[str, Any]]] = []
    if not config.night.metrics_file and not config.night.metrics_port:
        return progress

    def told(unit: Unit, tally: Tally) -> None:
        progress(unit, tally)
        done.append((unit.spider, unit.kind.value, "done", tally.plain()))
        metrics.take(counted(done))
        look(unit.run)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return told


def leave(store: Store, ran: Ran, config: Config, metrics: Metrics, told: Callable[..., None]) -> None:
    """Write and send what is configured; delete what is kept for nobody."""
    if config.night.reports:
        folder = Path(config.night.reports)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in SUFFIXES:
            save(folder / f"{ran.run}{suffix}", store, ran, config)
        told("report_written", file=folder / f"{ran.run}.html")
    metrics.take(ran.platforms, list(ran.complaints), ran.finished.timestamp())
    if config.night.metrics_file:
        metrics.write(Path(config.night.metrics_file))
    key = "tell_unhealthy" if ran.complaints else "tell_healthy"
    title = say("desk.cli", key, config.language, run=ran.run, count=len(ran.complaints))
    words = as_markdown(ran, config.language)
    for problem in tell(config.tell, title, words, as_json(ran), not ran.complaints):
        told("not_delivered", problem=problem)
    forget(store, config, ran)


def forget(store: Store, config: Config, ran: Ran) -> int:
    """Delete bytes that no hit, no check and no work needs, once they are old enough; returns how many files."""
    then = ran.finished - timedelta(days=config.night.keep_days)
    store.seen.forget_before(then)
    store.robots.forget_before(ran.finished)
    needed = store.hits.evidence() | store.checks.digests()
    needed |= {mark for work in store.works.all(retired=True) for mark in map(_digest, work.images) if mark}
    blobs = blobs_of(config.store)
    return blobs.forget(needed | blobs.versions(), then.timestamp())


def _digest(picture: Picture) -> str | None:
    return picture.sha256
