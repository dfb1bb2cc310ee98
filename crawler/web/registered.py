"""Pictures that the registry names by address are fetched before a run, through the same door as everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import scrapy

from crawler.items import Picture
from crawler.web.pictures import PictureFetcher
from crawler.web.session import Session, Tally


class RegisteredPictures(scrapy.Spider):
    """Not a platform: asks for pictures, and only the table of pictures learns of it."""

    name = "registered_pictures"
    custom_settings: ClassVar[dict[str, Any] | None] = {"ITEM_PIPELINES": {}}  # type: ignore[misc]
    volatile: tuple[str, ...] = ()
    pace = 0.0
    session: Session
    tally: Tally
    pictures: tuple[Picture, ...]

    async def start(self) -> AsyncIterator[Any]:
        """Fetch them all; nothing is yielded."""
        fetcher = PictureFetcher(self.session, self.crawler.engine, self.tally)
        await asyncio.gather(*(fetcher.get(picture) for picture in self.pictures))
        nothing: tuple[scrapy.Request, ...] = ()
        for request in nothing:
            yield request
