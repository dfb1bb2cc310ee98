"""A listing's pictures are fetched and compared with those of the registry."""

from __future__ import annotations

import asyncio
from typing import Self

from attrs import evolve
from scrapy.crawler import Crawler

from crawler.web.parts import Seen
from crawler.web.pictures import PictureFetcher
from crawler.web.visit import Visit
from pipelines._looking import prepare


class Pictures:
    """Fills in digest, size, hashes and sightings of the first pictures of each listing."""

    def __init__(self, crawler: Crawler, spider: Visit) -> None:
        self._crawler = crawler
        self._spider = spider
        self._fetcher: PictureFetcher | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, Visit)
        return cls(crawler, crawler.spider)

    async def process_item(self, item: Seen) -> Seen:
        """The listing with its pictures looked at."""
        spider = self._spider
        if not item.listing.pictures:
            return item
        await asyncio.to_thread(prepare, spider.session)
        if self._fetcher is None:
            self._fetcher = PictureFetcher(spider.session, self._crawler.engine, spider.tally)
        at_most = spider.session.config.pictures.per_listing
        wanted, rest = item.listing.pictures[:at_most], item.listing.pictures[at_most:]
        looked_at = await asyncio.gather(*(self._fetcher.get(picture) for picture in wanted))
        return evolve(item, listing=evolve(item.listing, pictures=(*looked_at, *rest)))
