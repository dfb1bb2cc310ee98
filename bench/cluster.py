"""Measure many workers on one PostgreSQL: how fast, how polite, and what is lost when things break.

`python bench/cluster.py [--units N] [--workers 1 2 4] [--trouble] [--killed]`: a loopback web of 20 platforms, units of
one page, 50 ms between two requests to a host; each worker in its own network namespace where the machine allows it.
Each figure is one night, done by that many worker processes. With --trouble, in a night of three workers one is killed,
one paused for 20 s, PostgreSQL is restarted, and one is cut off from everything for 20 s. With --killed, in a night
with production settings (beat 10 s, stale 60 s, sweep 20 s) one of two workers is killed, and nobody intervenes. Hits
are compared with those of the same night on SQLite. Prints JSON; exit code 1 if anything is lost, doubled or overlaps.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attrs import define

from bench import _watching as watching
from bench._netns import HOST_ADDRESS, Namespaces, create_namespaces
from bench._nightrun import Site, run_web
from tests.postgres import PostgresServer, find_bin_folder

PLATFORM_COUNT, SEED, OUTAGE_SECONDS, DELAY_SECONDS = 20, 9, 20.0, 0.05
SETTINGS_TEMPLATE = """unit_size = 1
details_per_platform = 0
[cluster]
hand_out = {hand_out}
beat = {beat}
stale = {stale}
sweep = {sweep}
patience = 60"""
QUICK_RHYTHM = {"beat": 2, "stale": 10, "sweep": 5}
PRODUCTION_RHYTHM = {"beat": 10, "stale": 60, "sweep": 20}  # the defaults
NIGHT_TIMEOUT_SECONDS = 1800  # seconds; the timeout of a night


class Cable:
    """A proxy to a port of this machine that can be interrupted, for machines without namespaces."""

    def __init__(self, port: int) -> None:
        self._target_port = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._connected = threading.Event()
        self._connected.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Hold back all traffic for `seconds`."""
        self._connected.clear()
        time.sleep(seconds)
        self._connected.set()

    def _listen(self) -> None:
        while True:
            client, _ = self._socket.accept()
            self._connected.wait()
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", self._target_port))
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._connected.wait()
                target.sendall(data)
        for endpoint in (source, target):
            with suppress(OSError):
                endpoint.shutdown(socket.SHUT_RDWR)  # wakes the other direction, which a mere close would not


