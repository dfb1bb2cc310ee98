"""Extracts share links and their access codes from a listing's title, text, pictures and files."""

from __future__ import annotations

import asyncio

from attrs import evolve

from crawler.items import ListingItem
from crawler.shares.listing_links import collect_links

# Texts up to this length are read on the event loop; the slowest megabyte of bench/links_speed.py takes .7 s, so 14 ms.
MAX_EVENT_LOOP_CHARS = 20_000


class ShareLinksPipeline:
    """Adds to a listing the share links that it contains."""

    async def process_item(self, item: ListingItem) -> ListingItem:
        """The listing with its links, each share once."""
        listing = item.listing
        char_count = len(listing.text) + sum(len(file.name) for file in listing.files)
        links = (
            collect_links(listing)
            if char_count <= MAX_EVENT_LOOP_CHARS
            else await asyncio.to_thread(collect_links, listing)
        )
        return evolve(item, listing=evolve(listing, links=links))
