"""What a night leaves behind: its reports, its metrics, a message, and a folder of bytes without what nobody needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from crawler.blobs import open_blobs
from crawler.config import Config
from crawler.health import count_by_platform
from crawler.items import Picture, Unit
from crawler.messages import render_message
from crawler.store import Store
from crawler.web.session import CrawlStats
from desk.crawling import RunResult
from desk.metrics import Metrics
from desk.nightwords import REPORT_SUFFIXES, report_json, report_markdown, save_report
from desk.progress import worker_states
from desk.telling import notify

ProgressCallback = Callable[[Unit, CrawlStats], None]
METRICS_INTERVAL_SECONDS = 10.0  # seconds between two looks at how a run stands


def run_metrics_updater(store: Callable[[], Store], metrics: Metrics, config: Config) -> Callable[[str], None]:
    """What to call with a run while it goes on: now and then, how it stands is given to Prometheus."""
    last_update = -METRICS_INTERVAL_SECONDS
    opened: list[Store] = []

    def update_run(run: str) -> None:
        nonlocal last_update
        if (
            not (config.night.metrics_file or config.night.metrics_port)
            or time.monotonic() - last_update < METRICS_INTERVAL_SECONDS
        ):
            return
        last_update = time.monotonic()
        opened[:] = opened or [store()]
        stored_run, now = opened[0].runs.get_run(run), opened[0].current_time()
        if stored_run is not None:
            workers = worker_states(opened[0], run, now, config)
            metrics.set_progress(opened[0].progress.run_progress(run, now, stored_run.started), workers)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return update_run


def unit_metrics_updater(
    progress: ProgressCallback, metrics: Metrics, config: Config, update_run: Callable[[str], None] = lambda _: None
) -> ProgressCallback:
    """What to call after each unit: as before, and the figures so far are given to Prometheus."""
    outcomes: list[tuple[str, str, str, dict[str, Any]]] = []
    if not config.night.metrics_file and not config.night.metrics_port:
        return progress

    def after_unit(unit: Unit, stats: CrawlStats) -> None:
        progress(unit, stats)
        outcomes.append((unit.spider, unit.kind.value, "done", stats.to_dict()))
        metrics.set_counts(count_by_platform(outcomes))
        update_run(unit.run)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return after_unit


def deliver_results(
    store: Store, result: RunResult, config: Config, metrics: Metrics, show_message: Callable[..., None]
) -> None:
    """Write and send what is configured; delete what is kept for nobody."""
    if config.night.reports:
        folder = Path(config.night.reports)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in REPORT_SUFFIXES:
            save_report(folder / f"{result.run}{suffix}", store, result, config)
        show_message("report_written", file=folder / f"{result.run}.html")
    metrics.set_counts(result.platforms, list(result.complaints), result.finished.timestamp())
    if config.night.metrics_file:
        metrics.write(Path(config.night.metrics_file))
    key = "tell_unhealthy" if result.complaints else "tell_healthy"
    title = render_message("desk.cli", key, config.language, run=result.run, count=len(result.complaints))
    text = report_markdown(result, config.language)
    for problem in notify(config.tell, title, text, report_json(result), not result.complaints):
        show_message("not_delivered", problem=problem)
    delete_expired_blobs(store, config, result)


def delete_expired_blobs(store: Store, config: Config, result: RunResult) -> int:
    """Delete bytes that no hit, no check and no work needs, once they are old enough; returns how many files."""
    cutoff = result.finished - timedelta(days=config.night.keep_days)
    store.pages.delete_pages_before(cutoff)
    store.robots.delete_robots_before(result.finished)
    needed = store.hits.evidence_digests() | store.rechecks.proof_digests()
    needed |= {
        digest
        for work in store.works.all_works(include_retired=True)
        for digest in map(_picture_digest, work.images)
        if digest
    }
    blobs = open_blobs(config.store)
    return blobs.collect_garbage(needed | blobs.version_digests(), cutoff.timestamp())


def _picture_digest(picture: Picture) -> str | None:
    return picture.sha256
