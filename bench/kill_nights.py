"""Kill nights at random moments and check that nothing is lost or doubled, all is finished, and little is refetched.

`python bench/kill_nights.py --kills N --seed S`: N runs with one SIGKILL each, every tenth with three; one run with a
full disk and one with a locked database. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._nightrun import CHILD, Site, web

PLATFORMS = 24
QUESTIONS = 60  # per platform; with the pages of candidates more than 3,000 pages a night
WORKS = 300
ROOM = 1_500_000  # bytes that the full disk can still take


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of an SQL query, on a connection of its own."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(query).fetchall()


def hits(database: Path) -> list[tuple[str, str, str]]:
    """Every stored hit: work, address, decision."""
    query = "SELECT h.work, l.address, h.decision FROM hits h JOIN listings l ON l.id = h.listing"
    return rows(database, query)


def held(database: Path) -> int:
    """The number of pages that units in flight hold: one for each ask."""
    return sum(len(json.loads(asks)) for (asks,) in rows(database, "SELECT asks FROM units WHERE state = 'doing'"))


def unfinished(database: Path) -> int:
    """The number of units that are not done."""
    return rows(database, "SELECT count(*) FROM units WHERE state <> 'done'")[0][0]


def fresh(site: Site, prepared: Path, told: bool = True) -> Path:
    """Restore the database as it was before the night; with `told`, reset the web's counts too."""
    for path in site.folder.glob("swordnet.db*"):
        path.unlink()
    shutil.copy(prepared, site.folder / "swordnet.db")
    shutil.rmtree(site.folder / "blobs", ignore_errors=True)
    if told:
        site.tell(reset=True)
    return site.folder / "swordnet.db"


def killed(site: Site, database: Path, moments: list[float]) -> int:
    """Run a night that is killed after each of `moments` (seconds), then to its end. Returns the pages in flight."""
    in_flight = 0
    for moment in moments:
        process = site.start("night", "--quiet")
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        in_flight += held(database)
    done = site.run("night", "--quiet")
    if done.returncode not in (0, 3):
        print(done.stderr[-2000:], file=sys.stderr)
    return in_flight


def judged(site: Site, database: Path, truth: set[tuple[str, str, str]], in_flight: int) -> dict[str, int]:
    """The figures of a run, compared with the uninterrupted night."""
    found = hits(database)
    pairs = [(work, address) for work, address, _ in found]
    asked = site.tell(reset=True)["asked"]
    again = sum(count - 1 for count in asked.values())
    return {
        "lost": len(truth - set(found)),
        "other": len(set(found) - truth),
        "doubled": len(pairs) - len(set(pairs)),
        "unfinished": unfinished(database),
        "fetched_again": max(0, again - in_flight),
        "again": again,
        "in_flight": in_flight,
    }


def full_disk(site: Site, database: Path) -> dict[str, Any]:
    """Run a night on a full disk, then continue it with free space. Uses a small tmpfs, or else a file size limit."""
    aside = site.folder.with_name("aside")
    shutil.copytree(site.folder, aside)
    size = sum(each.stat().st_size for each in aside.rglob("*") if each.is_file()) + ROOM
    if _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(site.folder)):
        shutil.rmtree(aside)
        return limited_file(site, database)
    try:
        shutil.copytree(aside, site.folder, dirs_exist_ok=True)
        first = site.run("night", "--quiet")
        _mount("-o", "remount,size=1g", str(site.folder))
        second = site.run("night", "--quiet")
        shutil.rmtree(aside)
        shutil.copytree(site.folder, aside)
    finally:
        subprocess.run(["umount", str(site.folder)], check=True)
    fresh(site, aside / "swordnet.db", told=False)
    return {"disk": size, **_exits(first, second)}


def limited_file(site: Site, database: Path) -> dict[str, Any]:
    """For machines where nothing can be mounted: run a night with a file size limit, then continue it without."""
    limit = database.stat().st_size + ROOM
    command = [sys.executable, "-c", CHILD, str(site.folder / "platforms"), "night", "--quiet"]

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    first = subprocess.run(
        command, cwd=site.folder, env=env, capture_output=True, text=True, preexec_fn=limited, timeout=900, check=False
    )
    return {"file": limit, **_exits(first, site.run("night", "--quiet"))}


def _mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode


def _exits(first: subprocess.CompletedProcess[str], second: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {"first_exit": first.returncode, "told": first.stderr.strip()[-300:], "second_exit": second.returncode}


def locked(site: Site, database: Path) -> dict[str, Any]:
    """Lock the database from another process for longer than the night waits, then continue the night."""
    process = site.start("night", "--quiet")
    time.sleep(6)
    with closing(sqlite3.connect(database, isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        _out, err = process.communicate(timeout=300)
        connection.execute("ROLLBACK")
    second = site.run("night", "--quiet")
    return {"first_exit": process.returncode, "told": err.strip()[-300:], "second_exit": second.returncode}


def main() -> int:
    """Print the figures of all runs; exit code 1 unless all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    draw = random.Random(said.seed)
    with tempfile.TemporaryDirectory() as name, web(Path(name), PLATFORMS, said.seed) as ports:
        site = Site(Path(name) / "site", ports, QUESTIONS)
        site.register(WORKS, said.seed)
        prepared = Path(name) / "prepared.db"
        shutil.copy(site.folder / "swordnet.db", prepared)
        database = fresh(site, prepared)
        begun = time.monotonic()
        done = site.run("night", "--quiet")
        length = time.monotonic() - begun
        assert done.returncode == 0, done.stderr[-3000:]
        truth = set(hits(database))
        pages = sum(site.tell(reset=True)["asked"].values())
        runs = []
        for number in range(said.kills):
            database = fresh(site, prepared)
            times = 3 if number % 10 == 9 else 1
            moments = [draw.uniform(1.0, max(2.0, length / times)) for _ in range(times)]
            runs.append(judged(site, database, truth, killed(site, database, moments)))
            print(json.dumps({"run": number + 1, **runs[-1]}), file=sys.stderr, flush=True)
        troubles = {}
        for trouble in (full_disk, locked):
            database = fresh(site, prepared)
            told = trouble(site, database)
            troubles[trouble.__name__] = told | judged(site, database, truth, 1_000_000)
    names = ("lost", "doubled", "unfinished", "fetched_again")
    total = {key: sum(run[key] for run in [*runs, *troubles.values()]) for key in names}
    night = {"platforms": PLATFORMS, "pages": pages, "hits": sum(each[2] == "hit" for each in truth)}
    print(json.dumps({"kills": said.kills, **total, "night": night, "seconds": round(length, 1), **troubles}, indent=1))
    return int(any(total.values()))


if __name__ == "__main__":
    sys.exit(main())
