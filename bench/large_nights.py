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

ROWS = 20  # listings on a page of results: the pages of bench/throughput.py
PAGE = 0.01307  # seconds of CPU for a page of 20 rows, 10,000 works (docs/benchmarks-nights.md)
MATCH = {10_000: 0.0, 100_000: 1 / 2_900, 1_000_000: 1 / 2_270}  # extra seconds per listing (docs/benchmarks-titles.md)
CRAWL = 0.014  # seconds of CPU for a crawl, once per unit (600 crawls, reference of the engine)
CYCLE = 0.045  # seconds of the database per unit, the longer of two runs (bench/ledger.py, 100,000 units)
LOOK = 1.2 / 100_000  # seconds of a look per open unit (bench/ledger.py)
LISTING, HIT, UNIT = 1_351, 1_310, 516  # bytes, indexes included (bench/ledger.py)
HITS = 0.16  # hits per listing on the benchmark's web: 1.3 of 8 rows (bench/_nightweb.py)
SPREAD = 0.6  # standard deviation of the logarithm of a platform's size; an estimate
STEP = 120.0  # seconds
LONGEST = 60 * 24 * 3600.0
CONFIG = Config().crawl


@frozen(kw_only=True)
class Night:
    """The parameters of a night: queries, platforms, workers, politeness."""

    questions: int
    platforms: int
    delay: float
    workers: int
    works: int
    slots: int = 1
    at_once: int = CONFIG.platforms_at_once
    database_cores: int = 4


@frozen(kw_only=True)
class Reckoned:
    """Hours until all (`hours`) and nine tenths (`most`) are done, the main limit, pages per second at the start."""

    hours: float
    most: float
    bound: str
    rate: float


def reckon(night: Night, seed: int = 1) -> Reckoned:
    """Simulate the night; `seed` draws the sizes of the platforms."""
    draw = random.Random(seed)
    sizes = [draw.lognormvariate(0, SPREAD) for _ in range(night.platforms)]
    left = [night.questions * size / sum(sizes) for size in sizes]
    cpu = PAGE + ROWS * MATCH[night.works] + CRAWL / CONFIG.unit_size
    polite = night.slots / (night.delay * (1 + JITTER_FRACTION / 2))  # pages per second on one platform
    bounds = {
        "processors": night.workers / cpu,
        "database": night.database_cores / CYCLE * CONFIG.unit_size,
    }
    at, most, held, first = 0.0, 0.0, dict.fromkeys((*bounds, "politeness", "workers"), 0.0), 0.0
    while (rest := sum(left)) > 1 and at < LONGEST:
        open_now = sorted((each for each in range(len(left)) if left[each] > 0), key=lambda each: -left[each])
        asked = open_now[: night.workers * night.at_once // night.slots or 1]
        wanted = len(asked) * polite
        rate = min(wanted, *bounds.values())
        name = min(bounds, key=lambda each: bounds[each]) if rate < wanted else "politeness"
        held["workers" if name == "politeness" and len(asked) < len(open_now) else name] += STEP
        for each in asked:
            left[each] = max(0.0, left[each] - rate / len(asked) * STEP)
        at, first = at + STEP, first or rate
        most = most or (at if rest < 0.1 * night.questions else 0.0)
    return Reckoned(hours=at / 3600, most=(most or at) / 3600, bound=max(held, key=lambda each: held[each]), rate=first)


def room(night: Night) -> float:
    """Gigabytes that a first night takes at most, if every listing is new."""
    listings = night.questions * ROWS
    return (listings * (LISTING + HITS * HIT) + night.questions / CONFIG.unit_size * UNIT) / 1e9


def look(night: Night) -> float:
    """Seconds of the first look for units without a job."""
    return night.questions / CONFIG.unit_size * LOOK


MILLION = 1_000_000
NIGHTS = [
    Night(questions=MILLION, platforms=40, delay=2.0, workers=1, works=100_000),
    Night(questions=MILLION, platforms=40, delay=2.0, workers=1, at_once=40, works=100_000),
    Night(questions=MILLION, platforms=40, delay=1.0, workers=1, at_once=40, works=100_000),
    Night(questions=MILLION, platforms=40, delay=2.0, slots=2, workers=2, at_once=40, works=100_000),
    Night(questions=10 * MILLION, platforms=40, delay=2.0, workers=1, at_once=40, works=100_000),
    Night(questions=10 * MILLION, platforms=40, delay=0.5, slots=2, workers=2, at_once=40, works=MILLION),
    Night(questions=10 * MILLION, platforms=400, delay=2.0, workers=100, works=MILLION),
    Night(questions=10 * MILLION, platforms=400, delay=2.0, workers=4, at_once=40, works=MILLION),
    Night(questions=10 * MILLION, platforms=400, delay=2.0, workers=10, at_once=40, works=MILLION),
    Night(questions=100 * MILLION, platforms=400, delay=2.0, workers=10, at_once=40, works=MILLION),
    Night(questions=100 * MILLION, platforms=4_000, delay=2.0, workers=40, at_once=100, works=MILLION),
    Night(questions=100 * MILLION, platforms=4_000, delay=2.0, workers=100, at_once=40, works=MILLION),
    Night(questions=100 * MILLION, platforms=4_000, delay=1.0, workers=100, at_once=40, works=MILLION),
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
        told = reckon(night)
        cells = [
            f"{night.questions / MILLION:g} million, {night.platforms:,}",
            f"{night.delay:g} s, {night.slots}",
            f"{night.workers:,}, {night.at_once}",
            f"{night.works:,}",
            f"{told.rate:.0f}",
            f"{told.most:.1f}, {told.hours:.1f}",
            told.bound,
            f"{room(night):,.0f} GB",
            f"{look(night):.1f} s",
        ]
        print(f"| {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
