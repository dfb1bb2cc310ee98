"""Manners: each host at its pace, patience where it asks for it, another try after a pause, a trial after failures.

A short pause is waited for within the crawl; for a longer one the request ends as `blocked`, and its unit is open again
when the pause is over. Pauses are kept in the store, so that neither a new crawl nor a restart forgets them.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.exceptions import (
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotConfigured,
    ResponseDataLossError,
)
from scrapy.http import Response

from crawler.items import Outcome
from crawler.store.clocks import Clock
from crawler.web.hosts import GIVES_UP_AT, Host, Hosts, place, seconds_to_wait
from crawler.web.limits import Unanswered
from crawler.web.session import Session, Tally

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

TOO_MANY = 429
ASKS_FOR_PATIENCE = frozenset({TOO_MANY, 503})
BROKEN = frozenset({408, 500, 502, 504, 520, 521, 522, 523, 524})
TRIES = {True: 6, False: 3}  # of one request: where the host said how long to wait, where it failed
KEPT = 1.0  # seconds; a shorter pause is not worth a row in the store
TRIAL = 0.2  # seconds between two looks whether the trial of an open circuit has ended
_NO_ANSWER = (OSError, DownloadTimeoutError, DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)


class Manners:
    """Downloader middleware. Raises Unanswered(blocked) where a host is to be left alone for long."""

    def __init__(self, session: Session, delay: float, tally: Tally) -> None:
        self._session = session
        self._delay = delay
        self._tally = tally
        self._hosts = hosts_of(session)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Not configured in a replay: no host is asked."""
        spider: Any = crawler.spider
        if spider.session.archive is not None:
            raise NotConfigured
        config = spider.session.config
        platform = config.platform(spider.name)
        pace = platform.pace or spider.pace
        return cls(spider.session, pace or config.crawl.delay, spider.tally)

    async def process_request(self, request: scrapy.Request) -> None:
        """Wait until the host may be asked."""
        host = self._hosts.of(request.url)
        self._tally.crawl_delay = max(self._tally.crawl_delay, host.crawl_delay)
        self._still_ours()
        await self._patience(request, host)
        wait = host.reserve(time.monotonic(), self._delay) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
            await self._patience(request, host)  # another request may have been told to wait meanwhile
        self._still_ours()
        if host.is_open:
            host.trial_until = time.monotonic() + self._session.config.crawl.timeout
            request.meta["trial"] = True

    def _still_ours(self) -> None:
        """Ask nothing for a unit that another worker may be doing by now: together we would be faster than allowed."""
        if time.monotonic() > self._tally.held_until:
            raise Unanswered(
                Outcome.BLOCKED, "this worker was out of touch for long: its unit is another's", again=True
            )

    async def _patience(self, request: scrapy.Request, host: Host) -> None:
        while (pause := max(host.not_before, host.trial_until) - time.monotonic()) > 0:
            self._let_go_of(request, host, host.not_before - time.monotonic())
            await asyncio.sleep(pause if host.not_before > host.trial_until else TRIAL)

    async def process_response(self, request: scrapy.Request, response: Response) -> Response | scrapy.Request:
        """The answer, or the request once more after a pause."""
        host = self._hosts.of(request.url)
        patience = response.status in ASKS_FOR_PATIENCE
        if not patience and response.status not in BROKEN:
            host.succeeded()
            return response
        said = (response.headers.get("Retry-After") or b"").decode("latin-1")
        retry_after = seconds_to_wait(said, datetime.now(UTC)) if said else None
        await self._pause(request, host, retry_after, f"status {response.status}")
        if response.status == TOO_MANY and retry_after is None:
            return response  # nobody knows how long: the unit pauses, and other platforms are asked meanwhile
        return self._again(request, retry_after is not None and patience) or response

    async def process_exception(self, request: scrapy.Request, exception: Exception) -> scrapy.Request | None:
        """The request once more after a pause, where no answer came; None hands the error on."""
        host = self._hosts.of(request.url)
        if isinstance(exception, IgnoreRequest) or not isinstance(exception, _NO_ANSWER):
            if request.meta.get("trial"):
                host.trial_until = 0.0
            return None
        await self._pause(request, host, None, type(exception).__name__)
        if isinstance(exception, DownloadTimeoutError) or request.meta.get("dont_retry"):
            return None  # another wait as long would keep the others waiting; the unit asks again later
        return self._again(request, False)

    async def _pause(self, request: scrapy.Request, host: Host, retry_after: float | None, why: str) -> None:
        pause = host.failed(time.monotonic(), self._session.config.crawl.backoff, retry_after, why)
        until = datetime.now(UTC) + timedelta(seconds=pause)
        request.meta["until"] = until
        if pause >= KEPT:
            clock = Clock(key=f"host:{place(request.url)}", not_before=until, failures=host.failures, why=why)
            await asyncio.to_thread(self._session.store.clocks.put, clock)

    def _again(self, request: scrapy.Request, patience: bool) -> scrapy.Request | None:
        tries = request.meta.get("tries", 1)
        if tries >= TRIES[patience]:
            return None
        return request.replace(dont_filter=True, meta={**request.meta, "tries": tries + 1})

    def _let_go_of(self, request: scrapy.Request, host: Host, pause: float) -> None:
        if pause <= self._session.config.crawl.patience:
            return
        until = datetime.now(UTC) + timedelta(seconds=pause)
        message = f"{place(request.url)} is left alone until {until:%Y-%m-%d %H:%M:%S} UTC: {host.why}"
        raise Unanswered(Outcome.BLOCKED, message, again=host.failures < GIVES_UP_AT, until=until)


def hosts_of(session: Session) -> Hosts:
    """The clocks of all hosts, with the pauses that earlier crawls left in the store."""

    def remembered() -> Hosts:
        hosts = Hosts()
        _learn(hosts, session)
        return hosts

    return session.shared("hosts", remembered)


def learn_pauses(session: Session) -> None:
    """Heed the pauses that hosts have asked other workers for meanwhile."""
    _learn(hosts_of(session), session)


def _learn(hosts: Hosts, session: Session) -> None:
    now = datetime.now(UTC)
    for clock in session.store.clocks.waiting(now):
        kind, _, name = clock.key.partition(":")
        if kind == "host":
            host = hosts.known.setdefault(name, Host())
            until = time.monotonic() + (clock.not_before - now).total_seconds()
            if until > host.not_before:
                host.not_before, host.failures, host.why = until, max(host.failures, clock.failures), clock.why
