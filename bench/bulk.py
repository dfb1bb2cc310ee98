"""Count accusations on real listings without labels, against a registry of 100,000 works.

    python bench/bulk.py [--half fit|all] [--out FILE] [--sample N --seed S] [--verdicts FILE]

Reads bulk_offers and bulk_works of ../shared/bench/offers-real. Prints hits and reviews by source and by the listing's
kind, and the CPU seconds of the assessment alone. --out writes one CSV row for each hit and review (row, work,
decision, identity, offence, grounds; no text), so that two commits can be compared. --sample draws hits on shares and
posts of the half that may be read (see bench/offers_real.py) and prints their row and work ids; --verdicts counts right
and wrong works among the hits on shares, by a file of rows already read (row, work, verdict).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.offers_real import DATA, half_by_source, share_text  # noqa: E402
from crawler.items import Assessment, Decision, ListingKind, Work  # noqa: E402
from desk.match_rows import OfferRow, read_offers  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from registry.works_reader import read_works  # noqa: E402

BATCH_SIZE = 512  # listings looked up at once, as `swordnet match` does
SHARED_KINDS = frozenset({ListingKind.SHARE, ListingKind.POST})
COLUMNS = ("row", "work", "kind", "decision", "identity", "offence", "grounds")


@frozen(kw_only=True)
class Accusation:
    """A hit or review: one listing and one work."""

    offer: OfferRow
    assessment: Assessment

    @property
    def source(self) -> str:
        """The source of the listing."""
        return source_of(self.offer)

    @property
    def is_shared_hit(self) -> bool:
        """Whether it is a hit on a share or post."""
        return self.assessment.decision is Decision.HIT and self.offer.listing.kind in SHARED_KINDS

    def cells(self) -> tuple[str, ...]:
        """The values of COLUMNS."""
        assessment = self.assessment
        grounds = " ".join(finding.ground for finding in assessment.findings)
        numbers = (f"{assessment.identity:.3f}", f"{assessment.offence:.3f}")
        kind = self.offer.listing.kind.value
        return self.offer.id, assessment.work_id, kind, assessment.decision.value, *numbers, grounds


def source_of(offer: OfferRow) -> str:
    """The source, with which every row id begins."""
    return offer.id.partition("-")[0]


def read_bulk(half: str) -> list[OfferRow]:
    """The rows of a half ("all": of both), in the order of the file."""
    labels = (DATA / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    halves = half_by_source({json.loads(line)["source"] for line in labels})
    path = DATA / "bulk_offers.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        offers = read_offers(path, source=lines)
    return [offer for offer in offers if half in ("all", halves[source_of(offer)])]


def read_bulk_works() -> Sequence[Work]:
    """The registry of 100,000 works."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "works.jsonl"
        path.write_bytes(gzip.decompress((DATA / "bulk_works.jsonl.gz").read_bytes()))
        return read_works(path)


def find_accusations(assessor: Assessor, offers: Sequence[OfferRow]) -> Iterator[Accusation]:
    """Hits and reviews, each listing judged on the day it was seen."""
    for first in range(0, len(offers), BATCH_SIZE):
        batch = offers[first : first + BATCH_SIZE]
        days = {offer.listing.seen_at for offer in batch}
        for day in sorted(days, key=str):
            same_day = [offer for offer in batch if offer.listing.seen_at == day]
            context = Context(now=day) if day else Context()
            assessed = assessor.assess_all([offer.listing for offer in same_day], context)
            for offer, assessments in zip(same_day, assessed, strict=True):
                for assessment in assessments:
                    if assessment.decision in (Decision.HIT, Decision.REVIEW):
                        yield Accusation(offer=offer, assessment=assessment)


def print_counts(name: str, accusations: Iterable[Accusation], keys: Iterable[str]) -> None:
    """How many listings of each key there are, and their hits and reviews (pairs)."""
    accusations, totals = list(accusations), Counter(keys)
    for key in sorted(totals):
        mine = [item for item in accusations if key in (item.source, item.offer.listing.kind.value)]
        decisions = Counter(item.assessment.decision for item in mine)
        print(f"{name} {key:14} {totals[key]:5} rows {decisions['hit']:5} hits {decisions['review']:5} reviews")


def write_accusations(path: Path, accusations: Iterable[Accusation]) -> None:
    """One CSV row for each."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted(accusation.cells() for accusation in accusations))


def print_verdicts(path: Path, accusations: Iterable[Accusation]) -> None:
    """How many of the hits on shares that were read name the right work."""
    with path.open(encoding="utf-8", newline="") as file:
        verdicts = {(row["row"], row["work"]): row["verdict"] for row in csv.DictReader(file)}
    hits = [(item.offer.id, item.assessment.work_id) for item in accusations if item.is_shared_hit]
    counts = Counter(verdicts[pair] for pair in hits if pair in verdicts)
    kept = Counter(verdicts[pair] for pair in verdicts if pair in set(hits))
    lost = Counter(verdicts.values()) - kept
    print(f"read hits on shares, right work: {share_text(counts['right'], counts.total())}")
    print(f"  of the pairs that were read, no longer hits: {lost['right']} right, {lost['wrong']} wrong")


def main() -> int:
    """Count, and write or draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("fit", "all"), default="fit", help="only rows that may be read, or all")
    parser.add_argument("--out", type=Path, help="write hits and reviews to this CSV file")
    parser.add_argument("--sample", type=int, default=0, help="draw this many hits on shares and posts")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--verdicts", type=Path, help="CSV of row, work, verdict (right or wrong)")
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"{DATA} is not there: nothing to measure")
        return 0
    if options.half == "all" and (options.sample or options.out or options.verdicts):
        parser.error("rows of the checked half are only counted")
    offers = read_bulk(options.half)
    assessor = Assessor(read_bulk_works())
    started = time.process_time()
    accusations = list(find_accusations(assessor, offers))
    seconds = time.process_time() - started
    print_counts("source", accusations, map(source_of, offers))
    print_counts("kind  ", accusations, (offer.listing.kind.value for offer in offers))
    print(f"{len(offers)} rows in {seconds:.1f} CPU seconds ({1000 * seconds / len(offers):.1f} ms a row)")
    if options.out:
        write_accusations(options.out, accusations)
    if options.verdicts:
        print_verdicts(options.verdicts, accusations)
    if options.sample:
        hits = sorted(item.cells() for item in accusations if item.is_shared_hit)
        for cells in random.Random(options.seed).sample(hits, min(options.sample, len(hits))):
            print(",".join(cells[:2]), *cells[4:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
