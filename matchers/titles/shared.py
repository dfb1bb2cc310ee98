"""One title engine for all matchers over the same works: building it is dear, asking it is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from crawler.items import Work
from matchers.titles.engine import TitleMatcher
from matchers.titles.kept import open_index

_lock = Lock()
_latest: list[TitleMatcher] = []


def title_matcher_for(works: Sequence[Work]) -> TitleMatcher:
    """The engine over exactly this sequence; the latest one is kept."""
    with _lock:
        if not _latest or _latest[0].works is not works:
            _latest[:] = [TitleMatcher(works)]
        return _latest[0]


def open_title_matcher(works: Sequence[Work], folder: Path) -> str:
    """Makes the engine that `title_matcher_for` returns for these works with an index kept in a folder; says how it
    came about.

    One of opened, extended, built.
    """
    stored = open_index(works, folder)
    with _lock:
        _latest[:] = [TitleMatcher(works, stored.arrays)]
    return stored.origin
