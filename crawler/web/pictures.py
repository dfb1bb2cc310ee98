"""Pictures of listings: fetched once per address, kept once per content, decoded in a process that can be killed."""

from __future__ import annotations

import asyncio
from concurrent.futures import TimeoutError as DeadlineError
from multiprocessing import get_context
from typing import Any

import scrapy
from attrs import evolve
from pebble import ProcessExpired, ProcessPool
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.items import Picture
from crawler.memory import bound
from crawler.pictures import PictureError, inspect
from crawler.secrets import hushed
from crawler.web.bounds import UNCOUNTED
from crawler.web.limits import Unanswered
from crawler.web.session import Session, Tally


class PictureFetcher:
    """Asks for pictures through the crawl's own downloader (robots, guard, pace, replay) and looks at them."""

    def __init__(self, session: Session, engine: Any, tally: Tally) -> None:
        self._session = session
        self._engine = engine
        self._tally = tally
        self._under_way: dict[str, asyncio.Task[Picture | None]] = {}

    async def get(self, picture: Picture) -> Picture:
        """The picture with digest, size and hashes; as it came where it cannot be had (counted as a problem)."""
        known = await asyncio.to_thread(self._session.store.pictures.get, picture.url)
        if known is None:
            task = self._under_way.get(picture.url)
            if task is None:
                task = self._under_way[picture.url] = asyncio.ensure_future(self._fetch(picture))
            known = await task
        return picture if known is None else evolve(known, url=picture.url)

    async def _fetch(self, picture: Picture) -> Picture | None:
        try:
            data = await self._bytes(picture.url)
            looked_at = await self._inspect(data, picture.url)
        except (PictureError, Unanswered, scrapy.exceptions.IgnoreRequest, DeadlineError, ProcessExpired) as error:
            if isinstance(error, Unanswered) and error.limit:
                self._tally.limits[error.limit] += 1
            self._tally.problems.append(hushed(f"{picture.url}: {error}"))
            return None
        await asyncio.to_thread(self._session.blobs.put, data)
        await asyncio.to_thread(self._session.store.pictures.put, looked_at, self._session.now())
        return looked_at

    async def _bytes(self, url: str) -> bytes:
        meta = {"download_maxsize": self._session.config.pictures.limit, UNCOUNTED: True}
        response: Response = await self._engine.download_async(scrapy.Request(url, callback=NO_CALLBACK, meta=meta))
        if response.status != 200:
            raise PictureError(f"status {response.status}")
        return response.body

    async def _inspect(self, data: bytes, url: str) -> Picture:
        settings, memory = self._session.config.pictures, self._session.config.limits.memory
        pool: ProcessPool = self._session.shared("pictures", lambda: _pool(settings.workers, memory), _stop)
        looked_at: Picture = await asyncio.wrap_future(
            pool.schedule(inspect, args=[data, url], timeout=settings.deadline)
        )
        return looked_at


def _pool(workers: int, memory: int) -> ProcessPool:
    context = get_context("spawn")
    return ProcessPool(max_workers=workers, max_tasks=500, context=context, initializer=bound, initargs=[memory])


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
