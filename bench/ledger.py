"""Measure the cost of units and job queue by the number of open units, and the space of units, listings and hits.

`python bench/ledger.py [--units 1000 100000]`: a PostgreSQL of its own, 40 platforms, nothing is fetched. `look_s` is
what the night's command does every second or less often (which units are due, which have no job), `cycle_ms` the median
cost of one unit in the database: fetch a job, claim the unit, complete it, finish the job, one after the other. Prints
JSON; bench/large_nights.py uses these figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from procrastinate.jobs import Status

from bench._watching import libpq_url
from crawler.cluster.jobs import create_queue_tables, enqueue_units, open_app, unit_id_of
from crawler.config import Config
from crawler.items import (
    AssessedListing,
    Assessment,
    Decision,
    Finding,
    Listing,
    ListingKind,
    Polarity,
    Question,
    Unit,
    Work,
)
from crawler.store import Store, UnitResult
from tests.postgres import PostgresServer, find_bin_folder

PLATFORM_COUNT, MAX_CYCLES, LISTING_COUNT = 40, 200, 2_000
PLAN_UNITS_SQL = """
INSERT INTO units (run, spider, kind, wave, key, asks, state, priority, attempt, planned_at)
SELECT 'r', 'p' || (n %% %(platforms)s), 'question', 1, md5(n::text) || md5(n::text),
  (SELECT json_agg(json_build_object('question', '潮汐钟楼的守望者 ' || n || ' ' || m, 'url', NULL, 'code', NULL,
   'form', 'title')) FROM generate_series(1, 20) m), 'open', 0, 0, now() FROM generate_series(1, %(units)s) n
"""


async def time_cycles(store: Store, config: Config, units: int) -> dict[str, Any]:
    """Time the first and second look for units without a job, then the cycles of up to MAX_CYCLES units."""
    cycle_seconds: list[float] = []
    async with open_app(store).open_async() as queue:
        await create_queue_tables(queue)
        begun = time.monotonic()
        await enqueue_units(queue, store, "r", config, datetime.now(UTC))
        first_seconds = time.monotonic() - begun
        begun = time.monotonic()
        await enqueue_units(queue, store, "r", config, datetime.now(UTC))
        second_seconds = time.monotonic() - begun
        worker = await queue.job_manager.register_worker()
        for _ in range(min(MAX_CYCLES, units)):
            begun = time.monotonic()
            job = await queue.job_manager.fetch_job(queues=None, worker_id=worker)
            assert job is not None
            unit = store.queue.claim(unit_id_of(job), "bench:1:1", datetime.now(UTC), 300)
            assert isinstance(unit, Unit)
            store.queue.complete(unit, UnitResult(outcome={"pages": {"live": 20}}))
            await queue.job_manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
            cycle_seconds.append(time.monotonic() - begun)
    return {
        "first_look_s": round(first_seconds, 2),
        "look_s": round(second_seconds, 3),
        "cycle_ms": round(1000 * median(cycle_seconds), 1),
    }


def row_bytes(store: Store, url: str, number: int) -> dict[str, int]:
    """Bytes of a listing and of a hit, indexes included; they are written under the claim on unit `number`."""
    now = datetime.now(UTC)
    unit = store.queue.claim(number, "bench:1:1", now, 300)
    assert isinstance(unit, Unit)
    store.works.import_works([Work(id="W1", title="潮汐钟楼的守望者")], now)
    finding = Finding(
        question=Question.IDENTITY,
        matcher="title",
        work_id="W1",
        probability=0.9,
        polarity=Polarity.FOR,
        ground="title_exact",
        ours="潮汐钟楼的守望者",
    )
    hit = Assessment(
        work_id="W1", identity=0.9, offence=0.9, decision=Decision.HIT, findings=(finding, finding, finding)
    )
    batch = [
        AssessedListing(
            listing=Listing(
                platform="p1",
                kind=ListingKind.OFFER,
                url=f"https://a.test/item/{number}",
                title="潮汐钟楼的守望者 全本 电子版",
                text="高清扫描 PDF 电子版 百度网盘发货 " * 5,
                seller="店 12",
                seen_at=now,
            ),
            assessments=(hit,) if number % 4 == 0 else (),
        )
        for number in range(LISTING_COUNT)
    ]
    store.hits.write_batch(batch, unit, now)
    with psycopg.connect(libpq_url(url)) as connection:
        sizes = dict(
            connection.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname IN ('listings', 'hits')"
            ).fetchall()
        )
    return {"bytes_a_listing": sizes["listings"] // LISTING_COUNT, "bytes_a_hit": sizes["hits"] // (LISTING_COUNT // 4)}


def main() -> int:
    """Print the figures for each number of units."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, nargs="*", default=[1_000, 100_000])
    arguments = parser.parse_args()
    bin_folder = find_bin_folder()
    if bin_folder is None:
        raise SystemExit("no PostgreSQL here (Debian: apt-get install postgresql)")
    server = PostgresServer(bin_folder)
    results: dict[str, Any] = {}
    try:
        for units in arguments.units:
            url = server.create(f"units{units}")
            with Store.open(url) as store:
                store.runs.start_run("r", "2026-11-28", datetime.now(UTC), "night")
                with psycopg.connect(libpq_url(url), autocommit=True) as connection:
                    connection.execute(PLAN_UNITS_SQL.encode(), {"platforms": PLATFORM_COUNT, "units": units})
                    connection.execute("ANALYZE")
                    size = connection.execute("SELECT pg_total_relation_size('units')").fetchone()
                results[str(units)] = {"bytes_a_unit": (size or (0,))[0] // units}
                results[str(units)] |= asyncio.run(time_cycles(store, Config(), units))
                if units == arguments.units[0]:
                    results["room"] = row_bytes(store, url, units)
    finally:
        server.remove()
    print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
