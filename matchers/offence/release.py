"""The work is offered before its release, when nobody can have it legally."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import is_discussion
from matchers.signals.listing_signals import has_signal

OFFER_PROBABILITY = 0.9  # estimate, if it is offered
MENTION_PROBABILITY = 0.3  # estimate: a post that names it without an offer is news about it
OFFER_AREAS = ("file", "drive", "handover", "rip", "stream", "burned", "virtual")
PREORDER_AREAS = ("preorder",)
RELEASE_BEFORE = Ground("release_before", Polarity.FOR, 3.0)


class Matcher(OffenceMatcher):
    """Offers before the work's release."""

    name = "release"
    grounds = (RELEASE_BEFORE,)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding."""
        day = (listing.seen_at or context.now).date()
        if work.released_on is None or day >= work.released_on or has_signal(listing, work, *PREORDER_AREAS):
            return
        is_offered = bool(listing.links) or not is_discussion(listing) or has_signal(listing, work, *OFFER_AREAS)
        probability = OFFER_PROBABILITY if is_offered else MENTION_PROBABILITY
        yield make_finding(self.name, work, RELEASE_BEFORE, probability, ours=str(work.released_on), theirs=str(day))
