"""A course is passed on: recorded, bought together, handed over. A seat in a course cannot be resold."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "course"
OTHER_TYPE_FACTOR = 0.4  # what is left of the words beside another kind of work
SALE_PROBABILITY = 0.5  # estimate: a stranger sells the course and says nothing that would make it another thing


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for the words, one for a stranger who sells the course at all."""
    is_course = work_type(work) is WorkType.COURSE
    signals = find_signals(listing, work, "course")
    if signals:
        chance = signal_strength(signals) * (1.0 if is_course else OTHER_TYPE_FACTOR) * intent_factor(listing, work)
        yield offence_finding(NAME, context, work, "course_passed_on", chance, theirs=quote_signals(signals))
    if is_course and listing.kind is ListingKind.OFFER and not has_signal(listing, work, "merch"):
        yield offence_finding(
            NAME,
            context,
            work,
            "course_sold",
            SALE_PROBABILITY * intent_factor(listing, work),
            theirs=listing.seller or listing.platform,
        )
