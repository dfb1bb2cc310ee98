"""The offer is something other than the work: merchandise, a fan's own work, a service, a namesake of another trade.

Whether a title names the work or a derived one is a question of identity; this matcher examines the offer.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import is_joined_extra
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

MERCH_BESIDE = Ground("merch_beside", Polarity.AGAINST, -2.5)
MERCH_OWN = Ground("merch_own", Polarity.AGAINST, -3.0)
MERCH_SERVICE = Ground("merch_service", Polarity.AGAINST, -3.0)
GROUND_AREAS = ((MERCH_BESIDE, ("merch",)), (MERCH_OWN, ("own",)), (MERCH_SERVICE, ("service",)))
# Share of the strength kept if only the description has the words; an app's tells what can be done with it: stickers.
TEXT_ONLY_FACTOR = 0.5
COPY_AREAS = ("copy", "counterfeit", "drive", "crack")  # a pirated copy sold with a bookmark is still a copy
MIN_COPY_STRENGTH = 0.8  # from this strength of such words it is a copy
COPY_FACTOR = 0.3  # share of the strength of merchandise kept for a copy
JOINED_FACTOR = 0.1  # the same for what is sold together with the work's file; estimate
# From this strength of words for passing on a course, slides and templates belong to the course. Estimate.
MIN_COURSE_STRENGTH = 0.3


class Matcher(OffenceMatcher):
    """Words for what is not the work itself."""

    name = "merch"
    grounds = (MERCH_BESIDE, MERCH_OWN, MERCH_SERVICE)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """Findings against: merchandise, the seller's own work, a service."""
        if listing.kind is ListingKind.SHARE or listing.links:
            return
        is_copied = signal_strength(find_signals(listing, work, *COPY_AREAS)) >= MIN_COPY_STRENGTH or _is_courseware(
            listing, work
        )
        is_joined = is_joined_extra(listing, work)
        for ground, areas in GROUND_AREAS:
            signals = find_signals(listing, work, *areas)
            if signals:
                strength = max(
                    signal_strength([signal for signal in signals if signal.in_title]),
                    0.0 if listing.kind is ListingKind.APP else TEXT_ONLY_FACTOR * signal_strength(signals),
                )
                strength *= COPY_FACTOR if is_copied and ground is MERCH_BESIDE else 1.0
                strength *= JOINED_FACTOR if is_joined and ground is not MERCH_SERVICE else 1.0
                if strength:
                    yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))


def _is_courseware(listing: Listing, work: Work) -> bool:
    return (
        work_type(work) is WorkType.COURSE
        and signal_strength(find_signals(listing, work, "course")) >= MIN_COURSE_STRENGTH
    )
