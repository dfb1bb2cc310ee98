"""What is offered is something beside the work: merchandise, a fan's own work, a service, a namesake of another trade.

Whether a title names the work or a derived one is a question of identity; this is the second look, at the offer.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "merch"
GROUND_AREAS = {"merch_beside": ("merch",), "merch_own": ("own",), "merch_service": ("service",)}
TEXT_ONLY_FACTOR = 0.5  # what is left of words that stand in the description only
COPY_AREAS = ("copy", "counterfeit", "drive", "crack")  # a copy of the work with a bookmark is a copy
MIN_COPY_STRENGTH = 0.8  # strength of these words
COPY_FACTOR = 0.3  # what is left of merchandise then
MIN_COURSE_STRENGTH = (
    0.3  # strength of words of a course passed on from which on slides and templates belong to it; estimate
)


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against: something beside the work, the seller's own work, a service."""
    if listing.kind is ListingKind.SHARE or listing.links:
        return
    is_copied = signal_strength(find_signals(listing, work, *COPY_AREAS)) >= MIN_COPY_STRENGTH or _is_courseware(
        listing, work
    )
    for key, areas in GROUND_AREAS.items():
        signals = find_signals(listing, work, *areas)
        if signals:
            chance = max(
                signal_strength([signal for signal in signals if signal.in_title]),
                TEXT_ONLY_FACTOR * signal_strength(signals),
            )
            chance *= COPY_FACTOR if is_copied and key == "merch_beside" else 1.0
            yield offence_finding(
                NAME, context, work, key, chance, polarity=Polarity.AGAINST, theirs=quote_signals(signals)
            )


def _is_courseware(listing: Listing, work: Work) -> bool:
    return (
        work_type(work) is WorkType.COURSE
        and signal_strength(find_signals(listing, work, "course")) >= MIN_COURSE_STRENGTH
    )
