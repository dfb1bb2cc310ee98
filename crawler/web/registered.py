"""Pictures that the registry names by address are fetched before a run, through the same door as everything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

import scrapy
from attrs import evolve

from crawler.items import Picture, Work
from crawler.store import Store
from crawler.web.pictures import PictureFetcher, address_digest
from crawler.web.session import Session, Tally


class RegisteredPictures(scrapy.Spider):
    """Not a platform: asks for pictures, and only the table of pictures learns of it."""

    name = "registered_pictures"
    custom_settings: ClassVar[dict[str, Any] | None] = {"ITEM_PIPELINES": {}}  # type: ignore[misc]
    volatile: tuple[str, ...] = ()
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


def unseen(store: Store) -> tuple[Picture, ...]:
    """The registry's pictures by address that were never fetched."""
    wanted = {picture.url: picture for work in store.works.all() for picture in work.images if by_address(picture)}
    return tuple(picture for picture in wanted.values() if store.pictures.get(address_digest(picture.url)) is None)


def complete(works: Iterable[Work], store: Store) -> list[Work]:
    """The works with what is known of their pictures by address filled in."""
    return [
        evolve(work, images=tuple(_known(picture, store) for picture in work.images))
        if any(map(by_address, work.images))
        else work
        for work in works
    ]


def by_address(picture: Picture) -> bool:
    """Whether a registered picture is still to be fetched: an address, and no digest."""
    return picture.sha256 is None and picture.url.startswith(("http://", "https://"))


def _known(picture: Picture, store: Store) -> Picture:
    found = store.pictures.get(address_digest(picture.url)) if by_address(picture) else None
    return picture if found is None else evolve(found, url=picture.url)
