"""A course is passed on: recorded, bought together, handed over. A seat in a course is nobody's to sell."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.reported import offered
from matchers.offers.said import quoted, said, says, strength
from matchers.reasons import offends

NAME = "course"
ASIDE = 0.4  # what is left of the words beside another kind of work
SOLD = 0.5  # estimate: a stranger sells the course and says nothing that would make it another thing


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for the words, one for a stranger who sells the course at all."""
    is_course = nature(work) is Nature.COURSE
    words = said(listing, work, "course")
    if words:
        chance = strength(words) * (1.0 if is_course else ASIDE) * offered(listing, work)
        yield offends(NAME, context, work, "course_passed_on", chance, theirs=quoted(words))
    if is_course and listing.kind is ListingKind.OFFER and not says(listing, work, "merch"):
        yield offends(
            NAME, context, work, "course_sold", SOLD * offered(listing, work), theirs=listing.seller or listing.platform
        )
