"""The work is in a public share of a cloud drive: the listing is one, or carries the link to one."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.reasons import offends

NAME = "share"
IS_SHARE = 0.92  # estimate: public shares of a registered work rarely have a licence
CARRIES_LINK = 0.9


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding."""
    if listing.kind is ListingKind.SHARE:
        yield offends(NAME, context, work, "share_is", IS_SHARE, theirs=listing.url)
    elif listing.links:
        shown = "、".join(link.url for link in listing.links[:3])
        yield offends(NAME, context, work, "share_link", CARRIES_LINK, theirs=shown, count=len(listing.links))
