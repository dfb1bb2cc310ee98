"""The work is offered before it came out, when nobody can have it legally."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import is_discussion
from matchers.signals.listing_signals import has_signal

NAME = "release"
OFFER_PROBABILITY = 0.9  # estimate, where it is offered
MENTION_PROBABILITY = 0.3  # estimate: a post that names it and says nothing of an offer is news of it
OFFER_AREAS = ("file", "drive", "handover", "rip", "stream", "burned", "virtual")
PREORDER_AREAS = ("preorder",)


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding."""
    day = (listing.seen_at or context.now).date()
    if work.released_on is None or day >= work.released_on or has_signal(listing, work, *PREORDER_AREAS):
        return
    is_offered = bool(listing.links) or not is_discussion(listing) or has_signal(listing, work, *OFFER_AREAS)
    chance = OFFER_PROBABILITY if is_offered else MENTION_PROBABILITY
    yield offence_finding(NAME, context, work, "release_before", chance, ours=str(work.released_on), theirs=str(day))
