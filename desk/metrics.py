"""What a run did, as Prometheus reads it: a textfile for node_exporter, and an endpoint while a night runs.

Names begin with swordnet_; labels are platform and, for pages, outcome. A file is written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest, start_http_server

from crawler.errors import BadInput, Problem
from crawler.health import PlatformCounts
from crawler.store.standing import Stand
from desk.saving import saving

_NUMBERS = {
    "units": "units of work of the run",
    "units_failed": "units that failed for good",
    "listings": "listings read, or known from unchanged pages",
    "hits": "hits seen",
    "hits_new": "hits first seen in this run",
    "hits_gone": "known hits that are gone",
}


class Metrics:
    """The figures of one run."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._pages = Gauge("swordnet_pages", "pages by outcome", ["platform", "outcome"], registry=self.registry)
        self._healthy = Gauge(
            "swordnet_healthy", "1 where the platform can be trusted", ["platform"], registry=self.registry
        )
        self._finished = Gauge(
            "swordnet_run_finished_seconds", "when the run ended, 0 while it runs", registry=self.registry
        )
        self._numbers = {
            name: Gauge(f"swordnet_{name}", meaning, ["platform"], registry=self.registry)
            for name, meaning in _NUMBERS.items()
        }

        self._states = self._gauge("units_in_state", "units of the run by state", "platform", "state")
        self._pace = self._gauge("units_per_minute", "units ended in a minute lately", "platform")
        self._waiting = self._gauge("oldest_waiting_seconds", "how long the oldest open unit waits", "platform")
        self._silent = self._gauge("worker_silent_seconds", "since a worker's last sign of life", "worker")
        self._alive = self._gauge("worker_alive", "0 where a worker's units go to others", "worker")

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"swordnet_{name}", meaning, labels, registry=self.registry)

    def take(self, platforms: Sequence[PlatformCounts], unhealthy: Sequence[str] = (), finished: float = 0.0) -> None:
        """Set all figures."""
        self._finished.set(finished)
        for each in platforms:
            for outcome, number in each.pages.items():
                self._pages.labels(each.platform, outcome).set(number)
            self._healthy.labels(each.platform).set(each.platform not in unhealthy)
            values = (each.asked, each.failed, each.listings, each.hits, each.new, each.gone)
            for gauge, value in zip(self._numbers.values(), values, strict=True):
                gauge.labels(each.platform).set(value)

    def stand(self, stand: Stand, workers: Sequence[Mapping[str, Any]]) -> None:
        """Set what the ledger says of a run that goes on."""
        for gauge in (self._states, self._pace, self._waiting, self._silent, self._alive):
            gauge.clear()
        for platform, states in stand.states.items():
            for state, number in states.items():
                self._states.labels(platform, state).set(number)
            self._pace.labels(platform).set(stand.per_minute.get(platform, 0.0))
            self._waiting.labels(platform).set(stand.waiting.get(platform, 0.0))
        for each in workers:
            self._silent.labels(each["worker"]).set(each["silent"] or 0.0)
            self._alive.labels(each["worker"]).set(each["alive"])

    def serve(self, port: int) -> None:
        """Answer Prometheus on this machine until the process ends. Raises BadInput where the port is taken."""
        try:
            start_http_server(port, "127.0.0.1", self.registry)
        except OSError as error:
            raise BadInput(Problem(file="swordnet.toml", field="night.metrics_port", message=str(error))) from None

    def write(self, path: Path) -> None:
        """Write the textfile. Raises BadInput where it cannot be written."""
        with saving(path) as file:
            file.write(generate_latest(self.registry))
