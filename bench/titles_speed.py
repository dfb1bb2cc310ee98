"""Measure how fast titles are matched in a big registry, and how many of the names planted in the stream are found.

    python bench/titles_speed.py FOLDER [--queries N] [--index FOLDER]

FOLDER is what ../shared/bench/titles/make_registry.py wrote. One process, one core; rates and tails are in its own
processor time, as others may share the machine. The rate is for batches, ROUND_COUNT times over the whole stream (the
machine may be slower at times), each time with empty caches; the tail is for listings assessed one by one, each the
best of three.
A row is found if the planted work comes first with an identity of at least IDENTITY_THRESHOLD; a false alarm is any
work at or above it on a row without one. Listed separately: chance occurrences of names under five Han characters or
eight letters, and edits that turn a number into another (2007 into 207), which makes it another work.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import resource
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

from attrs import evolve

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.items import Assessment, Listing, ListingKind, Work  # noqa: E402
from crawler.text import fold, is_han  # noqa: E402
from desk.match_rows import ROWS_PER_BATCH  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from matchers.titles import open_title_matcher  # noqa: E402
from screening.parallel import GC_THRESHOLD_OBJECTS  # noqa: E402

ADDED_WORK_COUNT = 10_000
ROUND_COUNT = 5
SINGLE_LISTING_COUNT = 1_000  # listings that are assessed one by one
IDENTITY_THRESHOLD = 0.46  # the common threshold, as bench/titles.py finds it

ROW_KINDS = (
    "exact",
    "edit",
    "edit that makes another number",
    "edit of a short name",
    "none",
    "none, only short names",
)
_NUMBER_RE = re.compile("[0-9]+|[一二三四五六七八九十百千]+")


def main() -> None:
    """Build, assess, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path, help="keep the index here and time opening and extending it")
    parser.add_argument("--threshold", type=float, default=IDENTITY_THRESHOLD)
    parser.add_argument("--show", type=int, default=0, help="print so many of the rows that went wrong")
    arguments = parser.parse_args()
    works = [
        Work(id=row["work_id"], title=row["title"], kind=row["kind"])
        for row in map(json.loads, (arguments.folder / "registry.jsonl").open(encoding="utf-8"))
    ]
    before = _peak_megabytes()
    if arguments.index:
        time_index(works, arguments.index)
    begun, wall = time.process_time(), time.perf_counter()
    assessor = Assessor(works)
    spent = f"{time.process_time() - begun:.1f} s of processor time, {time.perf_counter() - wall:.1f} s"
    print(
        f"{len(works)} works: all matchers in {spent}; peak {_peak_megabytes():.0f} MB ({before:.0f} MB for the works)"
    )
    queries = [json.loads(line) for line in (arguments.folder / "queries.jsonl").open(encoding="utf-8")]
    assess_queries(assessor, queries, arguments.threshold, arguments.show, {work.id: work for work in works})


def time_index(works: list[Work], folder: Path) -> None:
    """Time the index on disk: built without the last ADDED_WORK_COUNT works, extended, opened; else only opened."""
    for index_works in (works,) if folder.exists() else (works[:-ADDED_WORK_COUNT], works, works):
        begun, wall = time.process_time(), time.perf_counter()
        origin = open_title_matcher(index_works, folder)
        spent = f"{time.process_time() - begun:.1f} s of processor time, {time.perf_counter() - wall:.1f} s"
        print(f"{origin} with {len(index_works)} works: {spent}; peak {_peak_megabytes():.0f} MB")


