"""Pictures that the registry names by address are fetched before a run, through the same door as everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import scrapy

from crawler.items import Picture
from crawler.web.pictures import PictureFetcher
from crawler.web.session import CrawlStats, Session


class RegistryPictureSpider(scrapy.Spider):
    """Not a platform: asks for pictures, and only the table of pictures learns of it."""

    name = "registered_pictures"
    custom_settings: ClassVar[dict[str, Any] | None] = {"ITEM_PIPELINES": {}}  # type: ignore[misc]
    volatile: tuple[str, ...] = ()
    pace = 0.0
    session: Session
    stats: CrawlStats
    pictures: tuple[Picture, ...]

    async def start(self) -> AsyncIterator[Any]:
        """Fetch them all; nothing is yielded."""
        fetcher = PictureFetcher(self.session, self.crawler.engine, self.stats)
        await asyncio.gather(*(fetcher.fetch(picture) for picture in self.pictures))
        no_requests: tuple[scrapy.Request, ...] = ()
        for request in no_requests:
            yield request
