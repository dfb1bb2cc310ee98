"""A course is passed on: recorded, bought jointly, handed over; a seat in a course cannot be resold."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

OTHER_TYPE_FACTOR = 0.4  # share of the words' strength kept beside another type of work
SALE_PROBABILITY = 0.5  # estimate: a stranger sells the course, and nothing says that it is something else
COURSE_PASSED_ON = Ground("course_passed_on", Polarity.FOR, 2.5)
COURSE_SOLD = Ground("course_sold", Polarity.FOR, 1.5)


class Matcher(OffenceMatcher):
    """Words for passing on a course, and strangers who sell one."""

    name = "course"
    grounds = (COURSE_PASSED_ON, COURSE_SOLD)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding for the words, one for a stranger who sells the course at all."""
        is_course = work_type(work) is WorkType.COURSE
        signals = find_signals(listing, work, "course")
        if signals:
            factor = 1.0 if is_course else OTHER_TYPE_FACTOR
            strength = signal_strength(signals) * factor * intent_factor(listing, work)
            yield make_finding(self.name, work, COURSE_PASSED_ON, strength, theirs=quote_signals(signals))
        if is_course and listing.kind is ListingKind.OFFER and not has_signal(listing, work, "merch"):
            probability = SALE_PROBABILITY * intent_factor(listing, work)
            yield make_finding(self.name, work, COURSE_SOLD, probability, theirs=listing.seller or listing.platform)
