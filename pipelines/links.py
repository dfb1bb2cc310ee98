"""Share links and their codes are read out of a listing's title, text and pictures."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from crawler.items import Listing, ListingKind, ShareLink
from crawler.shares import extract
from crawler.web.parts import Seen


class Links:
    """Adds the share links of title, text and QR codes in pictures to those the spider found.

    Spans count in title and text joined by a newline.

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
        for link in (*listing.links, *_in_pictures(listing)):
            found.setdefault((link.platform, link.share_id), link)
        return evolve(item, listing=evolve(listing, links=tuple(found.values())))


def _in_pictures(listing: Listing) -> Iterator[ShareLink]:
    for text in (text for picture in listing.pictures for text in picture.codes):
        for link in extract(text):
            yield evolve(link, tricks=(*link.tricks, "qr_code"), span=(0, 0))
