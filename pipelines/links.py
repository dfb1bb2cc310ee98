"""Share links and their codes are read out of a listing's title, text, pictures and files."""

from __future__ import annotations

from attrs import evolve

from crawler.shares.listings import links_of
from crawler.web.parts import Seen


class Links:
    """Adds to a listing the share links that stand in it."""

    def process_item(self, item: Seen) -> Seen:
        """The listing with its links, each share once."""
        return evolve(item, listing=evolve(item.listing, links=links_of(item.listing)))
