"""Measure nights over an unchanged web and over one of which 1 % changed: bytes, matching, what was found.

`python bench/second_night.py --seed S` prints JSON. Half of the platforms send validators; for the others only the
matching can be saved.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._nightrun import Site, run_web

PLATFORM_COUNT, QUERIES_PER_PLATFORM, WORK_COUNT = 20, 30, 200
LATEST_RUN_SQL = "SELECT counts FROM runs WHERE kind = 'night' ORDER BY started DESC LIMIT 1"


def run_night(site: Site, now: str) -> dict[str, Any]:
    """Run one night; what the web sent, for platforms with and without validators, and what the night did."""
    site.control_web(reset=True)
    result = site.run("night", "--quiet", "--now", now)
    web_report = site.control_web(reset=True)
    with closing(sqlite3.connect(site.folder / "swordnet.db")) as connection:
        counts = json.loads(connection.execute(LATEST_RUN_SQL).fetchone()[0])
    pages: dict[str, int] = {}
    for platform_counts in counts.values():
        for outcome, number in platform_counts["pages"].items():
            pages[outcome] = pages.get(outcome, 0) + number
    byte_counts = {
        kind: sum(size for name, size in web_report["bytes"].items() if int(name[-2:]) % 2 == odd)
        for odd, kind in VALIDATOR_KINDS
    }
    matched, hits = (sum(platform_counts[name] for platform_counts in counts.values()) for name in ("matched", "hits"))
    figures = {
        "exit": result.returncode,
        "requests": sum(web_report["asked"].values()),
        "bytes": byte_counts,
        "pages": pages,
    }
    return figures | {"matched": matched, "hits": hits, "asked": web_report["asked"], "said": result.stderr[-500:]}


VALIDATOR_KINDS = ((0, "with_validators"), (1, "without"))


def listing_texts(site: Site) -> dict[str, str]:
    """The text of every stored listing, by address."""
    with closing(sqlite3.connect(site.folder / "swordnet.db")) as connection:
        rows = connection.execute("SELECT address, value FROM listings").fetchall()
    return {address: json.loads(value).get("text", "") for address, value in rows}


def main() -> int:
    """Print the figures of three nights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, run_web(Path(name), PLATFORM_COUNT, arguments.seed) as ports:
        site = Site(Path(name) / "site", ports, QUERIES_PER_PLATFORM)
        site.register_works(WORK_COUNT, arguments.seed)
        first = run_night(site, "2026-11-21T01:00:00Z")
        before = listing_texts(site)
        second = run_night(site, "2026-11-22T01:00:00Z")
        targets = sorted(target for target in first["asked"] if "/search" not in target)
        changed = random.Random(arguments.seed).sample(targets, max(1, len(first["asked"]) // 100))
        site.control_web(changed=changed)
        third = run_night(site, "2026-11-23T01:00:00Z")
        after = listing_texts(site)
    changed_addresses = {address for address, text in after.items() if before.get(address) != text}
    for night_figures in (first, second, third):
        del night_figures["asked"]
    saved_share = 1 - second["bytes"]["with_validators"] / first["bytes"]["with_validators"]
    figures = {
        "first": first,
        "second": second,
        "third": third,
        "bytes_saved_with_validators": round(saved_share, 4),
        "matched_in_second": second["matched"],
        "changed_pages": len(changed),
        "pages_read_in_third": third["pages"].get("live", 0),
        "listings_changed": len(changed_addresses),
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    passes = (
        saved_share >= 0.9
        and not second["matched"]
        and third["pages"].get("live", 0) == len(changed) == len(changed_addresses)
    )
    return int(not passes)


if __name__ == "__main__":
    sys.exit(main())
