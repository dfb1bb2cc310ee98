"""Stores assessed listings in batches and plans their follow-up asks for the next wave."""

from __future__ import annotations

import asyncio
from typing import Self

from attrs import evolve
from scrapy.crawler import Crawler

from crawler.items import AssessedListing, Decision
from crawler.web.platform_spider import PlatformSpider
from pipelines.match import AssessedItem
from pipelines.session_screening import screener_of
from screening.screener import HitWriter, follow_ups
from spiders.catalogue import enabled_drives


class StorePipeline:
    """Commits in batches and at the end of the crawl."""

    def __init__(self, spider: PlatformSpider) -> None:
        session, stats = spider.session, spider.stats
        self._spider, self._drives = spider, enabled_drives(session.config, session.archive is not None)
        self._writer = HitWriter(screener_of(session), spider.unit, stats.problems.append, stats.mark_lost_data)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The session comes with the spider."""
        assert isinstance(crawler.spider, PlatformSpider)
        return cls(crawler.spider)

    async def process_item(self, item: AssessedItem) -> AssessedItem:
        """Queue the listing; keep its page if it is a hit or a review."""
        listing, spider = item.listing, self._spider
        is_lead = spider.platform.learns and not listing.whole  # a row: its page, maybe at another address, is judged
        if not is_lead and any(part.decision in (Decision.HIT, Decision.REVIEW) for part in item.assessments):
            is_hit = any(part.decision is Decision.HIT for part in item.assessments)
            spider.stats.hits += is_hit
            if is_hit and item.form and listing.whole:
                spider.stats.hits_by_form[item.form] += 1
            listing = evolve(listing, page_digest=await asyncio.to_thread(spider.session.blobs.put, item.body))
        for name, kind, ask in follow_ups(listing, item.assessments, self._drives):
            spider.ask_next(self._drives.get(name, name), kind, evolve(ask, form=item.form), item.requested_url)
        await self._writer.add(AssessedListing(listing=listing, assessments=() if is_lead else item.assessments))
        return item

    async def close_spider(self) -> None:
        """Commit the rest."""
        await self._writer.commit()
