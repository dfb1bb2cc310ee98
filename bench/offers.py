"""Measure the quality of decisions on the labelled offers of fixtures/offers.

    python bench/offers.py [--others] [--kinds] [--wrong] [--unverified FACTOR]

Prints precision and recall of hits, licensed offers among the hits and the share of reviews for both halves, with
--others also for the sets by another hand. --wrong prints the wrong rows of the sets that may be looked at (tune,
others-a, others-d, market-a); rows of the check half, of others-b, others-c and market-b are never printed.
--unverified multiplies the probabilities of the words of the lexicon that no open fixture holds; 0 leaves them out.
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
from unittest.mock import patch

from attrs import evolve, frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.items import Assessment, Decision, Listing  # noqa: E402
from desk.match_rows import read_offers  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.findings import finding_sentence  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from matchers.signals import text_signals  # noqa: E402
from matchers.signals.lexicon import Lexicon  # noqa: E402
from matchers.signals.word_lists import signal_lexicon  # noqa: E402
from registry.works_reader import read_works  # noqa: E402
from tools.make_lexicon import read_rows  # noqa: E402

OFFERS_FOLDER = ROOT / "fixtures" / "offers"
HALVES = ("tune", "check")
OTHER_SETS = ("others-a", "others-b", "others-c", "others-d", "market-a", "market-b")
VISIBLE_SETS = ("tune", "others-a", "others-d", "market-a")
CONTEXT = Context(now=datetime(2026, 11, 22, tzinfo=UTC))


@frozen(kw_only=True)
class AssessedRow:
    """A labelled row with the program's assessments of it."""

    row: dict[str, Any]
    listing: Listing
    assessments: tuple[Assessment, ...]

    @property
    def work_assessment(self) -> Assessment | None:
        """The assessment of the labelled work, if it was considered."""
        return next((assessment for assessment in self.assessments if assessment.work_id == self.row["work"]), None)

    @property
    def decision(self) -> str:
        """The decision about the labelled work; a hit for another work counts as a hit of this row."""
        if any(assessment.decision is Decision.HIT for assessment in self.assessments):
            return "hit"
        return self.work_assessment.decision.value if self.work_assessment else "none"

    @property
    def is_right_hit(self) -> bool:
        """Whether the offence was found for its work, and only for it."""
        return self.row["expected"] == "hit" and self._hit_works == {self.row["work"]}

    @property
    def is_excused_hit(self) -> bool:
        """Whether a hit is not what the row expects but as defensible (`accept`): it counts neither way."""
        return "hit" in self.row.get("accept", ()) and self._hit_works == {self.row["work"]}

    @property
    def _hit_works(self) -> set[str]:
        return {assessment.work_id for assessment in self.assessments if assessment.decision is Decision.HIT}


def assess_rows(half: str, folder: Path = OFFERS_FOLDER) -> Iterator[AssessedRow]:
    """All rows of a half (or other set), assessed."""
    assessor = Assessor(read_works(folder / f"works-{half}.jsonl"))
    path = folder / f"{half}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row, offer in zip(rows, read_offers(path), strict=True):
        yield AssessedRow(row=row, listing=offer.listing, assessments=assessor.assess(offer.listing, CONTEXT))


def figures(rows: Sequence[AssessedRow]) -> dict[str, float]:
    """The figures that the targets are about."""
    hit_rows = [row for row in rows if row.decision == "hit" and not row.is_excused_hit]
    expected_hits = [row for row in rows if row.row["expected"] == "hit"]
    right = sum(row.is_right_hit for row in hit_rows)
    same_decisions = sum(_is_accepted(row.row, row.decision) for row in rows)
    return {
        "rows": len(rows),
        "precision": right / len(hit_rows) if hit_rows else 1.0,
        "recall": right / len(expected_hits) if expected_hits else 1.0,
        "licensed as hit": sum(row.row["expected"] == "licensed" for row in hit_rows),
        "review": sum(row.decision == "review" for row in rows) / len(rows),
        "same decision": same_decisions / len(rows),
    }


def _is_accepted(row: dict[str, Any], decision: str) -> bool:
    expected = {row["expected"], *row.get("accept", ())}
    return decision in expected or (decision == "none" and "dropped" in expected)


def _print_by_set(rows: Sequence[AssessedRow]) -> None:
    by_set: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        by_set[f"{row.row['set']:15} {row.row['expected']:9}"][row.decision] += 1
    for name, counts in sorted(by_set.items()):
        print("   ", name, dict(counts.most_common()))


def _print_wrong(rows: Sequence[AssessedRow]) -> None:
    for row in rows:
        if _is_accepted(row.row, row.decision) or row.is_right_hit:
            continue
        assessment = row.work_assessment
        chance = f"{assessment.identity:.2f} x {assessment.offence:.2f}" if assessment else "-"
        print(
            f"{row.row['id']} {row.row['set']} {row.row['expected']} -> {row.decision} ({chance}): {row.row['title']}"
        )
        print("   ", row.row.get("text", ""), "|", row.row.get("seller"), row.row.get("price"), "|", row.row["reason"])
        for finding in assessment.findings if assessment else ():
            sign = "+" if finding.polarity.value == "for" else "-"
            print(f"      {sign}{finding.probability:.2f} {finding.matcher}: {finding_sentence(finding, 'en')}")


def scaled_lexicon(factor: float) -> Lexicon:
    """The lexicon with the probabilities of unverified words multiplied by `factor`; at 0 it is without them."""
    unverified = {row.word for row in read_rows() if not row.fixtures}
    return Lexicon(
        evolve(word, probability=word.probability * factor) if word.text in unverified else word
        for word in signal_lexicon().words()
        if factor or word.text not in unverified
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="print the wrong rows of the visible sets")
    parser.add_argument("--kinds", action="store_true", help="decisions by kind of offer")
    parser.add_argument("--others", action="store_true", help="also the sets by another hand")
    parser.add_argument("--unverified", type=float, default=1.0, metavar="FACTOR", help="of words in no open fixture")
    arguments = parser.parse_args()
    lexicon = scaled_lexicon(arguments.unverified) if arguments.unverified != 1.0 else signal_lexicon()
    with patch.object(text_signals, "signal_lexicon", lambda: lexicon):
        print_sets(arguments)


def print_sets(arguments: argparse.Namespace) -> None:
    """Print the figures of the sets that are asked for."""
    for half in HALVES + (OTHER_SETS if arguments.others else ()):
        rows = list(assess_rows(half))
        print(half, {name: round(value, 3) for name, value in figures(rows).items()})
        if arguments.kinds and half != "check":
            _print_by_set(rows)
        if arguments.wrong and half in VISIBLE_SETS:
            _print_wrong(rows)


if __name__ == "__main__":
    main()
