"""Compares each listing with the registry in a thread, together with the listings that wait at the same time."""

from __future__ import annotations

from typing import Self

from attrs import frozen
from scrapy.crawler import Crawler

from crawler.items import Assessment, ListingItem
from crawler.web.platform_spider import PlatformSpider
from pipelines.session_screening import screener_of
from screening.screener import MicroBatcher


@frozen(kw_only=True)
class AssessedItem(ListingItem):
    """A listing with its assessments, the most probable work first."""

    assessments: tuple[Assessment, ...]


class MatchPipeline:
    """Assesses listings. A row of a list is completed by what its own page said before."""

    def __init__(self, spider: PlatformSpider) -> None:
        self._spider = spider
        self._batcher = MicroBatcher(screener_of(spider.session))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, PlatformSpider)
        return cls(crawler.spider)

    async def process_item(self, item: ListingItem) -> AssessedItem:
        """The listing with an assessment for every work considered."""
        self._spider.stats.matched += 1
        entry = await self._batcher.assess(item.listing)
        return AssessedItem(
            listing=entry.listing,
            body=item.body,
            requested_url=item.requested_url,
            form=item.form,
            assessments=entry.assessments,
        )
