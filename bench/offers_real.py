"""Measure decisions on real listings that others labelled, in two halves split by source.

    python bench/offers_real.py [--half fit|check] [--errors | --leave-one-source-out]

Reads ../shared/bench/offers-real. The sources of each channel are put in order by a digest of their names and dealt
to two halves in turn, those of one repository together; rows of `fit` may be read, labelled again and fitted on, rows
of `check` are only counted: --errors prints wrong and missed pairs (row id, work id, decision, ground keys) of `fit`
alone. A pair is (offer, work), as in the scorer beside the data; a hit where its annotator would accept one too
counts neither way. Wilson intervals of .95 stand behind each share with the counts that it is of.

--leave-one-source-out decides the rows of each source with weights of grounds that were fitted on the open sets of
fixtures/offers and the labelled rows of all other sources (those of one repository are left out together). It prints
sums over all sources and nothing else, since half of them may only be counted; with --half fit it uses and scores that
half alone and prints the shipped weights beside it. The identity is as it ships in either case.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.fit_offence import judged_examples, prior_weights, training_examples  # noqa: E402
from bench.offers import VISIBLE_SETS, assess_rows  # noqa: E402
from crawler.items import Assessment, Decision, Work  # noqa: E402
from desk.match_rows import read_offers  # noqa: E402
from matchers.assessor import Assessor  # noqa: E402
from matchers.decision import START_PREFIX, weigh_findings  # noqa: E402
from matchers.evaluation import wilson_interval  # noqa: E402
from matchers.fitting import JudgedExample, fit_weights  # noqa: E402
from matchers.matcher import Context  # noqa: E402
from matchers.signals.work_type import work_type  # noqa: E402
from matchers.weights import Weights, default_weights  # noqa: E402
from registry.works_reader import read_works  # noqa: E402

DATA = ROOT.parent / "shared" / "bench" / "offers-real"
HALVES = ("fit", "check")
REPOSITORIES = {"dangdang2": "dangdang", "cargames": "carbooks"}  # sources of one repository stay in one half
CHANNELS = (  # dealt one after the other, so that either half has market places of both languages
    ("goofish", "taobao", "xianyu19"),
    ("carbooks", "ebaygame", "etsy"),
    ("dangdang",),
)
STRENGTHS = (Decision.HIT, Decision.REVIEW, Decision.LICENSED)  # an offer's decision is the strongest of its works


@frozen(kw_only=True)
class LabelledOffer:
    """A labelled row with the program's assessments of it."""

    label: Mapping[str, Any]
    assessments: tuple[Assessment, ...]
    channel: str  # the kind of its listing

    @property
    def decision(self) -> str:
        """The strongest decision about any work."""
        decisions = {assessment.decision for assessment in self.assessments}
        return next((decision.value for decision in STRENGTHS if decision in decisions), "none")

    @property
    def hit_works(self) -> set[str]:
        """The works that the program says are infringed, without those that a label excuses."""
        works = {assessment.work_id for assessment in self.assessments if assessment.decision is Decision.HIT}
        is_excused = self.label["decision"] != "hit" and "hit" in self.label["accept"]
        return works - set(self.label["work_ids"]) if is_excused else works

    @property
    def infringed_works(self) -> set[str]:
        """The works that the label says are infringed."""
        return set(self.label["work_ids"]) if self.label["decision"] == "hit" else set()


def half_by_source(sources: Iterable[str]) -> dict[str, str]:
    """Source -> "fit" or "check": within a channel, repositories in the order of a digest of their names, in turn."""
    repositories = {REPOSITORIES.get(source, source) for source in sources}
    channel_of = {name: number for number, names in enumerate(CHANNELS) for name in names}
    ordered = sorted(
        repositories,
        key=lambda name: (channel_of.get(name, len(CHANNELS)), hashlib.sha256(name.encode()).hexdigest()),
    )
    halves = {name: HALVES[number % 2] for number, name in enumerate(ordered)}
    return {source: halves[REPOSITORIES.get(source, source)] for source in sources}


def read_labels() -> list[Mapping[str, Any]]:
    """The labels of all rows of all sources."""
    return [json.loads(line) for line in (DATA / "gold.jsonl").read_text(encoding="utf-8").splitlines()]


def assess_half(half: str) -> list[LabelledOffer]:
    """All labelled rows of a half, assessed against all works."""
    labels = read_labels()
    halves = half_by_source({label["source"] for label in labels})
    return assess_labelled([label for label in labels if halves[label["source"]] == half])


def assess_labelled(labels: Iterable[Mapping[str, Any]]) -> list[LabelledOffer]:
    """The rows of these labels, assessed against all works."""
    wanted = {label["id"]: label for label in labels}
    assessor = Assessor(read_works(DATA / "works.jsonl"))
    offers = [offer for offer in read_offers(DATA / "offers.jsonl") if offer.id in wanted]
    listings = [offer.listing for offer in offers]
    contexts = [Context(now=listing.seen_at) if listing.seen_at else Context() for listing in listings]
    return [
        LabelledOffer(
            label=wanted[offer.id],
            assessments=assessor.assess(offer.listing, context),
            channel=offer.listing.kind.value,
        )
        for offer, context in zip(offers, contexts, strict=True)
    ]


