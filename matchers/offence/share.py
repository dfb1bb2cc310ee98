"""The work is in a public share of a cloud drive: the listing is one, or carries the link to one.

A share needs no price and no word to offend.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import offence_finding
from matchers.matcher import Context

NAME = "share"
SHARE_PROBABILITY = 0.95  # estimates: public shares of a registered work rarely have a licence
LINK_PROBABILITY = 0.92
GROUP_LINK_PROBABILITY = 0.6  # a channel or a group of a messenger: what is in it is not known


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding."""
    if listing.kind is ListingKind.SHARE:
        yield offence_finding(NAME, context, work, "share_is", SHARE_PROBABILITY, theirs=listing.url)
    elif listing.links:
        quoted_urls = "、".join(link.url for link in listing.links[:3])
        chance = (
            GROUP_LINK_PROBABILITY if all(link.platform == "telegram" for link in listing.links) else LINK_PROBABILITY
        )
        yield offence_finding(NAME, context, work, "share_link", chance, theirs=quoted_urls, count=len(listing.links))
