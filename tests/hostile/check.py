"""Judge a crawl of the small hostile server: check.py OUTCOMES --server URL [--manifest FILE] [--browser]."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from pathlib import Path
from typing import Any


def fetch_json(server: str, path: str) -> Any:
    """JSON that the server answers."""
    with urllib.request.urlopen(server + path, timeout=30) as answer:
        return json.load(answer)


def find_faults(expect: dict[str, Any], row: dict[str, Any], hits: int, base: float) -> list[str]:
    """What is wrong with one case."""
    wrong = {
        f"outcome {row['outcome']}, not {expect['outcome']}": row["outcome"] not in expect["outcome"].split("|"),
        f"{row.get('items')} items of a page that failed": row["outcome"] != "ok" and bool(row.get("items")),
        f"{row.get('items')} items": row.get("items", 0) < expect.get("items_min", 0),
        f"{row.get('elapsed_s')} s": row.get("elapsed_s", 0) > expect["secs"],
        f"{row.get('peak_rss_mb')} MB": row.get("peak_rss_mb", 0) - base > expect["rss_mb"],
        f"{hits} requests": hits > expect["reqs"],
    }
    return [text for text, is_wrong in wrong.items() if is_wrong]


def main() -> int:
    """Print one line a case; 1 if any failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("outcomes", type=Path)
    parser.add_argument("--server", required=True)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--browser", action="store_true")
    arguments = parser.parse_args()
    rows = {row["path"]: row for row in map(json.loads, arguments.outcomes.read_text(encoding="utf-8").splitlines())}
    log = fetch_json(arguments.server, "/_log")
    manifest = arguments.manifest
    cases = (
        json.loads(manifest.read_text(encoding="utf-8")) if manifest else fetch_json(arguments.server, "/manifest.json")
    )
    base = min((row["peak_rss_mb"] for row in rows.values() if "peak_rss_mb" in row), default=0)
    failed = 0
    for case in cases:
        path = case["path"]
        wrong = find_faults(case["expect"], rows[path], log.get(path, 0), base) if path in rows else ["no outcome"]
        failed += bool(wrong)
        sys.stdout.write(f"{'FAIL' if wrong else 'pass'}  {path}  {'; '.join(wrong)}\n")
    general_faults = [
        *(f"canary: {fault}" for fault in log["_canary"]),
        *(["cookies"] if log.get("_cookie", 0) > 16_384 else []),
    ]
    sys.stdout.write(
        "".join(f"FAIL  {fault}\n" for fault in general_faults) + f"pass {len(cases) - failed}  fail {failed}\n"
    )
    return int(bool(failed or general_faults))


if __name__ == "__main__":
    sys.exit(main())
