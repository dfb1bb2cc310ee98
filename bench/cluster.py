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
from bench._netns import HERE, Nets, nets
from bench._nightrun import Site, web
from tests.postgres import Server, programs

PLATFORMS, SEED, AWAY, DELAY = 20, 9, 20.0, 0.05
EXTRA = """unit_size = 1
details_per_platform = 0
[cluster]
hand_out = {hand_out}
beat = {beat}
stale = {stale}
sweep = {sweep}
patience = 60"""
QUICK = {"beat": 2, "stale": 10, "sweep": 5}
PRODUCTION = {"beat": 10, "stale": 60, "sweep": 20}  # the defaults
LIMIT = 1800  # seconds; the timeout of a night


class Cable:
    """A proxy to a port of this machine that can be interrupted, for machines without namespaces."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._through = threading.Event()
        self._through.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Hold back all traffic for `seconds`."""
        self._through.clear()
        time.sleep(seconds)
        self._through.set()

    def _listen(self) -> None:
        while True:
            near, _ = self._socket.accept()
            self._through.wait()
            with suppress(OSError):
                far = socket.create_connection(("127.0.0.1", self._far))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                self._through.wait()
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes the other direction, which a mere close would not


@define(kw_only=True)
class Bench:
    """What all nights share: folder, web, database server, expected hits."""

    folder: Path
    ports: dict[str, Any]
    server: Server
    port: int
    net: Nets | None
    units: int
    delay: float
    expected: set[tuple[str, str, str]]

    @property
    def questions(self) -> int:
        """The number of queries per platform."""
        return self.units // PLATFORMS

    def night(self, key: str, count: int, rhythm: dict[str, int], trouble: Callable[..., Any] | None) -> dict[str, Any]:
        """Run a night with `count` workers; the figures of its units, its hits and the web."""
        url = self.server.create(key)
        one = site(self.folder / key, self.ports, url, self.questions, rhythm, self.delay)
        one.register(self.questions, SEED)
        cable = Cable(self.port) if self.net is None else None
        workers = [self._worker(one, key, number, count, url, cable, rhythm) for number in range(count)]
        one.tell(reset=True)
        watching.watch(url)
        begun = time.monotonic()
        process = one.start("night", "--quiet")
        told = trouble(self, one, url, workers, cable) if trouble else {}
        _out, err = process.communicate(timeout=LIMIT)
        seconds = time.monotonic() - begun
        alive = [each for each in workers if each.poll() is None]
        busy = sum(watching.cpu(each.pid) for each in alive)
        for each in alive:
            each.send_signal(signal.SIGTERM)
        ends = [each.wait(120) for each in alive]
        if process.returncode:
            print(err[-1500:], file=sys.stderr)
        seen = watching.seen(url)
        if "held" in told:
            told["again_after_s"] = watching.taken_over(seen["log"], told["held"], told.pop("at"))
        found = {tuple(row) for row in seen["hits"]}
        over = watching.overlaps(seen["log"])
        return {
            "exit": process.returncode,
            "workers": ends,
            "units": sum(seen["states"].values()),
            "states": seen["states"],
            "seconds": round(seconds, 1),
            "units_per_second": round(self.units / seconds, 1),
            "cpu_ms_per_unit": round(1000 * busy / self.units, 1),
            "overlaps": len(over),
            "overlapping": over[:5],
            "lost": len(self.expected - found),
            "other": len(found - self.expected),
            "doubled": len(seen["hits"]) - len({row[:2] for row in seen["hits"]}),
            "truth": len(self.expected),
            **watching.manners(one.tell(), self.delay),
            **told,
        }

    def _worker(
        self, one: Site, key: str, number: int, count: int, url: str, cable: Cable | None, rhythm: dict[str, int]
    ) -> subprocess.Popen[str]:
        """Start one worker in its namespace; without namespaces the last one reaches the database through `cable`."""
        if cable is not None and number == count - 1:
            away = url.replace(str(self.port), str(cable.port))
            one = site(self.folder / f"{key}-away", self.ports, away, self.questions, rhythm, self.delay)
        inside = self.net.inside(number) if self.net is not None else ()
        return one.start("worker", "--quiet", log=logs(f"{key}-{number}"), inside=inside)


def site(
    folder: Path, ports: dict[str, Any], url: str, questions: int, rhythm: dict[str, int] | None, delay: float = DELAY
) -> Site:
    """A folder with settings and works, on a database; its units are handed out to workers if `rhythm` is given."""
    extra = EXTRA.format(hand_out=str(rhythm is not None).lower(), **(rhythm or QUICK))
    return Site(folder, ports, questions, extra, f'[store]\nurl = "{url}"', delay=delay)


def logs(who: object) -> Path:
    """The log file of a worker."""
    folder = Path(__file__).parent / "out"
    folder.mkdir(exist_ok=True)
    return folder / f"worker-{who}.log"


