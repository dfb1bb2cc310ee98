"""Measure extraction from 444 saved pages of 120 sites: quality by area with the data's scorer, and time per page.

    .venv/bin/python bench/pages.py [--area ecommerce] [--half tune|check] [--errors 20] [--json figures.json]

Reads ../shared/bench/pages, which is not part of the project. Sites are split into two halves by a digest of their
name: rules are developed on the pages of `tune` and evaluated on those of `check`, whose errors nobody looks at. Time
is CPU time in this process, one page after the other (in a crawl suspicious pages go to a separate process), for
outcome and reading, and for the share links in what was read, which is a separate stage of a crawl
(pipelines/links.py).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any
from unicodedata import normalize

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "bench" / "pages"
sys.path.insert(0, str(ROOT))


def scorer_row(result: dict[str, Any]) -> dict[str, Any]:
    """A row of `swordnet read` in the scorer's flat format: the first listing is the page's own, all are `items`."""
    row: dict[str, Any] = {"file": result["file"]}
    listings = [scorer_fields(listing) for listing in result["listings"]]
    if listings:
        row |= listings[0]
        row["items"] = listings
    return row


def scorer_fields(listing: dict[str, Any]) -> dict[str, Any]:
    """A listing with the scorer's field names."""
    identifiers = listing.get("identifiers", {})
    field_by_scheme = {"isbn": "isbn", "gtin": "gtin", "mpn": "mpn", "bundle": "package", "package": "package"}
    row = {name: identifiers[scheme][0] for scheme, name in field_by_scheme.items() if scheme in identifiers}
    same_names = (
        "title",
        "text",
        "price",
        "currency",
        "seller",
        "author",
        "publisher",
        "images",
        "sku",
        "brand",
        "url",
    )
    row |= {name: listing[name] for name in (*same_names, "availability") if name in listing}
    row["date_published"] = listing.get("published")
    row["state"] = listing.get("share_state")
    row["id"] = listing.get("sku")
    row["articleBody"] = listing.get("text") if listing["kind"] == "post" else None
    return row


def half_of(site: str) -> str:
    """Which half a site belongs to; all its pages go together."""
    return "tune" if sha256(site.encode()).digest()[0] % 2 else "check"


def read_all(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[tuple[float, float]]]:
    """What `swordnet read` writes for these pages, and for each page the CPU seconds of reading and of its links."""
    from crawler.errors import SwordnetError
    from crawler.items import Listing, Outcome
    from crawler.page import Page
    from crawler.page.outcome import outcome_of
    from crawler.page.reader import read_page
    from desk.cli.read import listing_row, read_page_rows
    from spiders.catalogue import platforms

    results, seconds = [], []
    for row in read_page_rows([json.dumps(item) for item in rows], "manifest.jsonl"):  # type: ignore[arg-type]
        result: dict[str, Any] = {"file": row.file, "spider": row.spider, "listings": []}
        body = (DATA / row.file).read_bytes()
        body = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        begun = time.process_time()
        outcome, items = outcome_of(200, body, "", row.url), []
        if outcome is Outcome.LIVE:
            try:
                items = read_page(platforms()[row.spider](), Page(url=row.url, body=body))
            except SwordnetError as error:
                outcome, result["error"] = Outcome.ERROR, str(error)
        read_at = time.process_time()
        result["listings"] = [listing_row(item) for item in items if isinstance(item, Listing)]
        seconds.append((read_at - begun, time.process_time() - read_at))
        results.append(result | {"outcome": outcome.value})
    return results, seconds


def main() -> None:
    """Read, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--area")
    parser.add_argument("--half", choices=("tune", "check"))
    parser.add_argument("--by", default="area")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not (DATA / "manifest.jsonl").is_file():
        sys.exit(f"no data: expected {DATA.relative_to(ROOT.parent)}/manifest.jsonl beside the repository")
    with (DATA / "manifest.jsonl").open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if arguments.area in (None, row["area"])]
    rows = [row for row in rows if arguments.half in (None, half_of(row["site"]))]
    results, seconds = read_all(rows)
    print_outcomes(results, seconds)
    print_article_words(rows, results)
    with tempfile.TemporaryDirectory() as folder:
        manifest, predictions = Path(folder) / "manifest.jsonl", Path(folder) / "predictions.jsonl"
        write_lines(manifest, rows)
        write_lines(predictions, map(scorer_row, results))
        command = [sys.executable, str(DATA / "score_pages.py"), str(manifest), str(predictions)]
        command += ["--by", arguments.by, "--errors", str(arguments.errors)]
        command += ["--json", str(arguments.json)] if arguments.json else []
        subprocess.run(command, check=True)


def print_outcomes(results: list[dict[str, Any]], seconds: list[tuple[float, float]]) -> None:
    """Print the pages that are not live, and the times."""
    for result in results:
        if result["outcome"] != "live":
            print(result["outcome"], result["spider"], result["file"], result.get("error", ""))
    outcomes = dict(Counter(result["outcome"] for result in results))
    print(f"pages {len(results)} {outcomes}; CPU per page:")
    for what, times in (("reading", [read for read, _ in seconds]), ("with links", [sum(both) for both in seconds])):
        quantiles = [quantile * 1e3 for quantile in (*statistics.quantiles(times, n=100), max(times))]
        tail = f"90 % {quantiles[89]:.0f} ms, 99 % {quantiles[98]:.0f} ms, longest {quantiles[99]:.0f} ms"
        print(f"{what}: median {quantiles[49]:.1f} ms, {tail}")


def print_article_words(rows: list[dict[str, Any]], results: list[dict[str, Any]]) -> None:
    """Print how far the words of listings are those of gold article bodies; a Han character is a word."""
    scores = []
    for row, result in zip(rows, results, strict=True):
        if "articleBody" not in row.get("gold", {}):
            continue
        gold = row["gold"]["articleBody"]
        wanted = words(gold[0] if isinstance(gold, list) else gold)
        given = words(result["listings"][0].get("text", "") if result["listings"] else "")
        shared = (wanted & given).total()
        scores.append(
            (shared / max(given.total(), 1), shared / max(wanted.total(), 1), wanted.total() + given.total(), shared)
        )
    if scores:
        precision, recall = (statistics.mean(score[part] for score in scores) for part in (0, 1))
        f1 = statistics.mean(2 * score[3] / score[2] for score in scores)
        print(f"words of {len(scores)} articles: F1 {f1:.3f}, precision {precision:.3f}, recall {recall:.3f}")


def words(text: str) -> Counter[str]:
    """The words of a text with their numbers."""
    return Counter(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+", normalize("NFKC", text).lower()))


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
