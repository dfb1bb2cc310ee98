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

OPENS_AT = 5  # failures in a row after which a host is only tried by one request at a time; an estimate
GIVES_UP_AT = 9  # failures in a row after which this night asks nothing more of it; an estimate
LONGEST_BACKOFF = 900.0  # seconds
LONGEST_HEEDED = 86_400.0  # seconds of a Retry-After; who says more is asked again the next night
LONGEST_CRAWL_DELAY = 120.0  # seconds; a robots.txt that asks for more means "do not", and a night would not end
JITTER = 0.3  # a pace is up to this much longer, a back-off up to this much shorter or longer


@define(kw_only=True)
class Host:
    """One host's clock, in seconds of the monotonic clock."""

    next_at: float = 0.0  # when the next request may start, by pace
    not_before: float = 0.0  # left alone until then
    crawl_delay: float = 0.0  # by its robots.txt
    failures: int = 0  # in a row
    trial_until: float = 0.0  # the circuit is open, and one request is on its way; lost if it takes longer
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open: only a trial may pass."""
        return self.failures >= OPENS_AT

    def reserve(self, now: float, delay: float) -> float:
        """When a request may start, no sooner than the pace allows; that moment is taken."""
        at = max(now, self.next_at)
        self.next_at = at + max(delay, self.crawl_delay) * random.uniform(1.0, 1.0 + JITTER)
        return float(at)

    def succeeded(self) -> None:
        """An answer came: the circuit closes."""
        self.failures, self.trial_until = 0, 0.0

    def failed(self, now: float, backoff: float, retry_after: float | None, why: str) -> float:
        """No answer, or one that asks for patience. Returns the pause in seconds."""
        self.failures += 1
        self.trial_until = 0.0
        pause = min(LONGEST_BACKOFF, backoff * 2.0 ** (self.failures - 1)) * random.uniform(1 - JITTER, 1 + JITTER)
        if retry_after is not None:
            pause = min(retry_after, LONGEST_HEEDED) * random.uniform(1.0, 1.0 + JITTER / 3)
        self.not_before, self.why = max(self.not_before, now + pause), why
        return float(pause)


@define
class Hosts:
    """The hosts of a worker, by HOST:PORT."""

    known: dict[str, Host] = Factory(dict)
    now: Callable[[], float] = lambda: 0.0

    def of(self, url: str) -> Host:
        """The clock of an address's host."""
        return self.known.setdefault(place(url), Host())


def place(url: str) -> str:
    """The HOST:PORT of an address."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].casefold()


def seconds_to_wait(retry_after: str, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds from `now`; None where it is neither a number nor a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())