@define(kw_only=True)
class Bench:
    """What all nights share: folder, web, database server, expected hits."""

    folder: Path
    ports: dict[str, Any]
    server: PostgresServer
    port: int
    net: Namespaces | None
    units: int
    delay: float
    expected: set[tuple[str, str, str]]

    @property
    def questions(self) -> int:
        """The number of queries per platform."""
        return self.units // PLATFORM_COUNT

    def run_night(
        self, key: str, count: int, rhythm: dict[str, int], trouble: Callable[..., Any] | None
    ) -> dict[str, Any]:
        """Run a night with `count` workers; the figures of its units, its hits and the web."""
        url = self.server.create(key)
        night_site = make_site(self.folder / key, self.ports, url, self.questions, rhythm, self.delay)
        night_site.register_works(self.questions, SEED)
        cable = Cable(self.port) if self.net is None else None
        workers = [self._start_worker(night_site, key, number, count, url, cable, rhythm) for number in range(count)]
        night_site.control_web(reset=True)
        watching.start_unit_log(url)
        begun = time.monotonic()
        process = night_site.start("night", "--quiet")
        trouble_report = trouble(self, night_site, url, workers, cable) if trouble else {}
        _out, err = process.communicate(timeout=NIGHT_TIMEOUT_SECONDS)
        seconds = time.monotonic() - begun
        live_workers = [worker for worker in workers if worker.poll() is None]
        cpu_total = sum(watching.cpu_seconds(worker.pid) for worker in live_workers)
        for worker in live_workers:
            worker.send_signal(signal.SIGTERM)
        exit_codes = [worker.wait(120) for worker in live_workers]
        if process.returncode:
            print(err[-1500:], file=sys.stderr)
        records = watching.night_records(url)
        if "held" in trouble_report:
            trouble_report["again_after_s"] = watching.takeover_seconds(
                records["log"], trouble_report["held"], trouble_report.pop("at")
            )
        found_hits = {tuple(row) for row in records["hits"]}
        overlap_rows = watching.find_overlaps(records["log"])
        return {
            "exit": process.returncode,
            "workers": exit_codes,
            "units": sum(records["states"].values()),
            "states": records["states"],
            "seconds": round(seconds, 1),
            "units_per_second": round(self.units / seconds, 1),
            "cpu_ms_per_unit": round(1000 * cpu_total / self.units, 1),
            "overlaps": len(overlap_rows),
            "overlapping": overlap_rows[:5],
            "lost": len(self.expected - found_hits),
            "other": len(found_hits - self.expected),
            "doubled": len(records["hits"]) - len({row[:2] for row in records["hits"]}),
            "truth": len(self.expected),
            **watching.politeness_figures(night_site.control_web(), self.delay),
            **trouble_report,
        }

    def _start_worker(
        self, night_site: Site, key: str, number: int, count: int, url: str, cable: Cable | None, rhythm: dict[str, int]
    ) -> subprocess.Popen[str]:
        """Start one worker in its namespace; without namespaces the last one reaches the database through `cable`."""
        if cable is not None and number == count - 1:
            proxied_url = url.replace(str(self.port), str(cable.port))
            night_site = make_site(
                self.folder / f"{key}-away", self.ports, proxied_url, self.questions, rhythm, self.delay
            )
        prefix = self.net.exec_prefix(number) if self.net is not None else ()
        return night_site.start("worker", "--quiet", log=log_file(f"{key}-{number}"), prefix=prefix)


def make_site(
    folder: Path,
    ports: dict[str, Any],
    url: str,
    questions: int,
    rhythm: dict[str, int] | None,
    delay: float = DELAY_SECONDS,
) -> Site:
    """A folder with settings and works, on a database; its units are handed out to workers if `rhythm` is given."""
    extra = SETTINGS_TEMPLATE.format(hand_out=str(rhythm is not None).lower(), **(rhythm or QUICK_RHYTHM))
    return Site(folder, ports, questions, extra, f'[store]\nurl = "{url}"', delay=delay)


def log_file(worker: object) -> Path:
    """The log file of a worker."""
    folder = Path(__file__).parent / "out"
    folder.mkdir(exist_ok=True)
    return folder / f"worker-{worker}.log"


def cause_trouble(
    bench: Bench, _site: Site, _url: str, workers: list[subprocess.Popen[str]], cable: Cable | None
) -> dict[str, Any]:
    """Disturb a night of three workers: a kill, a pause, a database restart, a network cut."""
    time.sleep(12)
    workers[0].kill()
    time.sleep(5)
    workers[1].send_signal(signal.SIGSTOP)
    time.sleep(OUTAGE_SECONDS)
    workers[1].send_signal(signal.SIGCONT)
    time.sleep(3)
    bench.server.stop("fast")
    bench.server.start()
    time.sleep(5)
    if cable is not None:
        cable.cut(OUTAGE_SECONDS)
    elif bench.net is not None:
        bench.net.cut_link(2, OUTAGE_SECONDS)
    return {"namespaces": bench.net is not None}


def kill_worker(
    _bench: Bench, night_site: Site, url: str, workers: list[subprocess.Popen[str]], _cable: Cable | None
) -> dict[str, Any]:
    """Kill one of two workers while it holds units; the web is slowed down so that it does hold some."""
    night_site.control_web(slow=3.0)
    claimed: list[int] = []
    while len(claimed) < 2:
        time.sleep(0.5)
        claimed = watching.claimed_units(url, workers[0].pid)
    workers[0].kill()
    at = datetime.now(UTC)
    night_site.control_web(slow=0.0)
    return {"held": claimed, "at": at}


