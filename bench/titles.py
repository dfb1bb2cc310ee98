"""Measure how well titles are recognised on the benchmark in ../shared/bench/titles, with the scorer provided there.

    python bench/titles.py [--only zh_listings,zh_obf] [--by op] [--keep FILE] [--reliability]

Every set's registry is matched with its queries through the same Assessor as in `swordnet match`; the score is the
identity, whatever the decision. --reliability prints the share of right pairs by stated identity.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.items import Listing, ListingKind, Work  # noqa: E402
from desk.match_rows import ROWS_PER_BATCH  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402

DATA = ROOT.parent / "shared" / "bench" / "titles"
# The sets that the targets are about; four more, of products and papers, serve as a check.
CORE_SETS = (
    "en_obf", "imdb_dbpedia", "music_itunes_amazon", "pan_telegram_zh", "release_anime", "release_en", "release_zh",
    "zh_books_editions", "zh_courses", "zh_listings", "zh_movies_aliases", "zh_obf", "zh_textbooks",
)  # fmt: skip
RELIABILITY_EDGES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)


def main() -> None:
    """Match, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="sets, comma-separated; default all")
    parser.add_argument("--by", choices=("op",))
    parser.add_argument("--keep", type=Path, help="keep the predictions here")
    parser.add_argument("--reliability", action="store_true")
    arguments = parser.parse_args()
    if not (DATA / "sets").is_dir():
        sys.exit(f"{DATA} is not there: this bench needs the shared data beside the checkout")
    names = arguments.only.split(",") if arguments.only else sorted(path.name for path in (DATA / "sets").iterdir())
    with tempfile.TemporaryDirectory() as folder:
        predictions = arguments.keep or Path(folder) / "predictions.jsonl"
        with predictions.open("w", encoding="utf-8") as out:
            for name in names:
                out.writelines(json.dumps(row) + "\n" for row in predict_set(name))
        by = ["--by", arguments.by] if arguments.by else []
        command = [sys.executable, "score_titles.py", str(predictions.resolve()), "--only", ",".join(names), *by]
        subprocess.run(command, cwd=DATA, check=True)
        if arguments.reliability:
            print_reliability(predictions, names)


def predict_set(name: str) -> Iterator[dict[str, Any]]:
    """The predictions for one set; prints the time taken."""
    begun = time.perf_counter()
    assessor = Assessor([work_of(row) for row in rows(name, "registry")])
    built = time.perf_counter()
    context = Context(now=datetime(2026, 11, 1, tzinfo=UTC))
    queries = rows(name, "queries")
    listings = [listing_of(query) for query in queries]
    results = (
        assessments
        for number in range(0, len(listings), ROWS_PER_BATCH)
        for assessments in assessor.assess_all(listings[number : number + ROWS_PER_BATCH], context)
    )
    for query, assessments in zip(queries, results, strict=True):
        ranked = [{"work_id": assessment.work_id, "score": assessment.identity} for assessment in assessments]
        yield {"query_id": query["query_id"], "work_id": ranked or None, "score": 0}
    seconds = time.perf_counter() - built
    speed = len(queries) / seconds
    print(f"{name}: index {built - begun:.2f} s, {len(queries)} listings at {speed:.0f}/s", file=sys.stderr)


def work_of(row: dict[str, Any]) -> Work:
    """A row of a registry as a work."""
    identifiers = {scheme: (str(value),) for scheme, value in (row.get("identifiers") or {}).items()}
    return Work(
        id=row["work_id"],
        title=row["title"],
        aliases=tuple(row.get("aliases") or ()),
        kind=row.get("kind"),
        year=row.get("year"),
        creators=tuple(row.get("creators") or ()),
        publisher=row.get("publisher"),
        identifiers=identifiers,
    )


def listing_of(query: dict[str, Any]) -> Listing:
    """A query as a listing."""
    return Listing(
        platform="bench",
        kind=ListingKind.OFFER,
        url=f"row:{query['query_id']}",
        title=query["text"],
        creators=(query["creator"],) if query.get("creator") else (),
    )


def rows(name: str, file: str) -> list[dict[str, Any]]:
    """All rows of a set's registry or queries."""
    text = (DATA / "sets" / name / f"{file}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def print_reliability(predictions: Path, names: list[str]) -> None:
    """Print the number of pairs and the share of right ones by stated identity."""
    queries = {query["query_id"]: query for name in names for query in rows(name, "queries")}
    pairs: list[tuple[float, bool]] = []
    for line in predictions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        query = queries[row["query_id"]]
        gold = query["gold"] if isinstance(query["gold"], list) else [query["gold"]]
        scored_works = [
            scored_work
            for scored_work in row["work_id"] or ()
            if scored_work["work_id"] not in (query.get("ignore") or ())
        ]
        pairs.extend((scored_work["score"], scored_work["work_id"] in gold) for scored_work in scored_works)
    for low, high in pairwise(RELIABILITY_EDGES):
        right = [is_right for score, is_right in pairs if low <= score < high]
        if right:
            share = sum(right) / len(right)
            print(f"identity {low:.2f} to {min(high, 1.0):.2f}: {len(right):6} pairs, {share:.3f} right")


if __name__ == "__main__":
    main()
