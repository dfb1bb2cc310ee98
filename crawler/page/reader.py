"""Run a platform's `read` on a page: small pages inline, larger ones in a thread, suspicious ones in a process.

The process is killed at a deadline, so no page stops the event loop; a platform does not know where it runs. Platforms
are passed in, not imported: crawler knows none.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import Future
from typing import Any, ClassVar, Protocol

from pebble import ProcessExpired, ProcessPool

from crawler.errors import SwordnetError
from crawler.items import Listing
from crawler.memory import limit_memory
from crawler.page.page import LayoutError, Page
from crawler.page.parser_bombs import is_suspicious
from crawler.page.request import Request
from crawler.page.sanitize import check_types

MAX_INLINE_BYTES = 32_768  # a larger page takes more than some milliseconds, so a thread reads it
DEADLINE_SECONDS = 20.0  # the slowest of 444 honest pages took 2
MEMORY_MIB = 1024  # of a worker; the largest honest page took less than half (estimate)
# What reading a page raises that is not as expected.
LAYOUT_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


class ReadTimeout(SwordnetError):
    """Reading a page took longer than the deadline; its process was killed."""


class ReadCrash(SwordnetError):
    """The process that read a page died (out of memory, a bug in a parser)."""


class PageReader(Protocol):
    """The part of a platform that is needed to read a page; it must be picklable."""

    name: ClassVar[str]

    def read(self, page: Page) -> Any:
        """Listings and further requests."""


def read_page(reader: PageReader, page: Page) -> list[Listing | Request]:
    """What a platform reads from a page. Raises LayoutError if the page is not as expected."""
    try:
        return [check_types(result) if isinstance(result, Listing) else result for result in reader.read(page)]
    except LAYOUT_ERRORS as error:
        raise LayoutError(f"{reader.name}: {type(error).__name__}: {error}") from error


class Reader:
    """Reads pages for one event loop: small ones inline, one in each iteration of the loop, so that pages that arrive
    together do not block it together. The worker process starts when the first page needs it; `close` ends it.
    """

    def __init__(self, deadline: float = DEADLINE_SECONDS, workers: int = 1, memory: int = MEMORY_MIB) -> None:
        self.deadline = deadline
        self._memory = memory
        self._workers = workers
        self._pool: ProcessPool | None = None
        self._inline_lock = asyncio.Lock()

    async def read(self, platform: PageReader, page: Page) -> list[Listing | Request]:
        """Like `read_page`; raises ReadTimeout or ReadCrash if the worker was killed or died."""
        is_small = len(page.body) <= MAX_INLINE_BYTES
        if not (is_suspicious(page.body) if is_small else await asyncio.to_thread(is_suspicious, page.body)):
            page.scanned = True
            if is_small:
                return await self._read_inline(platform, page)
            return await asyncio.to_thread(read_page, platform, page)
        try:
            return await asyncio.wrap_future(self._schedule(platform, page))
        except TimeoutError:
            raise ReadTimeout(f"{platform.name}: not read within {self.deadline:g} s") from None
        except (ProcessExpired, MemoryError) as error:
            raise ReadCrash(f"{platform.name}: the reading process died ({error})") from None

    async def _read_inline(self, platform: PageReader, page: Page) -> list[Listing | Request]:
        async with self._inline_lock:
            results = read_page(platform, page)
            await asyncio.sleep(0)
        return results

    def close(self) -> None:
        """Kill the worker processes."""
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def _schedule(self, platform: PageReader, page: Page) -> Future[list[Listing | Request]]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(
                max_workers=self._workers, context=context, initializer=limit_memory, initargs=[self._memory]
            )
        future: Future[list[Listing | Request]] = self._pool.schedule(
            read_page, args=[platform, page], timeout=self.deadline
        )
        return future
