"""Measure how fast titles are matched in a big registry, and how many of the names planted in the stream are found.

    python bench/titles_speed.py FOLDER [--queries N] [--index FOLDER]

FOLDER is what ../shared/bench/titles/make_registry.py wrote. One process, one core; rates and tails are in its own
processor time, as others may share the machine. The rate is for batches, TURNS times over the whole stream (the machine
may be slower at times), each time with empty caches; the tail is for listings assessed one by one, each the best of
three.
A row is found if the planted work comes first with an identity of at least THRESHOLD; a false alarm is any work at or
above it on a row without one. Listed separately: chance occurrences of names under five Han characters or eight
letters, and edits that turn a number into another (2007 into 207), which makes it another work.
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
from desk.cli.match import GC_THRESHOLD_OBJECTS  # noqa: E402
from desk.match_rows import ROWS_PER_BATCH  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from matchers.titles import open_title_matcher  # noqa: E402

ADDED = 10_000
TURNS = 5
ALONE = 1_000  # listings that are assessed one by one
THRESHOLD = 0.47  # the common threshold, as bench/titles.py finds it

KINDS = ("exact", "edit", "edit that makes another number", "edit of a short name", "none", "none, only short names")
_NUMBER = re.compile("[0-9]+|[一二三四五六七八九十百千]+")


def main() -> None:
    """Build, assess, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", type=Path, help="keep the index here and time opening and extending it")
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--show", type=int, default=0, help="print so many of the rows that went wrong")
    arguments = parser.parse_args()
    works = [
        Work(id=row["work_id"], title=row["title"], kind=row["kind"])
        for row in map(json.loads, (arguments.folder / "registry.jsonl").open(encoding="utf-8"))
    ]
    before = _peak()
    if arguments.index:
        keep(works, arguments.index)
    begun, wall = time.process_time(), time.perf_counter()
    assessor = Assessor(works)
    spent = f"{time.process_time() - begun:.1f} s of processor time, {time.perf_counter() - wall:.1f} s"
    print(f"{len(works)} works: all matchers in {spent}; peak {_peak():.0f} MB ({before:.0f} MB for the works)")
    queries = [json.loads(line) for line in (arguments.folder / "queries.jsonl").open(encoding="utf-8")]
    ask(assessor, queries, arguments.threshold, arguments.show, {work.id: work for work in works})


def keep(works: list[Work], folder: Path) -> None:
    """Time the index on disk: built without the last ADDED works, extended, opened; if it exists, only opened."""
    for listed in (works,) if folder.exists() else (works[:-ADDED], works, works):
        begun, wall = time.process_time(), time.perf_counter()
        how = open_title_matcher(listed, folder)
        spent = f"{time.process_time() - begun:.1f} s of processor time, {time.perf_counter() - wall:.1f} s"
        print(f"{how} with {len(listed)} works: {spent}; peak {_peak():.0f} MB")


def ask(assessor: Assessor, queries: list[dict[str, Any]], threshold: float, show: int, works: dict[str, Work]) -> None:
    """Assess all queries; prints rate, tail, recall by kind and false alarms."""
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    listings = [
        Listing(platform="bench", kind=ListingKind.OFFER, url=f"row:{query['query_id']}", title=query["text"])
        for query in queries
    ]
    assessor.assess(listings[0], context)
    caches = [each for each in gc.get_objects() if isinstance(each, _lru_cache_wrapper)]
    gc.freeze()  # as `swordnet match` does
    gc.set_threshold(GC_THRESHOLD_OBJECTS)
    turns = [turn(assessor, listings, context, caches) for _ in range(TURNS)]
    found = turns[0][0]
    rates = ", ".join(f"{len(queries) / sum(times):.0f}" for _, times in turns)
    best = sum(map(min, zip(*(times for _, times in turns), strict=True)))
    print(f"{rates} listings/s in batches of {ROWS_PER_BATCH}; each batch at its best: {len(queries) / best:.0f}")
    alone(assessor, listings[:ALONE], context)
    counts: Counter[str] = Counter()
    for query, ranked in zip(queries, found, strict=True):
        kind, right = judged(query, ranked, threshold, works)
        counts[kind] += 1
        counts[f"{kind} right"] += right
        if not right and counts["shown " + kind] < show:
            counts["shown " + kind] += 1
            best = [(works[one.work_id].title, one.identity) for one in ranked[:2]]
            gold = works[query["gold"]].title if query["gold"] else None
            print(kind, repr(query["text"]), "gold", gold, "found", best)
    for kind in KINDS:
        if counts[kind]:
            right = counts[f"{kind} right"]
            print(f"{kind}: {right} of {counts[kind]} right, {right / counts[kind]:.4f}")


def turn(
    assessor: Assessor, listings: list[Listing], context: Context, caches: list[Any]
) -> tuple[list[tuple[Assessment, ...]], list[float]]:
    """Assess all listings once with empty caches; the assessments, and the seconds of each batch."""
    engine = assessor._titles._engine
    for kept in (engine._index._results, engine._token_overlap._lookups):
        kept.clear()
    for each in caches:
        if str(each.__module__).startswith(("matchers", "crawler")) and each.cache_info().maxsize:  # not the data files
            each.cache_clear()
    assessor.assess(listings[0], context)  # the data files are read once per process
    found: list[tuple[Assessment, ...]] = []
    times = []
    for first in range(0, len(listings), ROWS_PER_BATCH):
        begun = time.process_time()
        found.extend(assessor.assess_all(listings[first : first + ROWS_PER_BATCH], context))
        times.append(time.process_time() - begun)
    return found, times


def alone(assessor: Assessor, listings: list[Listing], context: Context) -> None:
    """Print the times of listings that are assessed one by one, without anything cached for them."""
    turns = []
    for number in range(3):
        times = []
        for listing in listings:
            asked = evolve(listing, title=listing.title + " " * (number + 1))  # a different text, so not cached
            start = time.process_time()
            assessor.assess(asked, context)
            times.append(1000 * (time.process_time() - start))
        turns.append(times)
    times = sorted(map(min, zip(*turns, strict=True)))
    tail = times[int(0.99 * len(times))]
    middle = times[len(times) // 2]
    print(f"alone: median {middle:.1f} ms, 99th percentile {tail:.1f} ms, longest {times[-1]:.1f} ms")


def judged(query: dict[str, Any], ranked: Any, threshold: float, works: dict[str, Work]) -> tuple[str, bool]:
    """The kind of row, and whether its result is right."""
    kept = [one for one in ranked if one.identity >= threshold]
    if query["op"] == "none":
        short = kept and all(is_short(works[one.work_id].title) for one in kept)
        return ("none, only short names" if short else "none"), not kept
    right = bool(kept) and kept[0].work_id == query["gold"]
    kind = query["op"]
    if kind == "edit" and is_short(works[query["gold"]].title):
        kind = "edit of a short name"
    elif kind == "edit" and _numbers(works[query["gold"]].title) - _numbers(query["text"]):
        kind = "edit that makes another number"
    return kind, right


def _numbers(text: str) -> Counter[str]:
    return Counter(_NUMBER.findall(fold(text)))


def is_short(title: str) -> bool:
    """Whether a name has fewer than five Han characters (or eight letters)."""
    key = fold(title).replace(" ", "")
    return len(key) < (5 if any(map(is_han, key)) else 8)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
