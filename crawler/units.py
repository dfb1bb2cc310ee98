"""Policy for units of work: which follow-ups are planned, in which batches, and when a failed unit is retried.

Pure; the work queue itself is crawler.store.work_queue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from crawler.items import Ask, Assessment, Decision, Listing, ListingKind, Outcome, UnitKind

CANDIDATE_THRESHOLD = 0.5  # identity from which the page of a list row is opened: as likely the work as not
RETRYABLE_OUTCOMES = frozenset({Outcome.ERROR, Outcome.BLOCKED, Outcome.PARTIAL})  # asking again may help
FIRST_RETRY_PAUSE = timedelta(seconds=5)  # before the second try; doubled for each further one
THROTTLED_PACE_FACTOR = 20  # the first retry pause is at least this many times the platform's pace; an estimate


def batches(asks: Iterable[Ask], size: int) -> Iterator[tuple[Ask, ...]]:
    """The asks in tuples of at most `size`, in order."""
    remaining = iter(asks)
    while batch := tuple(islice(remaining, size)):
        yield batch


def follow_ups(
    listing: Listing, assessments: Sequence[Assessment], platforms: Collection[str]
) -> list[tuple[str, UnitKind, Ask]]:
    """The asks that a listing leads to: its own page, if it is a list row and a candidate, and the shares it links to.

    `platforms` are those whose shares can be asked. Licensed assessments do not make a listing a candidate.
    """
    asks: list[tuple[str, UnitKind, Ask]] = []
    unlicensed_assessments = [assessment for assessment in assessments if assessment.decision is not Decision.LICENSED]
    if not listing.whole and any(assessment.identity >= CANDIDATE_THRESHOLD for assessment in unlicensed_assessments):
        asks.append((listing.platform, UnitKind.DETAILS, Ask(url=listing.url)))
    if listing.kind is ListingKind.SHARE:
        links = listing.links[1:]  # the first is the share's own
    else:
        links = tuple(link for link in listing.links if link.platform != listing.platform)
    shares = (link for link in links if link.platform in platforms)
    asks += [(link.platform, UnitKind.SHARES, Ask(url=link.url, code=link.code)) for link in shares]
    return asks


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
