"""Estimate nights of 1, 10 and 100 million queries: how long they take, what limits them, how much space they need.

`python bench/large_nights.py`: a simulation, not a measurement; prints the table of docs/benchmarks-cluster.md. Time
advances in steps. In each step every platform with queries left is searched as fast as politeness allows, while workers
have room for it (`platforms_at_once`), processors for its pages, and the database for its units. Platform sizes are
drawn: the largest of 40 has about four times the queries of the median one, so that few platforms are left at the end
of a night, as in real ones. Each constant is a measured figure, with its source, or a default of the settings.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attrs import frozen

from crawler.config import Config
from crawler.web.throttle import JITTER_FRACTION

LISTINGS_PER_PAGE = 20  # listings on a page of results: the pages of bench/throughput.py
PAGE_CPU_SECONDS = 0.01307  # seconds of CPU for a page of 20 rows, 10,000 works (docs/benchmarks-nights.md)
MATCH_SECONDS_BY_WORKS = {
    10_000: 0.0,
    100_000: 1 / 2_900,
    1_000_000: 1 / 2_270,
}  # extra seconds per listing (docs/benchmarks-titles.md)
CRAWL_CPU_SECONDS = 0.014  # seconds of CPU for a crawl, once per unit (mean of 600 crawls)
UNIT_DATABASE_SECONDS = (
    0.045  # seconds of the database per unit, the longer of two runs (bench/ledger.py, 100,000 units)
)
LOOKUP_SECONDS_PER_UNIT = 1.2 / 100_000  # seconds of a look per open unit (bench/ledger.py)
LISTING_BYTES, HIT_BYTES, UNIT_BYTES = 1_351, 1_310, 516  # bytes, indexes included (bench/ledger.py)
HITS_PER_LISTING = 0.16  # hits per listing on the benchmark's web: 1.3 of 8 rows (bench/_nightweb.py)
SIZE_LOG_DEVIATION = 0.6  # standard deviation of the logarithm of a platform's size; an estimate
STEP_SECONDS = 120.0  # seconds
MAX_NIGHT_SECONDS = 60 * 24 * 3600.0
CRAWL_CONFIG = Config().crawl


@frozen(kw_only=True)
class NightParameters:
    """The parameters of a night: queries, platforms, workers, politeness."""

    questions: int
    platforms: int
    delay: float
    workers: int
    works: int
    slots: int = 1
    at_once: int = CRAWL_CONFIG.platforms_at_once
    database_cores: int = 4


@frozen(kw_only=True)
class NightEstimate:
    """Hours until all and until nine tenths are done, the main limit, pages per second at the start."""

    hours: float
    hours_to_nine_tenths: float
    bottleneck: str
    pages_per_second: float


def estimate_night(night: NightParameters, seed: int = 1) -> NightEstimate:
    """Simulate the night; `seed` draws the sizes of the platforms."""
    draw = random.Random(seed)
    sizes = [draw.lognormvariate(0, SIZE_LOG_DEVIATION) for _ in range(night.platforms)]
    queries_left = [night.questions * size / sum(sizes) for size in sizes]
    cpu = (
        PAGE_CPU_SECONDS
        + LISTINGS_PER_PAGE * MATCH_SECONDS_BY_WORKS[night.works]
        + CRAWL_CPU_SECONDS / CRAWL_CONFIG.unit_size
    )
    polite_rate = night.slots / (night.delay * (1 + JITTER_FRACTION / 2))  # pages per second on one platform
    bounds = {
        "processors": night.workers / cpu,
        "database": night.database_cores / UNIT_DATABASE_SECONDS * CRAWL_CONFIG.unit_size,
    }
    elapsed, nine_tenths_at, seconds_by_limit, start_rate = (
        0.0,
        0.0,
        dict.fromkeys((*bounds, "politeness", "workers"), 0.0),
        0.0,
    )
    while (remaining := sum(queries_left)) > 1 and elapsed < MAX_NIGHT_SECONDS:
        open_platforms = sorted(
            (platform for platform in range(len(queries_left)) if queries_left[platform] > 0),
            key=lambda platform: -queries_left[platform],
        )
        served = open_platforms[: night.workers * night.at_once // night.slots or 1]
        wanted_rate = len(served) * polite_rate
        rate = min(wanted_rate, *bounds.values())
        name = min(bounds, key=bounds.__getitem__) if rate < wanted_rate else "politeness"
        seconds_by_limit["workers" if name == "politeness" and len(served) < len(open_platforms) else name] += (
            STEP_SECONDS
        )
        for platform in served:
            queries_left[platform] = max(0.0, queries_left[platform] - rate / len(served) * STEP_SECONDS)
        elapsed, start_rate = elapsed + STEP_SECONDS, start_rate or rate
        nine_tenths_at = nine_tenths_at or (elapsed if remaining < 0.1 * night.questions else 0.0)
    return NightEstimate(
        hours=elapsed / 3600,
        hours_to_nine_tenths=(nine_tenths_at or elapsed) / 3600,
        bottleneck=max(seconds_by_limit, key=seconds_by_limit.__getitem__),
        pages_per_second=start_rate,
    )


def disk_gigabytes(night: NightParameters) -> float:
    """Gigabytes that a first night takes at most, if every listing is new."""
    listings = night.questions * LISTINGS_PER_PAGE
    return (
        listings * (LISTING_BYTES + HITS_PER_LISTING * HIT_BYTES)
        + night.questions / CRAWL_CONFIG.unit_size * UNIT_BYTES
    ) / 1e9


def first_lookup_seconds(night: NightParameters) -> float:
    """Seconds of the first look for units without a job."""
    return night.questions / CRAWL_CONFIG.unit_size * LOOKUP_SECONDS_PER_UNIT


MILLION = 1_000_000
NIGHTS = [
    NightParameters(questions=MILLION, platforms=40, delay=2.0, workers=1, works=100_000),
    NightParameters(questions=MILLION, platforms=40, delay=2.0, workers=1, at_once=40, works=100_000),
    NightParameters(questions=MILLION, platforms=40, delay=1.0, workers=1, at_once=40, works=100_000),
    NightParameters(questions=MILLION, platforms=40, delay=2.0, slots=2, workers=2, at_once=40, works=100_000),
    NightParameters(questions=10 * MILLION, platforms=40, delay=2.0, workers=1, at_once=40, works=100_000),
    NightParameters(questions=10 * MILLION, platforms=40, delay=0.5, slots=2, workers=2, at_once=40, works=MILLION),
    NightParameters(questions=10 * MILLION, platforms=400, delay=2.0, workers=100, works=MILLION),
    NightParameters(questions=10 * MILLION, platforms=400, delay=2.0, workers=4, at_once=40, works=MILLION),
    NightParameters(questions=10 * MILLION, platforms=400, delay=2.0, workers=10, at_once=40, works=MILLION),
    NightParameters(questions=100 * MILLION, platforms=400, delay=2.0, workers=10, at_once=40, works=MILLION),
    NightParameters(questions=100 * MILLION, platforms=4_000, delay=2.0, workers=40, at_once=100, works=MILLION),
    NightParameters(questions=100 * MILLION, platforms=4_000, delay=2.0, workers=100, at_once=40, works=MILLION),
    NightParameters(questions=100 * MILLION, platforms=4_000, delay=1.0, workers=100, at_once=40, works=MILLION),
]
COLUMNS = (
    "questions, platforms",
    "delay, slots",
    "workers, platforms at once",
    "works",
    "pages/s",
    "hours: nine tenths, all",
    "held up by",
    "room of a first night",
    "first look",
)


def main() -> int:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"| {' | '.join(COLUMNS)} |")
    print("| --- " * len(COLUMNS) + "|")
    for night in NIGHTS:
        estimate = estimate_night(night)
        cells = [
            f"{night.questions / MILLION:g} million, {night.platforms:,}",
            f"{night.delay:g} s, {night.slots}",
            f"{night.workers:,}, {night.at_once}",
            f"{night.works:,}",
            f"{estimate.pages_per_second:.0f}",
            f"{estimate.hours_to_nine_tenths:.1f}, {estimate.hours:.1f}",
            estimate.bottleneck,
            f"{disk_gigabytes(night):,.0f} GB",
            f"{first_lookup_seconds(night):.1f} s",
        ]
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
