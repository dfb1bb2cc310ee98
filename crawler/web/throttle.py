"""Throttling per host: minimum delay between requests, Retry-After, retries with back-off, and a circuit breaker.

One table of hosts serves all crawls of a worker, so that a new crawl does not begin with a burst. A crawl waits out a
short pause; for a longer one the request ends as `blocked`, and its unit becomes due when the pause is over. Pauses are
kept in the store, so that neither a new crawl nor a restart forgets them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from attrs import Factory, define
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
from crawler.store import Backoff
from crawler.web.limits import NoPageError
from crawler.web.session import CrawlStats, Session

CIRCUIT_OPEN_FAILURES = 5  # failures in a row after which a host gets only one trial request at a time; an estimate
GIVE_UP_FAILURES = 9  # failures in a row after which this nightly run requests nothing more of it; an estimate
MAX_BACKOFF_SECONDS = 900.0
MAX_RETRY_AFTER_SECONDS = 86_400.0  # a host that asks for more is requested again in the next nightly run
MAX_CRAWL_DELAY_SECONDS = 120.0  # a robots.txt that asks for more means "do not crawl", and a run would not end
JITTER_FRACTION = 0.3  # a delay is up to this much longer, a back-off up to this much shorter or longer


@define(kw_only=True)
class HostThrottle:
    """The throttling state of one host. Moments are in seconds of the monotonic clock."""

    next_at: float = 0.0  # when the delay allows the next request to start
    not_before: float = 0.0  # paused until then
    crawl_delay: float = 0.0  # seconds, from its robots.txt
    failures: int = 0  # in a row
    trial_until: float = 0.0  # the circuit is open and a trial request is under way; given up if it takes longer
    reason: str = ""  # of the pause

    @property
    def is_circuit_open(self) -> bool:
        """Whether the circuit is open: only trial requests may pass."""
        return self.failures >= CIRCUIT_OPEN_FAILURES

    def reserve(self, now: float, delay: float) -> float:
        """Reserve and return the next start of a request; the one after it is `delay` seconds or the crawl delay later.

        The longer of the two counts, with jitter.
        """
        at = max(now, self.next_at)
        self.next_at = at + max(delay, self.crawl_delay) * random.uniform(1.0, 1.0 + JITTER_FRACTION)
        return float(at)

    def record_success(self) -> None:
        """Record an answer: the circuit closes."""
        self.failures, self.trial_until = 0, 0.0

    def record_failure(self, now: float, backoff: float, retry_after: float | None, reason: str) -> float:
        """Record a missing answer, or one that asks to wait, and pause the host. Returns the pause in seconds.

        The pause is `retry_after`, else `backoff` seconds doubled for each failure in a row; both capped and jittered.
        """
        self.failures += 1
        self.trial_until = 0.0
        pause = min(MAX_BACKOFF_SECONDS, backoff * 2.0 ** (self.failures - 1)) * random.uniform(
            1 - JITTER_FRACTION, 1 + JITTER_FRACTION
        )
        if retry_after is not None:
            pause = min(retry_after, MAX_RETRY_AFTER_SECONDS) * random.uniform(1.0, 1.0 + JITTER_FRACTION / 3)
        self.not_before, self.reason = max(self.not_before, now + pause), reason
        return float(pause)


@define
class HostThrottles:
    """The throttling states of a worker's hosts, by HOST:PORT."""

    by_host: dict[str, HostThrottle] = Factory(dict)
    now: Callable[[], float] = lambda: 0.0

    def for_url(self, url: str) -> HostThrottle:
        """The throttling state of the host of `url`."""
        return self.by_host.setdefault(host_key(url), HostThrottle())


def host_key(url: str) -> str:
    """The HOST:PORT of a URL, in lower case; the host alone where the URL has no port."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].casefold()


def parse_retry_after(retry_after: str, now: datetime) -> float | None:
    """The seconds from `now` that a Retry-After header asks for; None where it is neither a number nor a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        retry_at = parsedate_to_datetime(text)
    except ValueError:
        return None
    retry_at = retry_at if retry_at.tzinfo else retry_at.replace(tzinfo=UTC)
    return max(0.0, (retry_at - now).total_seconds())


if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

TOO_MANY_REQUESTS_STATUS = 429
THROTTLING_STATUSES = frozenset({TOO_MANY_REQUESTS_STATUS, 503})
TRANSIENT_ERROR_STATUSES = frozenset({408, 500, 502, 504, 520, 521, 522, 523, 524})
MAX_TRIES = {True: 6, False: 3}  # of one request, by whether the host said how long to wait
MIN_STORED_PAUSE_SECONDS = 1.0  # a shorter pause is not worth a row in the store
TRIAL_POLL_SECONDS = 0.2  # between two checks whether the trial of an open circuit has ended
_NETWORK_ERRORS = (
    OSError,
    DownloadTimeoutError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    ResponseDataLossError,
)


