"""Someone talks about the work or asks for it and offers nothing: a review, a question, news, a warning, a library.

A link or a way to hand over a file is an offer whatever else is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers import Context
from matchers.offers.nature import asks
from matchers.offers.said import quoted, said, says, strength
from matchers.reasons import offends

NAME = "talk"
AREAS = ("review", "question", "request", "news", "warning", "library")
PRICED = 0.3  # what is left where something has a price: sellers write reviews too
ASKED = 0.85  # a question mark behind the title
SHOWN = 12  # characters of the title quoted then
OFFERED = 0.3  # what is left where a file is handed over


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against, one for each sign."""
    if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
        return
    found = partial(offends, NAME, context, work, polarity=Polarity.AGAINST)
    left = 1.0 if listing.price is None else PRICED
    if strength(said(listing, work, "handover", "stream")) >= 0.8:
        left *= OFFERED
    if asks(listing) and not says(listing, work, "question"):
        yield found("talk_question", ASKED * left, theirs=listing.title[-SHOWN:])
    for area in AREAS:
        words = said(listing, work, area)
        if words:
            yield found(f"talk_{area}", strength(words) * left, theirs=quoted(words))
