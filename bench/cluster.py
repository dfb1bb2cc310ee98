"""Many workers over one PostgreSQL: how fast, how polite, and what is lost when things break.

`python bench/cluster.py [--units N] [--workers 1 2 4] [--trouble]`: a loopback web of 20 platforms, units of one page,
50 ms between two requests to a host. Each figure is one night, done by so many worker processes. A trigger in the
database writes down every change of a unit, so that an overlap on a platform cannot go unseen. With --trouble a night
of three workers has one killed, one paused for 20 s, one cut off from the database for 20 s, and PostgreSQL restarted.
Its hits are compared with those of the same night on SQLite. Prints JSON; exit code 1 where anything is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from bench._nightrun import Site, web
from tests.postgres import Server, programs

PLATFORMS, SEED, AWAY = 20, 9, 20.0
EXTRA = """unit_size = 1
details_per_platform = 0
[cluster]
hand_out = {hand_out}
beat = 2
stale = 10
sweep = 5
patience = 30"""
LOG = """
CREATE TABLE unit_log (unit integer, spider text, state text, holder text, attempt integer, at timestamptz);
CREATE FUNCTION log_unit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt THEN
    INSERT INTO unit_log VALUES (NEW.id, NEW.spider, NEW.state, NEW.holder, NEW.attempt, clock_timestamp());
  END IF; RETURN NEW; END $$;
CREATE TRIGGER log_unit AFTER UPDATE ON units FOR EACH ROW EXECUTE FUNCTION log_unit();
"""
HITS = "SELECT h.work, l.address, h.decision FROM hits h JOIN listings l ON l.id = h.listing"


class Cable:
    """A line to a port of this machine that can be cut: nothing passes, nothing is said."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._through = threading.Event()
        self._through.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """For so long."""
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


def site(folder: Path, ports: dict[str, Any], url: str, questions: int, hand_out: bool) -> Site:
    """A folder with settings and works, on a database."""
    extra = EXTRA.format(hand_out=str(hand_out).lower())
    return Site(folder, ports, questions, extra, f'[store]\nurl = "{url}"', delay=0.05)


def night(one: Site, url: str, workers: list[subprocess.Popen[str]], units: int, trouble: Any = None) -> dict[str, Any]:
    """Run a night that others work on; what its units went through."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(LOG.encode())
    begun = time.monotonic()
    process = one.start("night", "--quiet")
    if trouble is not None:
        trouble(workers)
    _out, err = process.communicate(timeout=1800)
    seconds = time.monotonic() - begun
    busy = sum(cpu(each.pid) for each in workers)
    for each in workers:
        each.send_signal(signal.SIGTERM)
    ends = [each.wait(120) for each in workers]
    with psycopg.connect(plain(url)) as connection:
        log = connection.execute("SELECT spider, state, unit, attempt, at FROM unit_log ORDER BY at").fetchall()
        states = Counter(row[0] for row in connection.execute("SELECT state FROM units").fetchall())
        found = connection.execute(HITS).fetchall()
    if process.returncode:
        print(err[-1500:], file=sys.stderr)
    return {
        "exit": process.returncode,
        "workers": ends,
        "units": sum(states.values()),
        "states": dict(states),
        "seconds": round(seconds, 1),
        "units_per_second": round(units / seconds, 1),
        "cpu_ms_per_unit": round(1000 * busy / units, 1),
        "overlaps": len(overlaps(log)),
        "overlapping": overlaps(log)[:5],
        "hits": {tuple(row) for row in found},
        "doubled": len(found) - len({row[:2] for row in found}),
    }


def logs(who: object) -> Path:
    """Where a worker's words go."""
    folder = Path(__file__).parent / "out"
    folder.mkdir(exist_ok=True)
    return folder / f"worker-{who}.log"


def cpu(pid: int) -> float:
    """Seconds of CPU that a living process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def overlaps(log: list[Any]) -> list[Any]:
    """When a unit of a platform was begun while another one of it was being done: seconds, platform, units."""
    doing: dict[str, set[int]] = {}
    found = []
    for spider, state, unit, attempt, at in log:
        held = doing.setdefault(spider, set())
        if state == "doing":
            if held - {unit}:
                found.append([round((at - log[0][4]).total_seconds(), 1), spider, unit, attempt, sorted(held)])
            held.add(unit)
        else:
            held.discard(unit)
    return found


def plain(url: str) -> str:
    """The address as libpq reads it."""
    return url.replace("postgresql+psycopg", "postgresql")


def trouble_for(server: Server, cable: Cable) -> Any:
    """What happens to a night of three workers."""

    def happen(workers: list[subprocess.Popen[str]]) -> None:
        time.sleep(12)
        workers[0].kill()
        workers[0].communicate()
        workers.pop(0)
        time.sleep(5)
        workers[0].send_signal(signal.SIGSTOP)
        time.sleep(AWAY)
        workers[0].send_signal(signal.SIGCONT)
        time.sleep(3)
        server.stop("fast")
        server.start()
        time.sleep(5)
        cable.cut(AWAY)

    return happen


def truth(folder: Path, ports: dict[str, Any], questions: int, works: int) -> set[tuple[str, str, str]]:
    """The hits of the same night on SQLite, in one process."""
    one = site(folder, ports, "sqlite:///swordnet.db", questions, hand_out=False)
    one.register(works, SEED)
    done = one.run("night", "--quiet")
    assert done.returncode == 0, done.stderr[-2000:]
    with closing(sqlite3.connect(folder / "swordnet.db")) as connection:
        return {tuple(row) for row in connection.execute(HITS)}


def main() -> int:
    """Print what became of all nights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--trouble", action="store_true")
    said = parser.parse_args()
    found = programs()
    if found is None:
        raise SystemExit("no PostgreSQL here (Debian: apt-get install postgresql)")
    questions = said.units // PLATFORMS
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(found, port)
    told: dict[str, Any] = {}
    wrong = 0
    try:
        with tempfile.TemporaryDirectory() as name, web(Path(name), PLATFORMS, SEED) as ports:
            expected = truth(Path(name) / "truth", ports, questions, questions)
            nights = [(f"{count}_workers", count, None) for count in said.workers]
            cable = Cable(port)
            if said.trouble:
                nights.append(("trouble", 3, trouble_for(server, cable)))
            for key, count, trouble in nights:
                url = server.create(key)
                one = site(Path(name) / key, ports, url, questions, hand_out=True)
                one.register(questions, SEED)
                workers = [one.start("worker", "--quiet", log=logs(n)) for n in range(count - (trouble is not None))]
                if trouble is not None:
                    away = site(
                        Path(name) / "away", ports, url.replace(str(port), str(cable.port)), questions, hand_out=True
                    )
                    workers.append(away.start("worker", "--quiet", log=logs("away")))
                one.tell(reset=True)
                row = night(one, url, workers, said.units, trouble)
                hits = row.pop("hits")
                row |= {"lost": len(expected - hits), "other": len(hits - expected), "truth": len(expected)}
                told[key] = row
                wrong += row["lost"] + row["other"] + row["doubled"] + row["overlaps"] + (row["exit"] != 0)
                print(json.dumps({key: row}), file=sys.stderr, flush=True)
    finally:
        server.remove()
    print(json.dumps(told, indent=1))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
