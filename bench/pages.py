"""Extraction from 444 saved pages of 120 sites: quality by area with the scorer of the data, and time per page.

    .venv/bin/python bench/pages.py [--area ecommerce] [--errors 20] [--json figures.json]

Reads ../shared/bench/pages, which is not part of the project.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "bench" / "pages"
sys.path.insert(0, str(ROOT))


def flat(result: dict[str, Any]) -> dict[str, Any]:
    """One row of `swordnet read` in the scorer's flat format: the first listing is the page's own, all are items."""
    row: dict[str, Any] = {"file": result["file"]}
    listings = [as_scored(each) for each in result["listings"]]
    if listings:
        row |= listings[0]
        row["items"] = listings
    return row


def as_scored(listing: dict[str, Any]) -> dict[str, Any]:
    """A listing under the scorer's names."""
    identifiers = listing.get("identifiers", {})
    named = {"isbn": "isbn", "gtin": "gtin", "mpn": "mpn", "bundle": "package", "package": "package"}
    row = {name: identifiers[scheme][0] for scheme, name in named.items() if scheme in identifiers}
    same = ("title", "text", "price", "currency", "seller", "author", "publisher", "images", "sku", "brand", "url")
    row |= {name: listing[name] for name in (*same, "availability") if name in listing}
    row["date_published"] = listing.get("published")
    row["state"] = listing.get("share_state")
    row["id"] = listing.get("sku")
    return row


async def read_all(area: str | None) -> tuple[list[dict[str, Any]], list[float]]:
    """The rows of `swordnet read` and the seconds of each."""
    from crawler.page.reading import Reader
    from desk.cli.read import read_saved, saved_rows

    with (DATA / "manifest.jsonl").open(encoding="utf-8") as lines:
        kept = [line for line in lines if area in (None, json.loads(line)["area"])]
    reader, results, seconds = Reader(), [], []
    try:
        for row in saved_rows(kept, "manifest.jsonl"):  # type: ignore[arg-type]
            begun = time.perf_counter()
            results.append(await read_saved(row, DATA, reader))
            seconds.append(time.perf_counter() - begun)
    finally:
        reader.close()
    return results, seconds


def main() -> None:
    """Read, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--area")
    parser.add_argument("--by", default="area")
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not (DATA / "manifest.jsonl").is_file():
        sys.exit(f"no data: expected {DATA.relative_to(ROOT.parent)}/manifest.jsonl beside the repository")
    results, seconds = asyncio.run(read_all(given.area))
    outcomes: dict[str, int] = {}
    for result in results:
        outcomes[result["outcome"]] = outcomes.get(result["outcome"], 0) + 1
    for result in results:
        if result["outcome"] != "live":
            print(result["outcome"], result["spider"], result["file"], result.get("error", ""))
    cuts = statistics.quantiles(seconds, n=100)
    print(f"pages {len(results)} {outcomes}; per page: median {cuts[49] * 1e3:.1f} ms, 99 % {cuts[98] * 1e3:.0f} ms, "
          f"longest {max(seconds) * 1e3:.0f} ms")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        predictions = Path(folder) / "predictions.jsonl"
        rows = (json.dumps(flat(result), ensure_ascii=False) for result in results)
        predictions.write_text("\n".join(rows) + "\n", encoding="utf-8")
        command = [sys.executable, str(DATA / "score_pages.py"), str(DATA / "manifest.jsonl"), str(predictions)]
        command += ["--by", given.by, "--errors", str(given.errors)]
        command += ["--area", given.area] if given.area else []
        command += ["--json", str(given.json)] if given.json else []
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
