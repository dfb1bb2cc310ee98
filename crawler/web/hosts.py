"""How a host is treated: the pace between two requests, pauses it asked for, a circuit that opens and closes by trial.

One table for all crawls of a worker, so that a new crawl of the same host does not begin with a burst. Pure timing: the
clock is handed in, nothing sleeps here. crawler.web.manners obeys it and keeps long pauses in the store.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from attrs import Factory, define

CIRCUIT_OPEN_FAILURES = 5  # failures in a row after which a host is only tried by one request at a time; an estimate
GIVE_UP_FAILURES = 9  # failures in a row after which this night asks nothing more of it; an estimate
MAX_BACKOFF_SECONDS = 900.0  # seconds
MAX_RETRY_AFTER_SECONDS = 86_400.0  # seconds of a Retry-After; who says more is asked again the next night
MAX_CRAWL_DELAY_SECONDS = 120.0  # seconds; a robots.txt that asks for more means "do not", and a night would not end
JITTER_FRACTION = 0.3  # a pace is up to this much longer, a back-off up to this much shorter or longer


@define(kw_only=True)
class HostThrottle:
    """One host's clock, in seconds of the monotonic clock."""

    next_at: float = 0.0  # when the next request may start, by pace
    not_before: float = 0.0  # left alone until then
    crawl_delay: float = 0.0  # by its robots.txt
    failures: int = 0  # in a row
    trial_until: float = 0.0  # the circuit is open, and one request is on its way; lost if it takes longer
    reason: str = ""

    @property
    def is_circuit_open(self) -> bool:
        """Whether the circuit is open: only a trial may pass."""
        return self.failures >= CIRCUIT_OPEN_FAILURES

    def reserve(self, now: float, delay: float) -> float:
        """When a request may start, no sooner than the pace allows; that moment is taken."""
        at = max(now, self.next_at)
        self.next_at = at + max(delay, self.crawl_delay) * random.uniform(1.0, 1.0 + JITTER_FRACTION)
        return float(at)

    def record_success(self) -> None:
        """An answer came: the circuit closes."""
        self.failures, self.trial_until = 0, 0.0

    def record_failure(self, now: float, backoff: float, retry_after: float | None, reason: str) -> float:
        """No answer, or one that asks for patience. Returns the pause in seconds."""
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
    """The hosts of a worker, by HOST:PORT."""

    by_host: dict[str, HostThrottle] = Factory(dict)
    now: Callable[[], float] = lambda: 0.0

    def for_url(self, url: str) -> HostThrottle:
        """The clock of an address's host."""
        return self.by_host.setdefault(host_key(url), HostThrottle())


def host_key(url: str) -> str:
    """The HOST:PORT of an address."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].casefold()


def parse_retry_after(retry_after: str, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds from `now`; None where it is neither a number nor a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        retry_at = parsedate_to_datetime(text)
    except ValueError:
        return None
    retry_at = retry_at if retry_at.tzinfo else retry_at.replace(tzinfo=UTC)
    return max(0.0, (retry_at - now).total_seconds())
