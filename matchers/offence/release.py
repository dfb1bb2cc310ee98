"""The work is offered before it came out: nobody can have it by right."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.offers.nature import is_talk_place
from matchers.offers.said import says
from matchers.reasons import offends

NAME = "release"
OFFERED = 0.9  # estimate, where it is offered
NAMED = 0.3  # estimate: a post that names it and says nothing of an offer is news of it
OFFERS = ("file", "drive", "handover", "rip", "stream", "burned", "virtual")
ORDERED = ("preorder",)


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding."""
    day = (listing.seen_at or context.now).date()
    if work.released_on is None or day >= work.released_on or says(listing, work, *ORDERED):
        return
    is_offered = bool(listing.links) or not is_talk_place(listing) or says(listing, work, *OFFERS)
    chance = OFFERED if is_offered else NAMED
    yield offends(NAME, context, work, "release_before", chance, ours=str(work.released_on), theirs=str(day))
