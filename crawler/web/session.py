"""What all crawls of one worker share: configuration, store, clock, archive, and what is built once (index, processes).

Spiders carry the session; middlewares and pipelines find it there. Nothing in it belongs to a single crawl: that is
the Tally.
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
from crawler.blobs import Blobs, blobs_of
from crawler.config import Config
from crawler.items import Ask, Outcome, UnitKind
from crawler.page import Page
from crawler.pictures import Looker, Plain
from crawler.store import Check, SeenPage, Store

T = TypeVar("T")


@define(kw_only=True)
class Tally:
    """What one crawl saw and what should be asked next."""

    outcomes: Counter[Outcome] = Factory(Counter)
    listings: int = 0
    hits: int = 0
    matched: int = 0  # listings that were compared with the registry
    changed: int = 0  # of a rematch: those that are something else now
    problems: list[str] = Factory(list)
    lost: bool = False  # something could not be stored: the unit is not done
    limits: Counter[str] = Factory(Counter)  # what was cut off, by the setting of [limits] that did it
    unmapped: Counter[str] = Factory(Counter)  # answers of drives that nobody has explained yet
    filled: Counter[str] = Factory(Counter)  # how many listings state each field: a new layout loses some
    left: dict[Ask, None] = Factory(dict)  # no definite answer came: to be asked again
    undecided: Counter[Outcome] = Factory(Counter)  # the outcomes of those
    until: datetime | None = None  # no sooner than then
    held_until: float = math.inf  # monotonic: who could not prolong the claim by then asks nothing more
    crawl_delay: float = 0.0  # the longest that a host of this crawl asks for
    answered: dict[Ask, None] = Factory(dict)  # questions with a definite answer
    hits_by: Counter[str] = Factory(Counter)  # whole listings that are hits, by the form of the question that led here
    pages: dict[str, SeenPage] = Factory(dict)  # by address as asked, for the next night
    touched: dict[str, None] = Factory(dict)  # listings of pages that have not changed
    checks: list[Check] = Factory(list)  # what became of known hits
    follow: dict[tuple[str, UnitKind], dict[Ask, None]] = field(factory=lambda: defaultdict(dict))

    def leave(self, ask: Ask, outcome: Outcome, until: datetime | None = None) -> None:
        """No definite answer came for an ask: it is asked again, no sooner than `until`."""
        self.left[ask] = None
        self.undecided[outcome] += 1
        self.until = max(filter(None, (self.until, until)), default=None)

    def plain(self, again: Counter[Outcome] | None = None) -> dict[str, Any]:
        """The tally as JSON types, for the unit's outcome. `again`: the outcomes of what is asked once more."""
        told = {
            "pages": _counts(self.outcomes),
            "listings": self.listings,
            "hits": self.hits,
            "problems": self.problems[:20],
        }
        told |= {"again": _counts(again)} if again else {}
        told |= {"matched": self.matched} if self.matched else {}
        told |= {"changed": self.changed} if self.changed else {}
        asked_by = Counter(ask.form for ask in self.answered if ask.form)
        told |= {"asked_by": dict(asked_by)} if asked_by else {}
        told |= {"hits_by": dict(self.hits_by)} if self.hits_by else {}
        told |= {"filled": dict(self.filled)} if self.filled else {}
        told |= {"limits": dict(self.limits)} if self.limits else {}
        return told | ({"unmapped": dict(self.unmapped.most_common(50))} if self.unmapped else {})


def _counts(outcomes: Counter[Outcome]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in sorted(outcomes.items())}


@define(kw_only=True)
class Session:
    """One worker's shared things. `archive` set: every request is answered from it and no connection is opened."""

    config: Config
    store: Store
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    archive: Archive | None = None
    captured: bool = False
    limit: int | None = None  # listings an on-demand crawl takes from one unit
    follow: bool = True  # plan further waves
    incremental: bool = False  # ask only for what changed since it was seen
    begun: datetime | None = None  # when the night began
    until: datetime | None = None  # no unit is begun after this moment
    looker: Looker = Factory(Plain)  # how pictures of listings are looked at
    keep: Callable[[Page, str, bytes], None] | None = None  # told of every answer, with its request's method and body
    _built: dict[Hashable, Any] = Factory(dict)
    _closers: list[Callable[[], None]] = Factory(list)
    _lock: Any = Factory(Lock)

    @property
    def blobs(self) -> Blobs:
        """The bytes behind hits; not one of the shared things, which may need it while they are built."""
        return blobs_of(self.config.store)

    def shared(self, key: Hashable, build: Callable[[], T], close: Callable[[T], None] | None = None) -> T:
        """The thing of this key, built when first asked; `close` runs at the end of the session."""
        with self._lock:
            if key not in self._built:
                made = build()
                self._built[key] = made
                if close is not None:
                    self._closers.append(lambda: close(made))
            built: T = self._built[key]
            return built

    def close(self) -> None:
        """Close what was built, newest first."""
        while self._closers:
            self._closers.pop()()
        self._built.clear()
