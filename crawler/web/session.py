"""State that all crawls of one worker share: configuration, store, clock, archive, and objects built once (index,
pools).

Spiders carry the session; middlewares and pipelines find it there. State of a single crawl is in CrawlStats.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from threading import Lock
from typing import Any, TypeVar

from attrs import Factory, define, field

from crawler.archives import Archive
from crawler.blobs import BlobStore, open_blobs
from crawler.config import Config
from crawler.health import ANSWERED_OUTCOMES
from crawler.items import Ask, Outcome, UnitKind
from crawler.page import Page
from crawler.pictures import PictureInspector, PlainInspector
from crawler.store import CachedPage, Recheck, Store
from crawler.units import RETRYABLE_OUTCOMES

T = TypeVar("T")


@define(kw_only=True)
class CrawlStats:
    """What one crawl saw, and what should be asked next."""

    outcomes: Counter[Outcome] = Factory(Counter)
    listings: int = 0
    hits: int = 0
    matched: int = 0  # listings that were compared with the registry
    changed: int = 0  # of a rematch: listings whose decision changed
    problems: list[str] = Factory(list)
    has_lost_data: bool = False  # a page or listing was lost to an error: the unit is not done
    limit_counts: Counter[str] = Factory(Counter)  # cut-offs, by the setting of [limits] that caused them
    picture_problems: Counter[str] = Factory(Counter)  # why pictures of listings were not read, or not whole
    causes: Counter[str] = Factory(Counter)  # of requests without a page: "cause host", cause of crawler.health.CAUSES
    unmapped: Counter[str] = Factory(Counter)  # answers of cloud drives that are not mapped to a share state yet
    field_counts: Counter[str] = Factory(Counter)  # how many listings state each field: a new layout loses some
    deferred_asks: dict[Ask, None] = Factory(dict)  # without a definite answer: to be asked again
    deferred_outcomes: Counter[Outcome] = Factory(Counter)  # the outcomes of `deferred_asks`
    deferred_until: datetime | None = None  # before which they are not asked again
    needs_no_request: bool = False  # what the unit asks for was done by another unit of this run
    claim_deadline: float = math.inf  # monotonic; a worker that has not renewed its claim by then requests nothing more
    crawl_delay: float = 0.0  # seconds; the longest Crawl-delay of the hosts in this crawl
    answered_asks: dict[Ask, None] = Factory(dict)  # questions with a definite answer
    queried_asks: dict[Ask, None] = Factory(dict)  # questions that the platform answered, unchanged answers included
    opened_asks: dict[Ask, None] = Factory(dict)  # candidates whose own page was read, or is known to be gone
    # Whole listings that are hits, by the form of the question that led to them.
    hits_by_form: Counter[str] = Factory(Counter)
    pages: dict[str, CachedPage] = Factory(dict)  # by URL as requested, for the next nightly run
    unchanged_listings: dict[str, None] = Factory(dict)  # ids of listings on pages that have not changed
    rechecks: list[Recheck] = Factory(list)  # of known hits
    unplanned_candidates: int = 0  # rows that named a work, beyond the night's budget of pages
    follow_ups: dict[tuple[str, UnitKind], dict[Ask, None]] = field(factory=lambda: defaultdict(dict))

    def defer(self, ask: Ask, outcome: Outcome, until: datetime | None = None) -> None:
        """Record an ask without a definite answer: it is asked again, no sooner than `until`."""
        self.deferred_asks[ask] = None
        self.deferred_outcomes[outcome] += 1
        self.deferred_until = max(filter(None, (self.deferred_until, until)), default=None)

    def record_answer(self, kind: UnitKind, ask: Ask, outcome: Outcome, has_listing: bool) -> None:
        """Count an answer to a question, or a candidate's own page; a live one without a listing was not opened."""
        if kind is UnitKind.QUESTION:
            self.answered_asks.update({} if outcome in RETRYABLE_OUTCOMES | {Outcome.UNCHANGED} else {ask: None})
            self.queried_asks.update({ask: None} if outcome in ANSWERED_OUTCOMES else {})
        elif kind is UnitKind.DETAILS and outcome in ANSWERED_OUTCOMES and (has_listing or outcome is not Outcome.LIVE):
            self.opened_asks[ask] = None

    def mark_lost_data(self) -> None:
        """Something could not be stored: the unit is not done."""
        self.has_lost_data = True

    def to_dict(self, repeated: Counter[Outcome] | None = None) -> dict[str, Any]:
        """The stats as JSON types, for the unit's outcome. `repeated`: the outcomes of asks that are asked again."""
        counts = {
            "pages": _counts(self.outcomes),
            "listings": self.listings,
            "hits": self.hits,
            "problems": self.problems[:20],
        }
        counts |= {"again": _counts(repeated)} if repeated else {}
        counts |= {"matched": self.matched} if self.matched else {}
        counts |= {"changed": self.changed} if self.changed else {}
        asked_by = Counter(ask.form for ask in self.answered_asks if ask.form)
        counts |= {"asked_by": dict(asked_by)} if asked_by else {}
        counts |= {"queried": len(self.queried_asks)} if self.queried_asks else {}
        counts |= {"unplanned": self.unplanned_candidates} if self.unplanned_candidates else {}
        counts |= {"opened": len(self.opened_asks)} if self.opened_asks else {}
        counts |= {"hits_by": dict(self.hits_by_form)} if self.hits_by_form else {}
        counts |= {"filled": dict(self.field_counts)} if self.field_counts else {}
        counts |= {"limits": dict(self.limit_counts)} if self.limit_counts else {}
        counts |= {"picture_problems": dict(self.picture_problems)} if self.picture_problems else {}
        counts |= {"causes": dict(self.causes.most_common(50))} if self.causes else {}
        return counts | ({"unmapped": dict(self.unmapped.most_common(50))} if self.unmapped else {})


def _counts(outcomes: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in sorted(outcomes.items())}


@define(kw_only=True)
class Session:
    """The shared state of one worker. With an `archive`, it answers every request and no connection is opened."""

    config: Config
    store: Store
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    archive: Archive | None = None
    captured: bool = False
    listing_limit: int | None = None  # listings that an on-demand crawl takes from one unit
    plans_follow_ups: bool = True  # plan further waves
    incremental: bool = False  # request only pages that changed since they were seen
    started_at: datetime | None = None  # when the nightly run began
    stop_at: datetime | None = None  # no unit is started after this moment
    picture_inspector: PictureInspector = Factory(PlainInspector)  # inspects the pictures of listings
    # Called with the page of every response and the method and body of its request.
    on_answer: Callable[[Page, str, bytes], None] | None = None
    _built: dict[Hashable, Any] = Factory(dict)
    _closers: list[Callable[[], None]] = Factory(list)
    _lock: Any = Factory(Lock)

    @property
    def blobs(self) -> BlobStore:
        """The blob store; not built by `get_or_build`, because what that builds may need it meanwhile."""
        return open_blobs(self.config.store)

    def get_or_build(self, key: Hashable, build: Callable[[], T], close: Callable[[T], None] | None = None) -> T:
        """The object of this key, built on first use; `close` runs at the end of the session."""
        with self._lock:
            if key not in self._built:
                instance = build()
                self._built[key] = instance
                if close is not None:
                    self._closers.append(lambda: close(instance))
            cached: T = self._built[key]
            return cached

    def close(self) -> None:
        """Close the objects built by `get_or_build`, newest first."""
        while self._closers:
            self._closers.pop()()
        self._built.clear()
