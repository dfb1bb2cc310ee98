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

from bench._nightrun import Site, web

PLATFORMS, QUESTIONS, WORKS = 20, 30, 200
LATEST = "SELECT counts FROM runs WHERE kind = 'night' ORDER BY started DESC LIMIT 1"


def night(site: Site, now: str) -> dict[str, Any]:
    """Run one night; what the web sent, for platforms with and without validators, and what the night did."""
    site.tell(reset=True)
    done = site.run("night", "--quiet", "--now", now)
    saw = site.tell(reset=True)
    with closing(sqlite3.connect(site.folder / "swordnet.db")) as connection:
        counts = json.loads(connection.execute(LATEST).fetchone()[0])
    pages: dict[str, int] = {}
    for each in counts.values():
        for outcome, number in each["pages"].items():
            pages[outcome] = pages.get(outcome, 0) + number
    sent = {kind: sum(size for name, size in saw["bytes"].items() if int(name[-2:]) % 2 == odd) for odd, kind in KINDS}
    matched, hits = (sum(each[name] for each in counts.values()) for name in ("matched", "hits"))
    told = {"exit": done.returncode, "requests": sum(saw["asked"].values()), "bytes": sent, "pages": pages}
    return told | {"matched": matched, "hits": hits, "asked": saw["asked"], "said": done.stderr[-500:]}


KINDS = ((0, "with_validators"), (1, "without"))


def texts(site: Site) -> dict[str, str]:
    """The text of every stored listing, by address."""
    with closing(sqlite3.connect(site.folder / "swordnet.db")) as connection:
        rows = connection.execute("SELECT address, value FROM listings").fetchall()
    return {address: json.loads(value).get("text", "") for address, value in rows}


def main() -> int:
    """Print the figures of three nights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, web(Path(name), PLATFORMS, said.seed) as ports:
        site = Site(Path(name) / "site", ports, QUESTIONS)
        site.register(WORKS, said.seed)
        first = night(site, "2026-11-21T01:00:00Z")
        before = texts(site)
        second = night(site, "2026-11-22T01:00:00Z")
        asked = sorted(target for target in first["asked"] if "/search" not in target)
        changed = random.Random(said.seed).sample(asked, max(1, len(first["asked"]) // 100))
        site.tell(changed=changed)
        third = night(site, "2026-11-23T01:00:00Z")
        after = texts(site)
    found = {address for address, text in after.items() if before.get(address) != text}
    for each in (first, second, third):
        del each["asked"]
    saved = 1 - second["bytes"]["with_validators"] / first["bytes"]["with_validators"]
    figures = {
        "first": first,
        "second": second,
        "third": third,
        "bytes_saved_with_validators": round(saved, 4),
        "matched_in_second": second["matched"],
        "changed_pages": len(changed),
        "pages_read_in_third": third["pages"].get("live", 0),
        "listings_changed": len(found),
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    good = saved >= 0.9 and not second["matched"] and third["pages"].get("live", 0) == len(changed) == len(found)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
