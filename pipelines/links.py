"""Share links and their codes are read out of a listing's title and text."""

from __future__ import annotations

from attrs import evolve

from crawler.items import ListingKind
from crawler.shares import extract
from crawler.web.visit import Seen


class Links:
    """Adds the share links of title and text to those the spider found; spans count in the two joined by a newline.

    A share carries its own link with the code it was asked with, so that its state is kept beside those of the listings
    that sell it.
    """

    def process_item(self, item: Seen) -> Seen:
        """The listing with its links, each share once."""
        listing = item.listing
        text = listing.url if listing.kind is ListingKind.SHARE else f"{listing.title}\n{listing.text}"
        if listing.kind is ListingKind.SHARE and listing.links:
            return item
        found = {(link.platform, link.share_id): link for link in extract(text)}
        for link in listing.links:
            found.setdefault((link.platform, link.share_id), link)
        return evolve(item, listing=evolve(listing, links=tuple(found.values())))
