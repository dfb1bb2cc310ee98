"""Drops a listing that the crawl has already seen."""

from __future__ import annotations

from scrapy.exceptions import DropItem

from crawler.items import ListingItem
from crawler.store import listing_id


class DuplicatesPipeline:
    """Drops a listing whose address this crawl has already seen; a share counts once for each code requested."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def process_item(self, item: ListingItem) -> ListingItem:
        """Pass the first listing of an address, drop the others."""
        key = listing_id(item.listing.url)
        if item.listing.share_state is not None:
            key += "".join(f" {link.code}" for link in item.listing.links)
        if key in self._keys:
            raise DropItem(f"seen in this crawl: {item.listing.url}", log_level="DEBUG")
        self._keys.add(key)
        return item
