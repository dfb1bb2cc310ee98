"""Fetching of pictures: downloaded once per URL, stored once per content, inspected in a process that can be killed.

Pictures of listings are fetched during a crawl, pictures of the registry before a run by a spider of their own; both go
through the same downloader middlewares as pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import TimeoutError as DeadlineError
from multiprocessing import get_context
from typing import Any, ClassVar

import scrapy
from attrs import evolve
from pebble import ProcessExpired, ProcessPool
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawler.items import Outcome, Picture
from crawler.memory import limit_memory
from crawler.pictures import PictureError, PictureInspection, with_problem
from crawler.redaction import redact
from crawler.urls import url_host
from crawler.web.budget import UNCOUNTED_META
from crawler.web.limits import NoPageError
from crawler.web.requests import cause_of_failure
from crawler.web.session import CrawlStats, Session

MAX_REASON_CHARS = 200


class PictureFetcher:
    """Downloads pictures through the crawl's own downloader (robots, guard, throttle, replay) and inspects them."""

    def __init__(self, session: Session, engine: Any, stats: CrawlStats) -> None:
        self._session = session
        self._engine = engine
        self._stats = stats
        self._pending: dict[str, asyncio.Task[Picture | PictureError]] = {}

    async def fetch(self, picture: Picture) -> Picture:
        """`picture` with its inspection, or with the reason why there is none, which is counted too.

        A picture that was compared with another version of the registry's index is inspected again from stored bytes.
        """
        if not url_host(picture.url):
            return self._count_unread(picture, PictureError("address"))
        stored = await asyncio.to_thread(self._session.store.pages.get_picture, picture.url)
        if stored is not None and stored.compared == self._session.picture_inspector.index_version:
            return evolve(stored, url=picture.url)
        task = self._pending.get(picture.url)
        if task is None:
            task = self._pending[picture.url] = asyncio.ensure_future(self._fetch_and_inspect(picture.url, stored))
        fetched = await task
        if isinstance(fetched, PictureError):
            return self._count_unread(picture, fetched) if stored is None else evolve(stored, url=picture.url)
        if fetched.problem:  # read in part
            self._stats.picture_problems[fetched.problem] += 1
        return evolve(fetched, url=picture.url)

    def _count_unread(self, picture: Picture, error: PictureError) -> Picture:
        self._stats.picture_problems[error.key] += 1
        return with_problem(picture, error)

    async def _fetch_and_inspect(self, url: str, stored: Picture | None) -> Picture | PictureError:
        """The inspected picture, or why there is none: whatever a picture does, it never costs its listing."""
        try:
            data = await self._load_stored_bytes(stored) or await self._download(url)
            inspection = await self._inspect(data, url)
        except Exception as error:  # noqa: BLE001 - a download or a decoder may raise anything
            if isinstance(error, NoPageError) and error.limit:
                self._stats.limit_counts[error.limit] += 1
            problem = self._problem_of(error)
            self._stats.problems.append(redact(f"{url}: {problem}"))
            return problem
        await asyncio.to_thread(self._save, data, inspection)
        return inspection.picture

    def _problem_of(self, error: Exception) -> PictureError:
        if isinstance(error, PictureError):
            return error
        if isinstance(error, DeadlineError):
            return PictureError("deadline", seconds=self._session.config.pictures.deadline)
        if isinstance(error, ProcessExpired):
            return PictureError("crash")
        if isinstance(error, NoPageError):
            if error.limit:
                return PictureError("limit", limit=error.limit)
            if error.outcome is Outcome.MISSING:
                return PictureError("missing")
            if error.cause in ("private", "port", "robots"):
                return PictureError(error.cause)
        reason = cause_of_failure(error) or type(error).__name__
        return PictureError("unreachable", reason=redact(str(error))[:MAX_REASON_CHARS] or reason)

    async def _load_stored_bytes(self, stored: Picture | None) -> bytes | None:
        if stored is None or stored.sha256 is None:
            return None
        return await asyncio.to_thread(self._session.blobs.get, stored.sha256)

    def _save(self, data: bytes, inspection: PictureInspection) -> None:
        for content in (data, *inspection.previews.values()):
            self._session.blobs.put(content)
        self._session.store.pages.put_picture(inspection.picture, self._session.now())

    async def _download(self, url: str) -> bytes:
        meta = {"download_maxsize": self._session.config.pictures.limit, UNCOUNTED_META: True}
        response: Response = await self._engine.download_async(scrapy.Request(url, callback=NO_CALLBACK, meta=meta))
        if response.status != 200:
            raise PictureError("status", status=response.status)
        return response.body

    async def _inspect(self, data: bytes, url: str) -> PictureInspection:
        inspect_picture, deadline = self._session.picture_inspector.inspect, self._session.config.pictures.deadline
        inspection: PictureInspection = await asyncio.wrap_future(
            picture_process_pool(self._session).schedule(inspect_picture, args=[data, url], timeout=deadline)
        )
        return inspection


def picture_process_pool(session: Session) -> ProcessPool:
    """The session's pool of processes that inspect pictures, each with a memory limit."""
    workers, memory = session.config.pictures.workers, session.config.limits.memory
    pool: ProcessPool = session.get_or_build("pictures", lambda: _build_pool(workers, memory), _stop_pool)
    return pool


def _build_pool(workers: int, memory: int) -> ProcessPool:
    context = get_context("spawn")
    return ProcessPool(max_workers=workers, max_tasks=500, context=context, initializer=limit_memory, initargs=[memory])


def _stop_pool(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


class RegistryPictureSpider(scrapy.Spider):
    """Fetches the registry's pictures. Not a platform: it yields no items and writes pictures only."""

    name = "registered_pictures"
    custom_settings: ClassVar[dict[str, Any] | None] = {"ITEM_PIPELINES": {}}  # type: ignore[misc]
    volatile: tuple[str, ...] = ()
    pace = 0.0
    session: Session
    stats: CrawlStats
    pictures: tuple[Picture, ...]

    async def start(self) -> AsyncIterator[Any]:
        """Fetch all `pictures`; yields nothing."""
        fetcher = PictureFetcher(self.session, self.crawler.engine, self.stats)
        await asyncio.gather(*(fetcher.fetch(picture) for picture in self.pictures))
        no_requests: tuple[scrapy.Request, ...] = ()
        for request in no_requests:
            yield request
