"""Inspect the queries of ../shared/bench/images as a crawl does: predictions for its scorer, and the CPU time of each.

    python -m bench.pictures ../shared/bench/images/works.jsonl QUERIES [--index FOLDER] -o PREDICTIONS

QUERIES is the queries.jsonl that make_queries.py wrote. Registered pictures are kept in --index, so that later runs
need not register them again. Prints a line for each kind of result: the number of queries, mean and median CPU
milliseconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

from attrs import frozen

from crawler.config import PicturesConfig
from crawler.items import Listing, ListingKind, Picture, Work
from crawler.pictures import PictureError, PictureInspector
from matchers.identity.image import Matcher
from matchers.matcher import Context
from registry.work_pictures import PictureReader
from screening import picture_screening
from screening.parallel import available_cores, map_in_order

Row = Mapping[str, Any]


@frozen
class QueryInspector:
    """Inspects one query; a task for the workers of `map_in_order`."""

    inspector: PictureInspector
    matcher: Matcher
    folder: Path

    def __call__(self, query: Row) -> tuple[float, list[dict[str, Any]]]:
        """The CPU seconds, and the findings as rows of predictions."""
        begun = time.process_time()
        predictions = list(self._predictions(query))
        return time.process_time() - begun, predictions

    def _predictions(self, query: Row) -> Iterator[dict[str, Any]]:
        try:
            data = (self.folder / query["image"]).read_bytes()
            picture = self.inspector.inspect(data, query["query_id"]).picture
        except PictureError:
            return
        listing = Listing(platform="bench", kind=ListingKind.OFFER, url="x", title="", pictures=(picture,))
        for finding in self.matcher.find(listing, {}, Context(now=datetime.now(UTC))):
            match_found = finding.sighting
            yield {
                "query_id": query["query_id"],
                "work_id": finding.work_id,
                "score": finding.probability,
                "decision": finding.verdict,
                "how": match_found.how if match_found else "",
            }


def register_works(works: Path, index: Path) -> tuple[Sequence[Work], PictureInspector]:
    """The works of a list and the inspector that compares with their pictures; prints what registering took."""
    settings = PicturesConfig(index=str(index))
    begun = time.perf_counter()
    pictured_works = list(_read_works(works, picture_screening.picture_reader(settings)))
    described_at = time.perf_counter()
    inspector = picture_screening.index_pictures(pictured_works, settings)
    indexed_at = time.perf_counter()
    count = sum(len(work.images) for work in pictured_works)
    print(f"{count} pictures: {described_at - begun:.1f} s sketched, {indexed_at - described_at:.1f} s indexed, wall")
    return pictured_works, inspector


def _read_works(path: Path, reader: PictureReader) -> Iterator[Work]:
    """The benchmark's rows as works, their pictures read by `reader`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    paths = [(row, path.parent / image) for row in rows for image in row["images"]]
    pictures: dict[str, list[Picture]] = defaultdict(list)
    for (row, place), picture in zip(paths, reader([place for _, place in paths]), strict=True):
        if isinstance(picture, PictureError):
            print(f"{place}: {picture}")
        else:
            pictures[row["work_id"]].append(picture)
    for row in rows:
        yield Work(id=row["work_id"], title=row["title"], images=tuple(pictures[row["work_id"]]))


def result_kind(query: Row, predictions: Sequence[Row]) -> str:
    """The kind of a query's result, as printed."""
    how_by_verdict = {str(row["decision"]): str(row["how"]) for row in reversed(predictions)}
    verdict = "copy" if "copy" in how_by_verdict else "review" if "review" in how_by_verdict else "nothing"
    return f"{query['role']}: {verdict}" + (f" by {how_by_verdict[verdict]}" if verdict in how_by_verdict else "")


def main() -> None:
    """Register, inspect, write the predictions, print the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("works", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=Path("looks"))
    parser.add_argument("--workers", type=int, default=available_cores())
    options = parser.parse_args()
    works, inspector = register_works(options.works, options.index)
    queries = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()]
    inspect_query = QueryInspector(inspector, Matcher(works), options.queries.parent)
    times_by_kind: dict[str, list[float]] = defaultdict(list)
    with options.output.open("w", encoding="utf-8") as file:
        for query, (seconds, predictions) in zip(
            queries, map_in_order(inspect_query, queries, options.workers), strict=True
        ):
            times_by_kind[result_kind(query, predictions)].append(1000 * seconds)
            file.writelines(json.dumps(row) + "\n" for row in predictions)
    for kind, times in sorted(times_by_kind.items()):
        print(f"{kind:34}{len(times):6}  CPU ms mean {mean(times):6.1f}  median {median(times):6.1f}")
    all_times = [milliseconds for times in times_by_kind.values() for milliseconds in times]
    print(f"{'all':34}{len(all_times):6}  CPU ms mean {mean(all_times):6.1f}")


if __name__ == "__main__":
    main()
