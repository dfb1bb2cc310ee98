"""Prometheus metrics of a run: a textfile for node_exporter, an endpoint while a night runs, and the callbacks that
update them.

Names begin with swordnet_; labels are platform, with outcome for pages and state for units, or worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest, start_http_server

from crawler.config import Config
from crawler.errors import BadInput
from crawler.health import PlatformCounts, count_by_platform
from crawler.items import Unit, UnitState
from crawler.store import RunProgress, Store
from crawler.web.session import CrawlStats
from desk.export.atomic_write import open_atomic
from desk.nightly.progress import worker_states

ProgressCallback = Callable[[Unit, CrawlStats], None]


METRICS_INTERVAL_SECONDS = 10.0  # at least between two updates of a run's progress


_COUNT_GAUGES = {
    "units": "units of work of the run",
    "units_failed": "units that failed for good",
    "listings": "listings read, or known from unchanged pages",
    "hits": "hits seen",
    "hits_new": "hits first seen in this run",
    "hits_gone": "known hits that are gone",
}


class Metrics:
    """The metrics of one run. Where they cannot be served or written, `warn` gets a message, and the run goes on."""

    def __init__(self, warn: Callable[..., None] = lambda *_, **__: None) -> None:
        self.registry = CollectorRegistry()
        self._warn = warn
        self._unwritable: set[Path] = set()
        self._page_gauge = Gauge("swordnet_pages", "pages by outcome", ["platform", "outcome"], registry=self.registry)
        self._healthy_gauge = Gauge(
            "swordnet_healthy", "1 where the platform can be trusted", ["platform"], registry=self.registry
        )
        self._finished_gauge = Gauge(
            "swordnet_run_finished_seconds", "when the run ended, 0 while it runs", registry=self.registry
        )
        self._count_gauges = {
            name: Gauge(f"swordnet_{name}", meaning, ["platform"], registry=self.registry)
            for name, meaning in _COUNT_GAUGES.items()
        }

        self._state_gauge = self._gauge("units_in_state", "units of the run by state", "platform", "state")
        self._pace_gauge = self._gauge("units_per_minute", "units ended in a minute lately", "platform")
        self._waiting_gauge = self._gauge("oldest_waiting_seconds", "how long the oldest open unit waits", "platform")
        self._silent_gauge = self._gauge("worker_silent_seconds", "since a worker's last sign of life", "worker")
        self._alive_gauge = self._gauge("worker_alive", "0 where a worker's units go to others", "worker")

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"swordnet_{name}", meaning, labels, registry=self.registry)

    def set_counts(
        self, platforms: Sequence[PlatformCounts], unhealthy: Sequence[str] = (), finished: float = 0.0
    ) -> None:
        """Set the metrics that come from the counts of platforms."""
        self._finished_gauge.set(finished)
        for counts in platforms:
            for outcome, number in counts.pages.items():
                self._page_gauge.labels(counts.platform, outcome).set(number)
            self._healthy_gauge.labels(counts.platform).set(counts.platform not in unhealthy)
            values = (counts.asked, counts.failed, counts.listings, counts.hits, counts.new, counts.gone)
            for gauge, value in zip(self._count_gauges.values(), values, strict=True):
                gauge.labels(counts.platform).set(value)

    def set_progress(self, progress: RunProgress, workers: Sequence[Mapping[str, Any]]) -> None:
        """Set the metrics of a run in progress: units by state, pace, waiting time, workers."""
        for gauge in (self._state_gauge, self._pace_gauge, self._waiting_gauge, self._silent_gauge, self._alive_gauge):
            gauge.clear()
        for platform, states in progress.states.items():
            for state, number in states.items():
                self._state_gauge.labels(platform, state).set(number)
            self._pace_gauge.labels(platform).set(progress.units_per_minute.get(platform, 0.0))
            self._waiting_gauge.labels(platform).set(progress.waiting_seconds.get(platform, 0.0))
        for worker in workers:
            self._silent_gauge.labels(worker["worker"]).set(worker["silent"] or 0.0)
            self._alive_gauge.labels(worker["worker"]).set(worker["alive"])

    def serve(self, port: int) -> None:
        """Serve the metrics on 127.0.0.1 until the process ends."""
        try:
            start_http_server(port, "127.0.0.1", self.registry)
        except OSError as error:
            self._warn("metrics_not_served", port=port, reason=error.strerror or error)
        except OverflowError as error:
            self._warn("metrics_not_served", port=port, reason=error)

    def write(self, path: Path) -> None:
        """Write the textfile; that it cannot be written is told once."""
        try:
            with open_atomic(path) as file:
                file.write(generate_latest(self.registry))
        except BadInput as error:
            if path not in self._unwritable:
                self._unwritable.add(path)
                self._warn("metrics_not_written", reason=error)


def run_metrics_updater(store: Callable[[], Store], metrics: Metrics, config: Config) -> Callable[[str], None]:
    """A callback for the id of a run in progress: updates its metrics, at most every `METRICS_INTERVAL_SECONDS`."""
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
        stored_run, now = opened[0].runs.get_run(run), opened[0].admin.current_time()
        if stored_run is not None:
            workers = worker_states(opened[0], run, now, config)
            metrics.set_progress(opened[0].runs.run_progress(run, now, stored_run.started), workers)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return update_run


def unit_metrics_updater(
    progress: ProgressCallback, metrics: Metrics, config: Config, update_run: Callable[[str], None] = lambda _: None
) -> ProgressCallback:
    """A callback for after each unit: calls `progress`, then updates the metrics, if any are configured."""
    outcomes: list[tuple[str, str, str, dict[str, Any]]] = []
    if not config.night.metrics_file and not config.night.metrics_port:
        return progress

    def after_unit(unit: Unit, stats: CrawlStats) -> None:
        progress(unit, stats)
        outcomes.append((unit.spider, unit.kind, UnitState.DONE, stats.to_dict()))
        metrics.set_counts(count_by_platform(outcomes))
        update_run(unit.run)
        if config.night.metrics_file:
            metrics.write(Path(config.night.metrics_file))

    return after_unit
