"""All share links of a listing: in title and text, in QR codes of pictures, in names of files, and inside one another.

A share's own link comes first, with the code it was asked with, so that its state is kept beside those of the listings
that sell it. Spans count in title and text joined by a newline.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from crawler.items import Listing, ListingKind, ShareLink
from crawler.shares.extract import extract
from crawler.shares.wrapped import unwrapped


def links_of(listing: Listing) -> tuple[ShareLink, ...]:
    """The links the listing has already and those that are found in it, each share once."""
    share = listing.kind is ListingKind.SHARE
    own = listing.links or extract(listing.url) if share else extract(f"{listing.title}\n{listing.text}")
    found = {(link.platform, link.share_id): link for link in own}
    for link in (*listing.links, *_in_pictures(listing), *_in_files(listing)):
        found.setdefault((link.platform, link.share_id), link)
    for inner in [each for link in found.values() for each in _inside(link)]:
        found.setdefault((inner.platform, inner.share_id), inner)
    return tuple(found.values())


def _in_files(listing: Listing) -> Iterator[ShareLink]:
    """Shares that the names of files send the reader to: 更多课程 pan.example.cn/s/....txt."""
    for link in extract("\n".join(file.name for file in listing.files)):
        yield evolve(link, tricks=(*link.tricks, "file_name"), span=(0, 0))


def _inside(link: ShareLink) -> Iterator[ShareLink]:
    """The links that a thunder link wraps."""
    for inner in extract(unwrapped(link) or ""):
        yield evolve(inner, tricks=(*inner.tricks, "wrapped"), span=link.span)


def _in_pictures(listing: Listing) -> Iterator[ShareLink]:
    for text in (text for picture in listing.pictures for text in picture.codes):
        for link in extract(text):
            yield evolve(link, tricks=(*link.tricks, "qr_code"), span=(0, 0))
