"""Look at the queries of ../shared/bench/images as a crawl does: predictions for its scorer, and the CPU time of each.

    python -m bench.pictures ../shared/bench/images/works.jsonl QUERIES [--index FOLDER] -o PREDICTIONS

QUERIES is the queries.jsonl that make_queries.py wrote. Registered pictures are kept in --index, so that further
queries need not register again. Prints a line for each way a query ended: how many, CPU milliseconds mean and median.
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
from screening import picture_registry
from screening.parallel import available_cores, map_in_order

Row = Mapping[str, Any]


@frozen
class Looking:
    """Looks at one query; for the workers of in_order."""

    looker: PictureInspector
    matcher: Matcher
    folder: Path

    def __call__(self, query: Row) -> tuple[float, list[dict[str, Any]]]:
        """CPU seconds, and the findings as rows of predictions."""
        begun = time.process_time()
        found = list(self._found(query))
        return time.process_time() - begun, found

    def _found(self, query: Row) -> Iterator[dict[str, Any]]:
        try:
            data = (self.folder / query["image"]).read_bytes()
            picture = self.looker.inspect(data, query["query_id"]).picture
        except PictureError:
            return
        listing = Listing(platform="bench", kind=ListingKind.OFFER, url="x", title="", pictures=(picture,))
        for finding in self.matcher.find(listing, {}, Context(now=datetime.now(UTC))):
            seen = finding.sighting
            yield {
                "query_id": query["query_id"],
                "work_id": finding.work_id,
                "score": finding.probability,
                "decision": finding.verdict,
                "how": seen.how if seen else "",
            }


def registered(works: Path, index: Path) -> tuple[Sequence[Work], PictureInspector]:
    """The works of a list and what compares with their pictures; prints what registering took."""
    settings = PicturesConfig(index=str(index))
    begun = time.perf_counter()
    read = list(_works(works, picture_registry.picture_reader(settings)))
    sketched = time.perf_counter()
    looker = picture_registry.index_pictures(read, settings)
    count = sum(len(work.images) for work in read)
    print(f"{count} pictures: {sketched - begun:.1f} s sketched, {time.perf_counter() - sketched:.1f} s indexed, wall")
    return read, looker


def _works(path: Path, look: PictureReader) -> Iterator[Work]:
    """The bench's rows as works."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    paths = [(row, path.parent / image) for row in rows for image in row["images"]]
    seen: dict[str, list[Picture]] = defaultdict(list)
    for (row, place), picture in zip(paths, look([place for _, place in paths]), strict=True):
        if isinstance(picture, PictureError):
            print(f"{place}: {picture}")
        else:
            seen[row["work_id"]].append(picture)
    for row in rows:
        yield Work(id=row["work_id"], title=row["title"], images=tuple(seen[row["work_id"]]))


def ended(query: Row, found: Sequence[Row]) -> str:
    """In which way a query ended."""
    kinds = {str(row["decision"]): str(row["how"]) for row in reversed(found)}
    said = "copy" if "copy" in kinds else "review" if "review" in kinds else "nothing"
    return f"{query['role']}: {said}" + (f" by {kinds[said]}" if said in kinds else "")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("works", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=Path("looks"))
    parser.add_argument("--workers", type=int, default=available_cores())
    options = parser.parse_args()
    works, looker = registered(options.works, options.index)
    queries = [json.loads(line) for line in options.queries.read_text(encoding="utf-8").splitlines()]
    look = Looking(looker, Matcher(works), options.queries.parent)
    spent: dict[str, list[float]] = defaultdict(list)
    with options.output.open("w", encoding="utf-8") as file:
        for query, (seconds, found) in zip(queries, map_in_order(look, queries, options.workers), strict=True):
            spent[ended(query, found)].append(1000 * seconds)
            file.writelines(json.dumps(row) + "\n" for row in found)
    for way, times in sorted(spent.items()):
        print(f"{way:34}{len(times):6}  CPU ms mean {mean(times):6.1f}  median {median(times):6.1f}")
    everything = [each for times in spent.values() for each in times]
    print(f"{'all':34}{len(everything):6}  CPU ms mean {mean(everything):6.1f}")


if __name__ == "__main__":
    main()