def in_trouble(
    bench: Bench, _one: Site, _url: str, workers: list[subprocess.Popen[str]], cable: Cable | None
) -> dict[str, Any]:
    """Disturb a night of three workers: a kill, a pause, a database restart, a network cut."""
    time.sleep(12)
    workers[0].kill()
    time.sleep(5)
    workers[1].send_signal(signal.SIGSTOP)
    time.sleep(AWAY)
    workers[1].send_signal(signal.SIGCONT)
    time.sleep(3)
    bench.server.stop("fast")
    bench.server.start()
    time.sleep(5)
    if cable is not None:
        cable.cut(AWAY)
    elif bench.net is not None:
        bench.net.cut(2, AWAY)
    return {"namespaces": bench.net is not None}


def killed(
    _bench: Bench, one: Site, url: str, workers: list[subprocess.Popen[str]], _cable: Cable | None
) -> dict[str, Any]:
    """Kill one of two workers while it holds units; the web is slowed down so that it does hold some."""
    one.tell(slow=3.0)
    held: list[int] = []
    while len(held) < 2:
        time.sleep(0.5)
        held = watching.held_by(url, workers[0].pid)
    workers[0].kill()
    at = datetime.now(UTC)
    one.tell(slow=0.0)
    return {"held": held, "at": at}


def truth(folder: Path, ports: dict[str, Any], questions: int) -> set[tuple[str, str, str]]:
    """The hits of the same night on SQLite, in one process."""
    one = site(folder, ports, "sqlite:///swordnet.db", questions, None)
    one.register(questions, SEED)
    done = one.run("night", "--quiet", timeout=LIMIT)
    assert done.returncode == 0, done.stderr[-2000:]
    with closing(sqlite3.connect(folder / "swordnet.db")) as connection:
        return {tuple(row) for row in connection.execute(watching.HITS)}


def kept_truth(file: Path | None, folder: Path, ports: dict[str, Any], questions: int) -> set[tuple[str, str, str]]:
    """As `truth`, cached in `file` with platform names in place of ports, which differ from run to run."""
    names = {f"{ports['host']}:{port}": name for name, port in ports["platforms"].items()}
    places = {name: place for place, name in names.items()}

    def swapped(rows: Any, how: dict[str, str]) -> set[tuple[str, str, str]]:
        found = set()
        for work, address, decision in rows:
            scheme, _, rest = address.partition("://")
            place, _, path = rest.partition("/")
            found.add((work, f"{scheme}://{how[place]}/{path}", decision))
        return found

    if file is not None and file.exists():
        rows = swapped(map(tuple, json.loads(file.read_text(encoding="utf-8"))), places)
        return {row for row in rows if int(row[0].removeprefix("B")) < questions}
    found = truth(folder, ports, questions)
    if file is not None:
        file.write_text(json.dumps(sorted(swapped(found, names)), ensure_ascii=False), encoding="utf-8")
    return found


def main() -> int:
    """Print the figures of all nights; exit code 1 if any is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=DELAY, help="seconds between two requests to a host")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--trouble", action="store_true")
    parser.add_argument("--killed", action="store_true")
    parser.add_argument("--no-namespaces", action="store_true")
    parser.add_argument(
        "--truth", type=Path, help="hits of the same night, kept in this file; made where it is not there"
    )
    said = parser.parse_args()
    found = programs()
    if found is None:
        raise SystemExit("no PostgreSQL here (Debian: apt-get install postgresql)")
    nights: list[tuple[str, int, dict[str, int], Any]] = [("trouble", 3, QUICK, in_trouble)] if said.trouble else []
    nights += [("killed", 2, PRODUCTION, killed)] if said.killed else []
    nights += [(f"w{count}", count, QUICK, None) for count in said.workers]
    most = 0 if said.no_namespaces else max(count for _, count, _, _ in nights)
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, nets(most) as net:
        host = HERE if net is not None else "127.0.0.1"
        with socket.create_server((host, 0)) as free:
            port = free.getsockname()[1]
        server = Server(found, port, host)
        try:
            with web(Path(name), PLATFORMS, SEED, host=host) as ports:
                expected = kept_truth(said.truth, Path(name) / "truth", ports, said.units // PLATFORMS)
                bench = Bench(
                    folder=Path(name),
                    ports=ports,
                    server=server,
                    port=port,
                    net=net,
                    units=said.units,
                    delay=said.delay,
                    expected=expected,
                )
                for key, count, rhythm, trouble in nights:
                    told[key] = bench.night(key, count, rhythm, trouble)
                    print(json.dumps({key: told[key]}), file=sys.stderr, flush=True)
        finally:
            server.remove()
    print(json.dumps(told, indent=1))
    return int(any(map(is_wrong, told.values())))


def is_wrong(row: dict[str, Any]) -> bool:
    """Whether the night failed, or anything was lost, other than expected, doubled or overlapping."""
    return any(row[name] for name in ("exit", "lost", "other", "doubled", "overlaps"))


if __name__ == "__main__":
    sys.exit(main())
