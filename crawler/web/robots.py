"""robots.txt, obeyed from the first request on.

Scrapy's own middleware (2.14 to 2.19) lets through requests that arrive while robots.txt is being fetched: they share
one Deferred, and all but the first get None, which means "allow all". Here one task per host fetches it and all
requests wait for its result. The result is shared by all crawls of the worker and, through the store, by all workers
and the next run. RFC 9309: a 4xx response allows all, a 5xx response or none disallows all for a while. A Crawl-delay
becomes the host's pace.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import scrapy
from attrs import frozen
from protego import Protego
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawler.items import Outcome
from crawler.store import RobotsFile
from crawler.web.limits import NoPageError
from crawler.web.requests import cause_of_failure
from crawler.web.session import Session
from crawler.web.throttle import MAX_CRAWL_DELAY_SECONDS, host_throttles_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)
MAX_ROBOTS_BYTES = 512_000  # RFC 9309 asks for at least 500 KiB
MAX_INLINE_PARSE_CHARS = 20_000  # a longer file is parsed in a thread, so that no crawl waits for it
ROBOTS_TTL = timedelta(days=1)  # RFC 9309: not longer
UNREACHED_TTL = timedelta(minutes=10)  # until an unreachable robots.txt is requested again; an estimate
FETCH_TIMEOUT_SECONDS = 30
ALLOW_ALL_RULES = ""
DISALLOW_ALL_RULES = "User-agent: *\nDisallow: /"
_UNWANTED_CHARACTERS = dict.fromkeys(map(ord, "\ufeff\0"))


@frozen(kw_only=True)
class RobotsRules:
    """A host's robots.txt, parsed. `reached` False: the host did not answer, so all is disallowed, but only for now.

    `cause` says what kept it from answering, as in crawler.health.CAUSES; "robots" where it did answer.
    """

    parser: Protego
    reached: bool = True
    cause: str = "robots"
    good_until: datetime


class RobotsMiddleware:
    """Downloader middleware: raises NoPageError(disallowed) for what a host's robots.txt does not allow."""

    def __init__(self, crawler: Crawler, user_agent: str, session: Session | None = None) -> None:
        self._crawler = crawler
        self._user_agent = user_agent
        self._session = session
        self._pending: dict[str, asyncio.Task[RobotsRules]] = {}
        self._causes_by_root: dict[str, str] = {}
        self._rules_by_root: dict[str, RobotsRules] = session.get_or_build("robots", dict) if session else {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of a live crawl. Raises NotConfigured in a replay, which requests nothing."""
        session = crawler.spider.session  # type: ignore[union-attr]
        if session.archive is not None:
            raise NotConfigured
        return cls(crawler, crawler.settings["USER_AGENT"], session)

    async def process_request(self, request: scrapy.Request) -> None:
        """Wait for the host's robots.txt. Raises NoPageError(disallowed), retryable where the host did not answer."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        scheme, _, remainder = request.url.partition("://")
        robots = await self._rules_for(f"{scheme}://{remainder.partition('/')[0]}")
        if not robots.parser.can_fetch(request.url, self._user_agent):
            reason = (
                "disallowed by robots.txt" if robots.reached else "robots.txt could not be had, which disallows all"
            )
            raise NoPageError(Outcome.DISALLOWED, reason, is_retryable=not robots.reached, cause=robots.cause)

    async def _rules_for(self, root: str) -> RobotsRules:
        cached = self._rules_by_root.get(root)
        if cached is not None and cached.good_until > datetime.now(UTC):
            return cached
        if root not in self._pending:
            self._pending[root] = asyncio.ensure_future(self._load_rules(root))
        return await asyncio.shield(self._pending[root])

    async def _load_rules(self, root: str) -> RobotsRules:
        try:
            robots_file = await self._get_robots_file(root)
            robots = RobotsRules(
                parser=await _parse_robots(robots_file.text),
                reached=robots_file.reached,
                cause="robots" if robots_file.reached else self._causes_by_root.pop(root, "unreachable"),
                good_until=robots_file.good_until,
            )
        finally:
            self._pending.pop(root, None)
        self._rules_by_root[root] = robots
        crawl_delay = robots.parser.crawl_delay(self._user_agent)
        if crawl_delay and self._session is not None:
            host_throttles_of(self._session).for_url(root).crawl_delay = min(
                float(crawl_delay), MAX_CRAWL_DELAY_SECONDS
            )
        return robots

    async def _get_robots_file(self, root: str) -> RobotsFile:
        """The file that another crawl stored, while it is fresh, else the one fetched from the host now."""
        if self._session is None:
            return await self._fetch_robots_file(root)
        pages = self._session.store.pages
        stored = await asyncio.to_thread(pages.get_robots, root, datetime.now(UTC))
        if stored is not None:
            return stored
        robots_file = await self._fetch_robots_file(root)
        await asyncio.to_thread(pages.put_robots, robots_file)
        return robots_file

    async def _fetch_robots_file(self, root: str) -> RobotsFile:
        meta = {"dont_obey_robotstxt": True, "download_timeout": FETCH_TIMEOUT_SECONDS, "dont_retry": True}
        request = scrapy.Request(f"{root}/robots.txt", callback=NO_CALLBACK, meta=meta, priority=1000)
        engine = self._crawler.engine
        assert engine is not None
        now = datetime.now(UTC)
        unreached = RobotsFile(root=root, text=DISALLOW_ALL_RULES, reached=False, good_until=now + UNREACHED_TTL)
        try:
            response = await engine.download_async(request)
        except NoPageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the failure, RFC 9309 says: disallow
            logger.warning("%s/robots.txt: %s: %s", root, type(error).__name__, error)
            self._causes_by_root[root] = cause_of_failure(error) or "unreachable"
            return unreached
        if response.status >= 500 or response.status == 429:
            return unreached
        text = ALLOW_ALL_RULES if response.status >= 400 else _decode_robots(response.body)
        return RobotsFile(root=root, text=text, good_until=now + ROBOTS_TTL)


def _decode_robots(body: bytes) -> str:
    """The first MAX_ROBOTS_BYTES bytes as text, without a line that the limit cuts.

    A byte order mark would become part of a field's name, and the parser would pass over the line: none is left, nor
    where files that begin with one were joined. NUL is left out too, which no database stores.
    """
    encoding = "utf-16" if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    text = body[:MAX_ROBOTS_BYTES].decode(encoding, "replace")
    if len(body) > MAX_ROBOTS_BYTES:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    return text.translate(_UNWANTED_CHARACTERS)


async def _parse_robots(text: str) -> Protego:
    return Protego.parse(text) if len(text) <= MAX_INLINE_PARSE_CHARS else await asyncio.to_thread(Protego.parse, text)
