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

from bench._nightrun import CHILD_CODE, Site, run_web

PLATFORM_COUNT = 24
QUERIES_PER_PLATFORM = 60  # per platform; with the pages of candidates more than 3,000 pages a night
WORK_COUNT = 300
FREE_DISK_BYTES = 1_500_000  # bytes that the full disk can still take


def query_rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of an SQL query, on a connection of its own."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        return connection.execute(query).fetchall()


def stored_hits(database: Path) -> list[tuple[str, str, str]]:
    """Every stored hit: work, address, decision."""
    query = "SELECT h.work, l.address, h.decision FROM hits h JOIN listings l ON l.id = h.listing"
    return query_rows(database, query)


def pages_in_flight(database: Path) -> int:
    """The number of pages that units in flight hold: one for each ask."""
    return sum(
        len(json.loads(asks)) for (asks,) in query_rows(database, "SELECT asks FROM units WHERE state = 'doing'")
    )


def count_open_units(database: Path) -> int:
    """The number of units that are not done."""
    return query_rows(database, "SELECT count(*) FROM units WHERE state <> 'done'")[0][0]


def restore_database(site: Site, prepared: Path, resets_web: bool = True) -> Path:
    """Restore the database as it was before the night; with `resets_web`, reset the web's counts too."""
    for path in site.folder.glob("swordnet.db*"):
        path.unlink()
    shutil.copy(prepared, site.folder / "swordnet.db")
    shutil.rmtree(site.folder / "blobs", ignore_errors=True)
    if resets_web:
        site.control_web(reset=True)
    return site.folder / "swordnet.db"


def run_with_kills(site: Site, database: Path, moments: list[float]) -> int:
    """Run a night that is killed after each of `moments` (seconds), then to its end. Returns the pages in flight."""
    in_flight = 0
    for moment in moments:
        process = site.start("night", "--quiet")
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        in_flight += pages_in_flight(database)
    result = site.run("night", "--quiet")
    if result.returncode not in (0, 3):
        print(result.stderr[-2000:], file=sys.stderr)
    return in_flight


def run_figures(site: Site, database: Path, expected_hits: set[tuple[str, str, str]], in_flight: int) -> dict[str, int]:
    """The figures of a run, compared with the uninterrupted night."""
    found_hits = stored_hits(database)
    pairs = [(work, address) for work, address, _ in found_hits]
    request_counts = site.control_web(reset=True)["asked"]
    repeated_requests = sum(count - 1 for count in request_counts.values())
    return {
        "lost": len(expected_hits - set(found_hits)),
        "other": len(set(found_hits) - expected_hits),
        "doubled": len(pairs) - len(set(pairs)),
        "unfinished": count_open_units(database),
        "fetched_again": max(0, repeated_requests - in_flight),
        "again": repeated_requests,
        "in_flight": in_flight,
    }


def run_on_full_disk(site: Site, database: Path) -> dict[str, Any]:
    """Run a night on a full disk, then continue it with free space. Uses a small tmpfs, or else a file size limit."""
    copy_folder = site.folder.with_name("aside")
    shutil.copytree(site.folder, copy_folder)
    size = sum(path.stat().st_size for path in copy_folder.rglob("*") if path.is_file()) + FREE_DISK_BYTES
    if _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(site.folder)):
        shutil.rmtree(copy_folder)
        return limit_file_size(site, database)
    try:
        shutil.copytree(copy_folder, site.folder, dirs_exist_ok=True)
        first = site.run("night", "--quiet")
        _mount("-o", "remount,size=1g", str(site.folder))
        second = site.run("night", "--quiet")
        shutil.rmtree(copy_folder)
        shutil.copytree(site.folder, copy_folder)
    finally:
        subprocess.run(["umount", str(site.folder)], check=True)
    restore_database(site, copy_folder / "swordnet.db", resets_web=False)
    return {"disk": size, **_exits(first, second)}


def limit_file_size(site: Site, database: Path) -> dict[str, Any]:
    """For machines where nothing can be mounted: run a night with a file size limit, then continue it without."""
    limit = database.stat().st_size + FREE_DISK_BYTES
    command = [sys.executable, "-c", CHILD_CODE, str(site.folder / "platforms"), "night", "--quiet"]

    def set_limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    first = subprocess.run(
        command,
        cwd=site.folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        preexec_fn=set_limit,
        timeout=900,
        check=False,
    )
    return {"file": limit, **_exits(first, site.run("night", "--quiet"))}


def _mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode


def _exits(first: subprocess.CompletedProcess[str], second: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return {"first_exit": first.returncode, "told": first.stderr.strip()[-300:], "second_exit": second.returncode}


def lock_database(site: Site, database: Path) -> dict[str, Any]:
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
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name, run_web(Path(name), PLATFORM_COUNT, arguments.seed) as ports:
        site = Site(Path(name) / "site", ports, QUERIES_PER_PLATFORM)
        site.register_works(WORK_COUNT, arguments.seed)
        prepared = Path(name) / "prepared.db"
        shutil.copy(site.folder / "swordnet.db", prepared)
        database = restore_database(site, prepared)
        begun = time.monotonic()
        result = site.run("night", "--quiet")
        night_seconds = time.monotonic() - begun
        assert result.returncode == 0, result.stderr[-3000:]
        expected_hits = set(stored_hits(database))
        pages = sum(site.control_web(reset=True)["asked"].values())
        runs = []
        for number in range(arguments.kills):
            database = restore_database(site, prepared)
            kill_count = 3 if number % 10 == 9 else 1
            moments = [draw.uniform(1.0, max(2.0, night_seconds / kill_count)) for _ in range(kill_count)]
            runs.append(run_figures(site, database, expected_hits, run_with_kills(site, database, moments)))
            print(json.dumps({"run": number + 1, **runs[-1]}), file=sys.stderr, flush=True)
        troubles = {}
        for key, trouble in (("full_disk", run_on_full_disk), ("locked", lock_database)):
            database = restore_database(site, prepared)
            report = trouble(site, database)
            troubles[key] = report | run_figures(site, database, expected_hits, 1_000_000)
    names = ("lost", "doubled", "unfinished", "fetched_again")
    total = {name: sum(run[name] for run in [*runs, *troubles.values()]) for name in names}
    night = {"platforms": PLATFORM_COUNT, "pages": pages, "hits": sum(hit[2] == "hit" for hit in expected_hits)}
    print(
        json.dumps(
            {"kills": arguments.kills, **total, "night": night, "seconds": round(night_seconds, 1), **troubles},
            indent=1,
        )
    )
    return int(any(total.values()))


if __name__ == "__main__":
    sys.exit(main())
