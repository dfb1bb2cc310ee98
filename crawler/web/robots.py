"""robots.txt, obeyed from the first request on.

Scrapy's own middleware (2.14 to 2.19) lets requests through that wait while robots.txt is on its way: they share one
Deferred, and all but the first get None, which means "allow all". Here one task a host fetches it and all wait for its
result, which all crawls of the worker share, and by the store all workers and the next run. RFC 9309: a 4xx answer
allows all, a 5xx answer or none disallows all for a while. A Crawl-delay becomes the host's pace.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import scrapy
from attrs import frozen
from protego import Protego
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK

from crawler.items import Outcome
from crawler.store import RobotsAnswer
from crawler.web.hosts import LONGEST_CRAWL_DELAY
from crawler.web.limits import Unanswered
from crawler.web.manners import hosts_of
from crawler.web.session import Session

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)
READ_AT_MOST = 512_000  # bytes; RFC 9309 asks for at least 500 KiB
IN_PLACE = 20_000  # characters; a longer one is parsed in a thread, so that no crawl waits for it
GOOD_FOR = timedelta(days=1)  # RFC 9309: not longer
UNREACHED_FOR = timedelta(minutes=10)  # until a robots.txt that could not be had is asked for again; an estimate
WAIT = 30  # seconds a host has to answer
ALLOW_ALL = ""
DISALLOW_ALL = "User-agent: *\nDisallow: /"


@frozen(kw_only=True)
class Rules:
    """What a host's robots.txt says. `reached`: it answered; without that all is disallowed for now, not for good."""

    rules: Protego
    reached: bool = True
    good_until: datetime


class Robots:
    """Downloader middleware: raises Unanswered(disallowed) for what a host's robots.txt does not allow."""

    def __init__(self, crawler: Crawler, user_agent: str, session: Session | None = None) -> None:
        self._crawler = crawler
        self._user_agent = user_agent
        self._session = session
        self._under_way: dict[str, asyncio.Task[Rules]] = {}
        self._known: dict[str, Rules] = session.shared("robots", dict) if session else {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Not configured in a replay: no host is asked."""
        session = crawler.spider.session  # type: ignore[union-attr]
        if session.archive is not None:
            raise NotConfigured
        return cls(crawler, crawler.settings["USER_AGENT"], session)

    async def process_request(self, request: scrapy.Request) -> None:
        """Wait for the host's robots.txt, then pass or refuse."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        scheme, _, rest = request.url.partition("://")
        found = await self._rules(f"{scheme}://{rest.partition('/')[0]}")
        if not found.rules.can_fetch(request.url, self._user_agent):
            why = "disallowed by robots.txt" if found.reached else "robots.txt could not be had, which disallows all"
            raise Unanswered(Outcome.DISALLOWED, why, again=not found.reached)

    async def _rules(self, root: str) -> Rules:
        known = self._known.get(root)
        if known is not None and known.good_until > datetime.now(UTC):
            return known
        if root not in self._under_way:
            self._under_way[root] = asyncio.ensure_future(self._learnt(root))
        return await asyncio.shield(self._under_way[root])

    async def _learnt(self, root: str) -> Rules:
        try:
            answer = await self._answer(root)
            found = Rules(rules=await _parsed(answer.text), reached=answer.reached, good_until=answer.good_until)
        finally:
            self._under_way.pop(root, None)
        self._known[root] = found
        asked_for = found.rules.crawl_delay(self._user_agent)
        if asked_for and self._session is not None:
            hosts_of(self._session).of(root).crawl_delay = min(float(asked_for), LONGEST_CRAWL_DELAY)
        return found

    async def _answer(self, root: str) -> RobotsAnswer:
        """What another crawl was told, else what the host says now."""
        if self._session is None:
            return await self._fetched(root)
        robots = self._session.store.robots
        known = await asyncio.to_thread(robots.get, root, datetime.now(UTC))
        if known is not None:
            return known
        answer = await self._fetched(root)
        await asyncio.to_thread(robots.put, answer)
        return answer

    async def _fetched(self, root: str) -> RobotsAnswer:
        meta = {"dont_obey_robotstxt": True, "download_timeout": WAIT, "dont_retry": True}
        request = scrapy.Request(f"{root}/robots.txt", callback=NO_CALLBACK, meta=meta, priority=1000)
        engine = self._crawler.engine
        assert engine is not None
        now = datetime.now(UTC)
        unreached = RobotsAnswer(root=root, text=DISALLOW_ALL, reached=False, good_until=now + UNREACHED_FOR)
        try:
            response = await engine.download_async(request)
        except Unanswered:
            raise
        except Exception as error:  # noqa: BLE001 - whatever kept robots.txt from us, RFC 9309 says: disallow
            logger.warning("%s/robots.txt: %s: %s", root, type(error).__name__, error)
            return unreached
        if response.status >= 500 or response.status == 429:
            return unreached
        text = ALLOW_ALL if response.status >= 400 else _read(response.body)
        return RobotsAnswer(root=root, text=text, good_until=now + GOOD_FOR)


def _read(body: bytes) -> str:
    """The first READ_AT_MOST bytes; a line that the limit cuts counts for nothing, nor does what no database keeps."""
    read = body[:READ_AT_MOST]
    if len(body) > READ_AT_MOST:
        read = read[: read.rfind(b"\n") + 1]
    return read.decode("utf-8", "replace").replace("\0", "")


async def _parsed(text: str) -> Protego:
    return Protego.parse(text) if len(text) <= IN_PLACE else await asyncio.to_thread(Protego.parse, text)
