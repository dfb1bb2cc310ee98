"""Pictures of listings: fetched once per address, kept once per content, looked at in a process that can be killed."""

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
from crawler.pictures import LookedAt, PictureError
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
        """The picture with all that is seen in it; as it came where it cannot be had (counted as a problem).

        One that was compared with another registry is compared anew, from the bytes that are kept.
        """
        known = await asyncio.to_thread(self._session.store.pictures.get, picture.url)
        if known is None or known.compared != self._session.looker.mark:
            task = self._under_way.get(picture.url)
            if task is None:
                task = self._under_way[picture.url] = asyncio.ensure_future(self._look(picture.url, known))
            known = await task or known
        return picture if known is None else evolve(known, url=picture.url)

    async def _look(self, url: str, known: Picture | None) -> Picture | None:
        try:
            data = await self._kept(known) or await self._bytes(url)
            looked_at = await self._inspect(data, url)
        except (PictureError, Unanswered, scrapy.exceptions.IgnoreRequest, DeadlineError, ProcessExpired) as error:
            if isinstance(error, Unanswered) and error.limit:
                self._tally.limits[error.limit] += 1
            self._tally.problems.append(hushed(f"{url}: {error}"))
            return None
        await asyncio.to_thread(self._keep, data, looked_at)
        return looked_at.picture

    async def _kept(self, known: Picture | None) -> bytes | None:
        if known is None or known.sha256 is None:
            return None
        return await asyncio.to_thread(self._session.blobs.get, known.sha256)

    def _keep(self, data: bytes, looked_at: LookedAt) -> None:
        for content in (data, *looked_at.drawn.values()):
            self._session.blobs.put(content)
        self._session.store.pictures.put(looked_at.picture, self._session.now())

    async def _bytes(self, url: str) -> bytes:
        meta = {"download_maxsize": self._session.config.pictures.limit, UNCOUNTED: True}
        response: Response = await self._engine.download_async(scrapy.Request(url, callback=NO_CALLBACK, meta=meta))
        if response.status != 200:
            raise PictureError(f"status {response.status}")
        return response.body

    async def _inspect(self, data: bytes, url: str) -> LookedAt:
        look, deadline = self._session.looker.look, self._session.config.pictures.deadline
        looked_at: LookedAt = await asyncio.wrap_future(
            picture_processes(self._session).schedule(look, args=[data, url], timeout=deadline)
        )
        return looked_at


def picture_processes(session: Session) -> ProcessPool:
    """The session's processes that look at pictures, with a ceiling of memory."""
    workers, memory = session.config.pictures.workers, session.config.limits.memory
    pool: ProcessPool = session.shared("pictures", lambda: _pool(workers, memory), _stop)
    return pool


def _pool(workers: int, memory: int) -> ProcessPool:
    context = get_context("spawn")
    return ProcessPool(max_workers=workers, max_tasks=500, context=context, initializer=bound, initargs=[memory])


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
