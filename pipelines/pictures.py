"""Fetches the first pictures of a listing and compares them with those of the registry."""

from __future__ import annotations

import asyncio
from typing import Self

from attrs import evolve
from scrapy.crawler import Crawler

from crawler.items import ListingItem
from crawler.web.picture_fetch import PictureFetcher
from crawler.web.platform_spider import PlatformSpider
from pipelines.session_screening import picture_screening_of


class PicturesPipeline:
    """Fills in digest, size, hashes and picture matches of the first pictures of each listing."""

    def __init__(self, crawler: Crawler, spider: PlatformSpider) -> None:
        self._crawler = crawler
        self._spider = spider
        self._fetcher: PictureFetcher | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, PlatformSpider)
        return cls(crawler, crawler.spider)

    async def process_item(self, item: ListingItem) -> ListingItem:
        """The listing with its first pictures fetched and compared."""
        session = self._spider.session
        if not item.listing.pictures:
            return item
        if self._fetcher is None:
            session.picture_inspector = await asyncio.to_thread(picture_screening_of(session).inspector)
        if self._fetcher is None:  # another listing may have created it during the await
            self._fetcher = PictureFetcher(session, self._crawler.engine, self._spider.stats)
        limit = session.config.pictures.per_listing
        first_pictures, other_pictures = item.listing.pictures[:limit], item.listing.pictures[limit:]
        analysed = await asyncio.gather(*(self._fetcher.fetch(picture) for picture in first_pictures))
        return evolve(item, listing=evolve(item.listing, pictures=(*analysed, *other_pictures)))
