"""The work is in a public share of a cloud drive: the listing is one, or carries the link to one.

A share needs no price and no word to offend.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.reasons import offends

NAME = "share"
IS_SHARE = 0.95  # estimates: public shares of a registered work rarely have a licence
CARRIES_LINK = 0.92
GROUP = 0.6  # a channel or a group of a messenger: what is in it is not known


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding."""
    if listing.kind is ListingKind.SHARE:
        yield offends(NAME, context, work, "share_is", IS_SHARE, theirs=listing.url)
    elif listing.links:
        shown = "、".join(link.url for link in listing.links[:3])
        chance = GROUP if all(link.platform == "telegram" for link in listing.links) else CARRIES_LINK
        yield offends(NAME, context, work, "share_link", chance, theirs=shown, count=len(listing.links))