class ThrottleMiddleware:
    """Downloader middleware: delays, retries and pauses. Raises NoPageError(blocked) for a host paused for long."""

    def __init__(self, session: Session, delay: float, stats: CrawlStats) -> None:
        self._session = session
        self._delay = delay
        self._stats = stats
        self._hosts = host_throttles_of(session)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware of a live crawl. Raises NotConfigured in a replay, which requests nothing."""
        spider: Any = crawler.spider
        if spider.session.archive is not None:
            raise NotConfigured
        config = spider.session.config
        platform = config.platform(spider.name)
        pace = platform.pace or spider.pace
        return cls(spider.session, pace or config.crawl.delay, spider.stats)

    async def process_request(self, request: scrapy.Request) -> None:
        """Wait until the host may be requested. Raises NoPageError(blocked) for a long pause or a lost claim."""
        host = self._hosts.for_url(request.url)
        self._stats.crawl_delay = max(self._stats.crawl_delay, host.crawl_delay)
        self._check_claim()
        await self._wait_for_host(request, host)
        wait = host.reserve(time.monotonic(), self._delay) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
            await self._wait_for_host(request, host)  # another request may have caused a pause meanwhile
        self._check_claim()
        if host.is_circuit_open:
            host.trial_until = time.monotonic() + self._session.config.crawl.timeout
            request.meta["trial"] = True

    def _check_claim(self) -> None:
        """Raise NoPageError once another worker may have claimed the unit: two would exceed the allowed pace."""
        if time.monotonic() > self._stats.claim_deadline:
            raise NoPageError(
                Outcome.BLOCKED, "this worker was out of touch for long: its unit is another's", is_retryable=True
            )

    async def _wait_for_host(self, request: scrapy.Request, host: HostThrottle) -> None:
        while (pause := max(host.not_before, host.trial_until) - time.monotonic()) > 0:
            self._refuse_long_pause(request, host, host.not_before - time.monotonic())
            await asyncio.sleep(pause if host.not_before > host.trial_until else TRIAL_POLL_SECONDS)

    async def process_response(self, request: scrapy.Request, response: Response) -> Response | scrapy.Request:
        """The response, or the request again where a retry may help."""
        host = self._hosts.for_url(request.url)
        is_throttled = response.status in THROTTLING_STATUSES
        if not is_throttled and response.status not in TRANSIENT_ERROR_STATUSES:
            host.record_success()
            return response
        retry_after_header = (response.headers.get("Retry-After") or b"").decode("latin-1")
        retry_after = parse_retry_after(retry_after_header, datetime.now(UTC)) if retry_after_header else None
        await self._record_failure(request, host, retry_after, f"status {response.status}")
        if response.status == TOO_MANY_REQUESTS_STATUS and retry_after is None:
            return response  # no pause is stated: the unit pauses, and other platforms are crawled meanwhile
        return self._retry_request(request, retry_after is not None and is_throttled) or response

    async def process_exception(self, request: scrapy.Request, exception: Exception) -> scrapy.Request | None:
        """The request again after a network error; None passes the error on."""
        host = self._hosts.for_url(request.url)
        if isinstance(exception, IgnoreRequest) or not isinstance(exception, _NETWORK_ERRORS):
            if request.meta.get("trial"):
                host.trial_until = 0.0
            return None
        await self._record_failure(request, host, None, type(exception).__name__)
        if isinstance(exception, DownloadTimeoutError) or request.meta.get("dont_retry"):
            return None  # another timeout would keep the other requests waiting; the unit retries later
        return self._retry_request(request, False)

    async def _record_failure(
        self, request: scrapy.Request, host: HostThrottle, retry_after: float | None, reason: str
    ) -> None:
        pause = host.record_failure(time.monotonic(), self._session.config.crawl.backoff, retry_after, reason)
        until = datetime.now(UTC) + timedelta(seconds=pause)
        request.meta["until"] = until
        if pause >= MIN_STORED_PAUSE_SECONDS:
            backoff = Backoff(key=f"host:{host_key(request.url)}", not_before=until, failures=host.failures, why=reason)
            await asyncio.to_thread(self._session.store.queue.set_backoff, backoff)

    def _retry_request(self, request: scrapy.Request, has_retry_after: bool) -> scrapy.Request | None:
        tries = request.meta.get("tries", 1)
        if tries >= MAX_TRIES[has_retry_after]:
            return None
        return request.replace(dont_filter=True, meta={**request.meta, "tries": tries + 1})

    def _refuse_long_pause(self, request: scrapy.Request, host: HostThrottle, pause: float) -> None:
        if pause <= self._session.config.crawl.patience:
            return
        until = datetime.now(UTC) + timedelta(seconds=pause)
        message = f"{host_key(request.url)} is left alone until {until:%Y-%m-%d %H:%M:%S} UTC: {host.reason}"
        raise NoPageError(Outcome.BLOCKED, message, is_retryable=host.failures < GIVE_UP_FAILURES, until=until)


def host_throttles_of(session: Session) -> HostThrottles:
    """The session's throttling states, with the pauses that earlier crawls left in the store."""

    def load_throttles() -> HostThrottles:
        hosts = HostThrottles()
        _apply_stored_pauses(hosts, session)
        return hosts

    return session.get_or_build("hosts", load_throttles)


def refresh_pauses(session: Session) -> None:
    """Load the pauses that other workers have stored meanwhile."""
    _apply_stored_pauses(host_throttles_of(session), session)


def _apply_stored_pauses(hosts: HostThrottles, session: Session) -> None:
    now = datetime.now(UTC)
    for backoff in session.store.queue.active_backoffs(now):
        kind, _, name = backoff.key.partition(":")
        if kind == "host":
            host = hosts.by_host.setdefault(name, HostThrottle())
            until = time.monotonic() + (backoff.not_before - now).total_seconds()
            if until > host.not_before:
                host.not_before, host.failures, host.reason = until, max(host.failures, backoff.failures), backoff.why
