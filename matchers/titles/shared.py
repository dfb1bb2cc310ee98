"""One title engine for all matchers over the same works: building it is dear, asking it is cheap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from crawler.items import Work
from matchers.titles.engine import TitleEngine
from matchers.titles.kept import kept_index

_lock = Lock()
_latest: list[TitleEngine] = []


def engine_of(works: Sequence[Work]) -> TitleEngine:
    """The engine over exactly this sequence; the latest one is kept."""
    with _lock:
        if not _latest or _latest[0].works is not works:
            _latest[:] = [TitleEngine(works)]
        return _latest[0]


def keep_engine(works: Sequence[Work], folder: Path) -> str:
    """Makes the engine that `engine_of` returns for these works with an index kept in a folder; says how it came about.

    One of opened, extended, built.
    """
    kept = kept_index(works, folder)
    with _lock:
        _latest[:] = [TitleEngine(works, kept.arrays)]
    return kept.how