def expected_hits(folder: Path, ports: dict[str, Any], questions: int) -> set[tuple[str, str, str]]:
    """The hits of the same night on SQLite, in one process."""
    night_site = make_site(folder, ports, "sqlite:///swordnet.db", questions, None)
    night_site.register_works(questions, SEED)
    result = night_site.run("night", "--quiet", timeout=NIGHT_TIMEOUT_SECONDS)
    assert result.returncode == 0, result.stderr[-2000:]
    with closing(sqlite3.connect(folder / "swordnet.db")) as connection:
        return {tuple(row) for row in connection.execute(watching.HITS_SQL)}


def cached_hits(file: Path | None, folder: Path, ports: dict[str, Any], questions: int) -> set[tuple[str, str, str]]:
    """As `expected_hits`, cached in `file` with platform names in place of ports, which differ from run to run."""
    names_by_host = {f"{ports['host']}:{port}": name for name, port in ports["platforms"].items()}
    hosts_by_name = {name: place for place, name in names_by_host.items()}

    def replace_hosts(rows: Any, replacements: dict[str, str]) -> set[tuple[str, str, str]]:
        hits = set()
        for work, address, decision in rows:
            scheme, _, remainder = address.partition("://")
            host, _, path = remainder.partition("/")
            hits.add((work, f"{scheme}://{replacements[host]}/{path}", decision))
        return hits

    if file is not None and file.exists():
        rows = replace_hosts(map(tuple, json.loads(file.read_text(encoding="utf-8"))), hosts_by_name)
        return {row for row in rows if int(row[0].removeprefix("B")) < questions}
    hits = expected_hits(folder, ports, questions)
    if file is not None:
        file.write_text(json.dumps(sorted(replace_hosts(hits, names_by_host)), ensure_ascii=False), encoding="utf-8")
    return hits


def main() -> int:
    """Print the figures of all nights; exit code 1 if any is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds between two requests to a host")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--trouble", action="store_true")
    parser.add_argument("--killed", action="store_true")
    parser.add_argument("--no-namespaces", action="store_true")
    parser.add_argument(
        "--truth", type=Path, help="file that caches the hits of the same night; written if it is missing"
    )
    arguments = parser.parse_args()
    bin_folder = find_bin_folder()
    if bin_folder is None:
        raise SystemExit("no PostgreSQL here (Debian: apt-get install postgresql)")
    nights: list[tuple[str, int, dict[str, int], Any]] = (
        [("trouble", 3, QUICK_RHYTHM, cause_trouble)] if arguments.trouble else []
    )
    nights += [("killed", 2, PRODUCTION_RHYTHM, kill_worker)] if arguments.killed else []
    nights += [(f"w{count}", count, QUICK_RHYTHM, None) for count in arguments.workers]
    namespace_count = 0 if arguments.no_namespaces else max(count for _, count, _, _ in nights)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, create_namespaces(namespace_count) as net:
        host = HOST_ADDRESS if net is not None else "127.0.0.1"
        with socket.create_server((host, 0)) as free:
            port = free.getsockname()[1]
        server = PostgresServer(bin_folder, port, host)
        try:
            with run_web(Path(name), PLATFORM_COUNT, SEED, host=host) as ports:
                expected = cached_hits(arguments.truth, Path(name) / "truth", ports, arguments.units // PLATFORM_COUNT)
                bench = Bench(
                    folder=Path(name),
                    ports=ports,
                    server=server,
                    port=port,
                    net=net,
                    units=arguments.units,
                    delay=arguments.delay,
                    expected=expected,
                )
                for key, count, rhythm, trouble in nights:
                    results[key] = bench.run_night(key, count, rhythm, trouble)
                    print(json.dumps({key: results[key]}), file=sys.stderr, flush=True)
        finally:
            server.remove()
    print(json.dumps(results, indent=1))
    return int(any(map(is_wrong, results.values())))


def is_wrong(row: dict[str, Any]) -> bool:
    """Whether the night failed, or anything was lost, other than expected, doubled or overlapping."""
    return any(row[name] for name in ("exit", "lost", "other", "doubled", "overlaps"))


if __name__ == "__main__":
    sys.exit(main())