def assess_queries(
    assessor: Assessor, queries: list[dict[str, Any]], threshold: float, show: int, works: dict[str, Work]
) -> None:
    """Assess all queries; prints rate, tail, recall by kind and false alarms."""
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    listings = [
        Listing(platform="bench", kind=ListingKind.OFFER, url=f"row:{query['query_id']}", title=query["text"])
        for query in queries
    ]
    assessor.assess(listings[0], context)
    caches = [cache for cache in gc.get_objects() if isinstance(cache, _lru_cache_wrapper)]
    gc.freeze()  # as `swordnet match` does
    gc.set_threshold(GC_THRESHOLD_OBJECTS)
    rounds = [time_round(assessor, listings, context, caches) for _ in range(ROUND_COUNT)]
    assessments = rounds[0][0]
    rates = ", ".join(f"{len(queries) / sum(times):.0f}" for _, times in rounds)
    best = sum(map(min, zip(*(times for _, times in rounds), strict=True)))
    print(f"{rates} listings/s in batches of {ROWS_PER_BATCH}; each batch at its best: {len(queries) / best:.0f}")
    time_single_listings(assessor, listings[:SINGLE_LISTING_COUNT], context)
    counts: Counter[str] = Counter()
    for query, ranked in zip(queries, assessments, strict=True):
        kind, right = classify_row(query, ranked, threshold, works)
        counts[kind] += 1
        counts[f"{kind} right"] += right
        if not right and counts["shown " + kind] < show:
            counts["shown " + kind] += 1
            best = [(works[assessment.work_id].title, assessment.identity) for assessment in ranked[:2]]
            gold = works[query["gold"]].title if query["gold"] else None
            print(kind, repr(query["text"]), "gold", gold, "found", best)
    for kind in ROW_KINDS:
        if counts[kind]:
            right = counts[f"{kind} right"]
            print(f"{kind}: {right} of {counts[kind]} right, {right / counts[kind]:.4f}")


def time_round(
    assessor: Assessor, listings: list[Listing], context: Context, caches: list[Any]
) -> tuple[list[tuple[Assessment, ...]], list[float]]:
    """Assess all listings once with empty caches; the assessments, and the seconds of each batch."""
    engine = next(matcher._engine for matcher in assessor._identity._matchers if matcher.name == "title")
    for lookup_cache in (engine._index._results, engine._token_overlap._lookups):
        lookup_cache.clear()
    for cache in caches:
        if (
            str(cache.__module__).startswith(("matchers", "crawler")) and cache.cache_info().maxsize
        ):  # not the data files
            cache.cache_clear()
    assessor.assess(listings[0], context)  # the data files are read once per process
    assessments: list[tuple[Assessment, ...]] = []
    times = []
    for first in range(0, len(listings), ROWS_PER_BATCH):
        begun = time.process_time()
        assessments.extend(assessor.assess_all(listings[first : first + ROWS_PER_BATCH], context))
        times.append(time.process_time() - begun)
    return assessments, times


def time_single_listings(assessor: Assessor, listings: list[Listing], context: Context) -> None:
    """Print the times of listings that are assessed one by one, without anything cached for them."""
    rounds = []
    for number in range(3):
        times = []
        for listing in listings:
            variant = evolve(listing, title=listing.title + " " * (number + 1))  # a different text, so not cached
            start = time.process_time()
            assessor.assess(variant, context)
            times.append(1000 * (time.process_time() - start))
        rounds.append(times)
    times = sorted(map(min, zip(*rounds, strict=True)))
    tail = times[int(0.99 * len(times))]
    middle = times[len(times) // 2]
    print(f"alone: median {middle:.1f} ms, 99th percentile {tail:.1f} ms, longest {times[-1]:.1f} ms")


def classify_row(query: dict[str, Any], ranked: Any, threshold: float, works: dict[str, Work]) -> tuple[str, bool]:
    """The kind of row, and whether its result is right."""
    accepted = [assessment for assessment in ranked if assessment.identity >= threshold]
    if query["op"] == "none":
        short = accepted and all(is_short(works[assessment.work_id].title) for assessment in accepted)
        return ("none, only short names" if short else "none"), not accepted
    right = bool(accepted) and accepted[0].work_id == query["gold"]
    kind = query["op"]
    if kind == "edit" and is_short(works[query["gold"]].title):
        kind = "edit of a short name"
    elif kind == "edit" and _numbers(works[query["gold"]].title) - _numbers(query["text"]):
        kind = "edit that makes another number"
    return kind, right


def _numbers(text: str) -> Counter[str]:
    return Counter(_NUMBER_RE.findall(fold(text)))


def is_short(title: str) -> bool:
    """Whether a name has fewer than five Han characters (or eight letters)."""
    key = fold(title).replace(" ", "")
    return len(key) < (5 if any(map(is_han, key)) else 8)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
