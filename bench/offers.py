"""Measure the quality of decisions on the labelled offers of fixtures/offers.

    python bench/offers.py [--others] [--kinds] [--wrong]

Prints precision and recall of hits, licensed offers among the hits and the share of reviews for both halves, with
--others also for the sets by another hand. --wrong prints the wrong rows of the sets that may be looked at (tune,
others-a, others-d); rows of the check half, of others-b and of others-c are never printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.items import Assessment, Decision, Listing  # noqa: E402
from desk.match_rows import read_offers  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from registry.works_reader import read_works  # noqa: E402

OFFERS = ROOT / "fixtures" / "offers"
HALVES = ("tune", "check")
OTHERS = ("others-a", "others-b", "others-c", "others-d")
SEEN = ("tune", "others-a", "others-d")
CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))


@frozen(kw_only=True)
class Judged:
    """A labelled row with the program's assessments of it."""

    row: dict[str, Any]
    listing: Listing
    found: tuple[Assessment, ...]

    @property
    def told(self) -> Assessment | None:
        """The assessment of the labelled work, if it was considered."""
        return next((one for one in self.found if one.work_id == self.row["work"]), None)

    @property
    def decision(self) -> str:
        """The decision about the labelled work; a hit for another work counts as a hit of this row."""
        if any(one.decision is Decision.HIT for one in self.found):
            return "hit"
        return self.told.decision.value if self.told else "none"

    @property
    def is_right_hit(self) -> bool:
        """Whether the offence was found for its work, and only for it."""
        hits = {one.work_id for one in self.found if one.decision is Decision.HIT}
        return self.row["expected"] == "hit" and hits == {self.row["work"]}


def judged(half: str, folder: Path = OFFERS) -> Iterator[Judged]:
    """All rows of a half (or other set), assessed."""
    assessor = Assessor(read_works(folder / f"works-{half}.jsonl"))
    path = folder / f"{half}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row, offer in zip(rows, read_offers(path), strict=True):
        yield Judged(row=row, listing=offer.listing, found=assessor.assess(offer.listing, CONTEXT))


def figures(rows: Sequence[Judged]) -> dict[str, float]:
    """The figures that the targets are about."""
    said = [row for row in rows if row.decision == "hit"]
    true = [row for row in rows if row.row["expected"] == "hit"]
    right = sum(row.is_right_hit for row in said)
    same = sum(_same(row.row["expected"], row.decision) for row in rows)
    return {
        "rows": len(rows),
        "precision": right / len(said) if said else 1.0,
        "recall": right / len(true) if true else 1.0,
        "licensed as hit": sum(row.row["expected"] == "licensed" for row in said),
        "review": sum(row.decision == "review" for row in rows) / len(rows),
        "same decision": same / len(rows),
    }


def _same(expected: str, decision: str) -> bool:
    return decision == expected or (expected == "dropped" and decision == "none")


def _told(rows: Sequence[Judged]) -> None:
    by_set: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        by_set[f"{row.row['set']:15} {row.row['expected']:9}"][row.decision] += 1
    for name, counts in sorted(by_set.items()):
        print("   ", name, dict(counts.most_common()))


def _wrong(rows: Sequence[Judged]) -> None:
    for row in rows:
        if _same(row.row["expected"], row.decision) or row.is_right_hit:
            continue
        told = row.told
        chance = f"{told.identity:.2f} x {told.offence:.2f}" if told else "-"
        print(
            f"{row.row['id']} {row.row['set']} {row.row['expected']} -> {row.decision} ({chance}): {row.row['title']}"
        )
        print("   ", row.row.get("text", ""), "|", row.row.get("seller"), row.row.get("price"), "|", row.row["reason"])
        for finding in told.findings if told else ():
            sign = "+" if finding.polarity.value == "for" else "-"
            print(f"      {sign}{finding.probability:.2f} {finding.matcher}: {finding.why}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="tell the wrong rows of the tune half")
    parser.add_argument("--kinds", action="store_true", help="decisions by kind of offer")
    parser.add_argument("--others", action="store_true", help="also the sets by another hand")
    asked = parser.parse_args()
    for half in HALVES + (OTHERS if asked.others else ()):
        rows = list(judged(half))
        print(half, {name: round(value, 3) for name, value in figures(rows).items()})
        if asked.kinds and half != "check":
            _told(rows)
        if asked.wrong and half in SEEN:
            _wrong(rows)


if __name__ == "__main__":
    main()
