"""Collect all share links of a listing: from title and text, QR codes, file names, and links wrapped in other links.

For a listing that is itself a share, its own link comes first, with the code it was opened with, so that its state is
kept beside those of the listings that sell it. Spans refer to title and text joined by a newline. A thunder link wraps
an address between AA and ZZ in base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from attrs import evolve

from crawler.items import Listing, ListingKind, ShareLink
from crawler.shares.extraction import extract_links


def collect_links(listing: Listing) -> tuple[ShareLink, ...]:
    """The links that `listing` already has and those found in it, each share once."""
    is_share = listing.kind is ListingKind.SHARE
    own_links = (
        listing.links or extract_links(listing.url) if is_share else extract_links(f"{listing.title}\n{listing.text}")
    )
    by_key = {(link.platform, link.share_id): link for link in own_links}
    for link in (*listing.links, *_find_picture_links(listing), *_find_file_links(listing)):
        by_key.setdefault((link.platform, link.share_id), link)
    for inner in [wrapped_link for link in by_key.values() for wrapped_link in _find_wrapped_links(link)]:
        by_key.setdefault((inner.platform, inner.share_id), inner)
    return tuple(by_key.values())


def _find_file_links(listing: Listing) -> Iterator[ShareLink]:
    """Shares that file names point to: 更多课程 pan.example.cn/s/....txt."""
    for link in extract_links("\n".join(file.name for file in listing.files)):
        yield evolve(link, tricks=(*link.tricks, "file_name"), span=(0, 0))


def _find_wrapped_links(link: ShareLink) -> Iterator[ShareLink]:
    """The links that `link` wraps, if it is a thunder link."""
    for inner in extract_links(unwrap_link(link) or ""):
        yield evolve(inner, tricks=(*inner.tricks, "wrapped"), span=link.span)


def _find_picture_links(listing: Listing) -> Iterator[ShareLink]:
    for text in (text for picture in listing.pictures for text in picture.codes):
        for link in extract_links(text):
            yield evolve(link, tricks=(*link.tricks, "qr_code"), span=(0, 0))


_SCHEME_RE = re.compile(r"(?:https?|ftp|ed2k|magnet):", re.IGNORECASE)


def unwrap_link(link: ShareLink) -> str | None:
    """The address inside a thunder link; None for other links and for any other wrapping."""
    if link.platform != "thunder":
        return None
    try:
        text = base64.b64decode(link.share_id + "=" * (-len(link.share_id) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    inner = text.removeprefix("AA").removesuffix("ZZ")
    return inner if _SCHEME_RE.match(inner) and inner.isprintable() else None
