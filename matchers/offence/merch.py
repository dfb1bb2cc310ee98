"""What is offered is something beside the work: merchandise, a fan's own work, a service, a namesake of another trade.

Whether a title names the work or a derived one is a question of identity; this is the second look, at the offer.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.said import quoted, said, strength
from matchers.reasons import offends

NAME = "merch"
WAYS = {"merch_beside": ("merch",), "merch_own": ("own",), "merch_service": ("service",)}
IN_TEXT = 0.5  # what is left of words that stand in the description only
COPIED = ("copy", "counterfeit", "drive", "crack")  # a copy of the work with a bookmark is a copy
COPIED_ENOUGH = 0.8  # strength of these words
LEFT = 0.3  # what is left of merchandise then
PASSED_ON = 0.3  # strength of words of a course passed on from which on slides and templates belong to it; estimate


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against: something beside the work, the seller's own work, a service."""
    if listing.kind is ListingKind.SHARE or listing.links:
        return
    is_copied = strength(said(listing, work, *COPIED)) >= COPIED_ENOUGH or _is_courseware(listing, work)
    for key, areas in WAYS.items():
        words = said(listing, work, *areas)
        if words:
            chance = max(strength([one for one in words if one.in_title]), IN_TEXT * strength(words))
            chance *= LEFT if is_copied and key == "merch_beside" else 1.0
            yield offends(NAME, context, work, key, chance, polarity=Polarity.AGAINST, theirs=quoted(words))


def _is_courseware(listing: Listing, work: Work) -> bool:
    return nature(work) is Nature.COURSE and strength(said(listing, work, "course")) >= PASSED_ON
