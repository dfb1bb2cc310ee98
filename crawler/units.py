"""Policy for units of work: in which batches asks are planned, and when a failed unit is retried.

Pure; the work queue itself is crawler.store.work_queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from crawler.items import Ask, Outcome

RETRYABLE_OUTCOMES = frozenset({Outcome.ERROR, Outcome.BLOCKED, Outcome.PARTIAL})  # asking again may help
FIRST_RETRY_PAUSE = timedelta(seconds=5)  # before the second try; doubled for each further one
THROTTLED_PACE_FACTOR = 20  # the first retry pause is at least this many times the platform's pace; an estimate


def batches(asks: Iterable[Ask], size: int) -> Iterator[tuple[Ask, ...]]:
    """The asks in tuples of at most `size`, in order."""
    remaining = iter(asks)
    while batch := tuple(islice(remaining, size)):
        yield batch


def has_succeeded(finish_reason: str | None, outcomes: Mapping[Outcome, int]) -> bool:
    """Whether a crawl finished and at least one request brought a definite outcome."""
    return finish_reason == "finished" and any(outcome not in RETRYABLE_OUTCOMES for outcome in outcomes)


def next_retry_at(attempt: int, attempts: int, now: datetime, pace: float = 0.0) -> datetime | None:
    """When a unit that failed for the `attempt`-th time is retried; None once all `attempts` are used.

    `pace` is the platform's, in seconds between two requests.
    """
    pause = max(FIRST_RETRY_PAUSE, timedelta(seconds=THROTTLED_PACE_FACTOR * pace))
    return None if attempt >= attempts else now + pause * 2 ** (attempt - 1)


def unique_share_asks(asks: Iterable[Ask]) -> list[Ask]:
    """The distinct asks of a wave; an ask without a code is dropped where another has a code for the same share."""
    distinct = list(dict.fromkeys(asks))
    with_code = {ask.url for ask in distinct if ask.code is not None}
    return [ask for ask in distinct if ask.code is not None or ask.url not in with_code]