def decide_left_out(
    offers: Sequence[LabelledOffer], works: Mapping[str, Work], further: Sequence[JudgedExample]
) -> list[LabelledOffer]:
    """The offers, those of each source decided with weights fitted on `further` and the offers of other sources.

    Sources of one repository are left out together.
    """
    prior = prior_weights()
    by_repository: dict[str, list[LabelledOffer]] = {}
    for offer in offers:
        source = offer.label["source"]
        by_repository.setdefault(REPOSITORIES.get(source, source), []).append(offer)
    examples = {name: [*real_examples(of_one, prior)] for name, of_one in by_repository.items()}
    decided: list[LabelledOffer] = []
    for left_out, of_one in sorted(by_repository.items()):
        others = [example for name, known in examples.items() if name != left_out for example in known]
        weights = with_coefficients(fit_weights([*further, *others], prior.prior()))
        decided += [reweigh(offer, works, weights) for offer in of_one]
    return decided


def real_examples(offers: Iterable[LabelledOffer], prior: Weights) -> Iterator[JudgedExample]:
    """What pairs teach of which the label says that the listing carries the work."""
    for offer in offers:
        expected = {"none": "dropped"}.get(offer.label["decision"], offer.label["decision"])
        for assessment in offer.assessments:
            if assessment.work_id in offer.label["work_ids"]:
                yield from judged_examples(assessment.findings, offer.channel, expected, prior)


def with_coefficients(coefficients: Mapping[str, float]) -> Weights:
    """The weights that ship, with these starts and grounds in place of their own."""
    start = {
        name.removeprefix(START_PREFIX): value for name, value in coefficients.items() if name.startswith(START_PREFIX)
    }
    grounds = {name: value for name, value in coefficients.items() if not name.startswith(START_PREFIX)}
    return evolve(default_weights(), start=start, grounds=grounds)


def reweigh(offer: LabelledOffer, works: Mapping[str, Work], weights: Weights) -> LabelledOffer:
    """The offer decided again by its findings and these weights."""
    assessments = tuple(
        weigh_findings(
            assessment.work_id,
            assessment.findings,
            offer.channel,
            work_type(works[assessment.work_id]).value,
            weights,
        )
        for assessment in offer.assessments
    )
    return evolve(offer, assessments=assessments)


def share_text(right: int, total: int) -> str:
    """A share with its interval and what it is of."""
    low, high = wilson_interval(right, total)
    share = f"{right / total:.3f}" if total else "-"
    return f"{share} ({low:.3f} to {high:.3f}), {right} of {total}"


def print_figures(name: str, offers: Sequence[LabelledOffer]) -> None:
    """Precision and recall of hits, reviews, licensed offers and new copies of bookshops that were accused."""
    predicted = sum(len(offer.hit_works) for offer in offers)
    infringed = sum(len(offer.infringed_works) for offer in offers)
    right = sum(len(offer.hit_works & offer.infringed_works) for offer in offers)
    reviews = sum(offer.decision == "review" for offer in offers)
    licensed = sum(offer.label["decision"] == "licensed" and bool(offer.hit_works) for offer in offers)
    bookshop = [offer for offer in offers if offer.label["kind_of_case"] == "bookshop_new"]
    accused = sum(bool(offer.hit_works - offer.infringed_works) for offer in bookshop)
    print(f"{name}: {len(offers)} offers")
    print(f"  precision of hits {share_text(right, predicted)}")
    print(f"  recall of hits    {share_text(right, infringed)}")
    print(f"  review            {share_text(reviews, len(offers))}")
    print(f"  licensed offers as hit {licensed}; new copies of bookshops accused {accused} of {len(bookshop)}")


def print_errors(offers: Iterable[LabelledOffer]) -> None:
    """Wrong and missed pairs, by the ids of their rows and works."""
    for offer in offers:
        by_work = {assessment.work_id: assessment for assessment in offer.assessments}
        for kind, works in (
            ("wrong", offer.hit_works - offer.infringed_works),
            ("missed", offer.infringed_works - offer.hit_works),
        ):
            for work in sorted(works):
                assessment = by_work.get(work)
                grounds = [finding.ground for finding in assessment.findings] if assessment else []
                numbers = f"{assessment.identity:.2f} {assessment.offence:.2f}" if assessment else "-"
                print(
                    f"  {kind} {offer.label['id']} {work} {offer.label['kind_of_case']} {numbers} {' '.join(grounds)}"
                )


def print_leave_one_out(half: str | None) -> None:
    """Sums over all sources (or those of the half "fit"), each decided with weights that never saw its rows."""
    labels = read_labels()
    if half:
        halves = half_by_source({label["source"] for label in labels})
        labels = [label for label in labels if halves[label["source"]] == half]
    offers = assess_labelled(labels)
    works = {work.id: work for work in read_works(DATA / "works.jsonl")}
    further = list(training_examples([row for name in VISIBLE_SETS for row in assess_rows(name)]))
    if half:  # over all sources the shipped weights would tell, less those of fit, what is only counted once a day
        print_figures(f"{half}, weights that ship", offers)
    sources = len({label["source"] for label in labels})
    print_figures(f"{sources} sources, each left out of the fit in turn", decide_left_out(offers, works, further))


def main() -> int:
    """Print the figures of the halves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument(
        "--errors", action="store_true", help="print wrong and missed pairs of the half that may be read"
    )
    parser.add_argument(
        "--leave-one-source-out", action="store_true", help="decide each source with weights fitted on the others"
    )
    options = parser.parse_args()
    if not DATA.is_dir():
        print(f"{DATA} is not there: nothing to measure")
        return 0
    if options.leave_one_source_out:
        if options.half == "check" or options.errors:
            parser.error("--leave-one-source-out goes with --half fit or alone: other sources are only summed")
        print_leave_one_out(options.half)
        return 0
    for half in [options.half] if options.half else HALVES:
        offers = assess_half(half)
        print_figures(half, offers)
        if half == "check":
            continue
        for source in sorted({offer.label["source"] for offer in offers}):
            print_figures(f"  {source}", [offer for offer in offers if offer.label["source"] == source])
        if options.errors:
            print_errors(offers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
