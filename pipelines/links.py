"""Share links and their codes are read out of a listing's title, text, pictures and files."""

from __future__ import annotations

import asyncio

from attrs import evolve

from crawler.shares.listings import links_of
from crawler.web.parts import Seen

AT_ONCE = (
    20_000  # signs read on the event loop; the slowest megabyte of bench/links_speed.py takes .7 s, so these 14 ms
)


class Links:
    """Adds to a listing the share links that stand in it."""

    async def process_item(self, item: Seen) -> Seen:
        """The listing with its links, each share once."""
        listing = item.listing
        signs = len(listing.text) + sum(len(file.name) for file in listing.files)
        links = links_of(listing) if signs <= AT_ONCE else await asyncio.to_thread(links_of, listing)
        return evolve(item, listing=evolve(listing, links=links))
