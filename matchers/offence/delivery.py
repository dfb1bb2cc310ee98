"""The offer is delivered as a file: it says so, names a drive, tells how the file is handed over, or is a burnt copy.

Words alone, so an app store, where files are the rule, says nothing. What comes beside a printed book (送电子讲义)
is no delivery of the work.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import intent_factor, is_discussion
from matchers.signals.listing_signals import ListingSignal, find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "delivery"
# Areas of signs.csv that say the same; what is denied of paper is said of a file.
GROUND_AREAS = {
    "file": ("file",),
    "virtual": ("virtual", "no_print"),
    "drive": ("drive",),
    "handover": ("handover",),
    "disclaimer": ("disclaimer",),
    "burned": ("burned",),
}
# What is left of a word where it is ordinary: software is downloaded and its keys are mailed. Estimates.
ORDINARY_FACTORS = {
    (WorkType.PROGRAM, "file"): 0.4,
    (WorkType.PROGRAM, "virtual"): 0.3,
    (WorkType.COURSE, "virtual"): 0.6,
}
# A post often only speaks of files: what is left where its title names none and nothing hands one over. Estimate.
MENTION_FACTOR = 0.2
HANDOVER_AREAS = ("drive", "handover", "virtual", "stream")


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each way of delivery."""
    if listing.kind is ListingKind.APP:
        return
    for ground, areas in GROUND_AREAS.items():
        signals = find_signals(listing, work, *areas)
        if signals:
            chance = (
                signal_strength(signals)
                * ORDINARY_FACTORS.get((work_type(work), ground), 1.0)
                * intent_factor(listing, work)
            )
            chance *= MENTION_FACTOR if ground == "file" and _is_mention_only(listing, work, signals) else 1.0
            yield offence_finding(NAME, context, work, f"delivery_{ground}", chance, theirs=quote_signals(signals))


def _is_mention_only(listing: Listing, work: Work, signals: list[ListingSignal]) -> bool:
    """Whether a post speaks of a file that it does not hand over."""
    if not is_discussion(listing) or listing.links or any(signal.in_title for signal in signals):
        return False
    return not has_signal(listing, work, *HANDOVER_AREAS)
