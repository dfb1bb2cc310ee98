"""Measure how well share links and access codes are found in ../shared/bench/links, with the scorer provided there.

    python bench/links.py [--by tags|platform|group] [--wrong] [--set FILE]

Prints the figures, the time per row, and with --wrong the rows that are not exact. Needs the shared benchmark data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.shares import extract_links  # noqa: E402

DATA = ROOT.parent / "shared" / "bench" / "links"


def main() -> None:
    """Extract, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", choices=("tags", "platform", "group"))
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--set", type=Path, default=DATA / "dev.jsonl")
    arguments = parser.parse_args()
    if not arguments.set.is_file():
        sys.exit(f"{arguments.set} is not there: this bench needs the shared data beside the checkout")
    rows = [json.loads(line) for line in arguments.set.read_text(encoding="utf-8").splitlines()]
    extract_links("")
    begun = time.perf_counter()
    answers = [{"id": row["id"], "links": [link_fields(link) for link in extract_links(row["text"])]} for row in rows]
    seconds = time.perf_counter() - begun
    with tempfile.TemporaryDirectory() as folder:
        predictions = Path(folder) / "predictions.jsonl"
        predictions.write_text("\n".join(map(json.dumps, answers)), encoding="utf-8")
        by = ["--by", arguments.by] if arguments.by else []
        command = [sys.executable, str(DATA / "score_links.py"), str(arguments.set), str(predictions), *by]
        subprocess.run(command, check=True)
    print(f"{seconds / len(rows) * 1000:.2f} ms a row")
    if arguments.wrong:
        print_wrong_rows(rows, answers)


def link_fields(link: object) -> dict[str, object]:
    """A link's fields that the scorer needs."""
    return {name: getattr(link, name) for name in ("platform", "share_id", "url", "code")}


def print_wrong_rows(rows: list[dict], answers: list[dict]) -> None:
    """Print the rows where anything differs: what is missing, what is extra, the text."""
    for row, answer in zip(rows, answers, strict=True):
        expected = {(link["platform"], link["share_id"], link["code"]) for link in row["links"]}
        extracted = {(link["platform"], link["share_id"], link["code"]) for link in answer["links"]}
        if expected != extracted:
            print(f"\n{row['id']} {row['tags']}\n  missing {expected - extracted}\n  extra   {extracted - expected}")
            print(f"  {row['text'][:400]!r}")


if __name__ == "__main__":
    main()
