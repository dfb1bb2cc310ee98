"""What was made of the latest texts: of many short ones and of few long ones.

A batch of titles is asked about again and again, so thousands are kept; a reading of a listing's whole text takes a
hundred times as much memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Result = TypeVar("Result")

SHORT_TEXT_CHARS = 240  # characters of a text that may be a title
SHORT_TEXT_CACHE_SIZE, LONG_TEXT_CACHE_SIZE = 4_096, 256


def cache_latest(make: Callable[[str], Result]) -> Callable[[str], Result]:
    """The same function, which keeps what it made of the latest texts."""
    short_cache, long_cache = (
        lru_cache(maxsize=SHORT_TEXT_CACHE_SIZE)(make),
        lru_cache(maxsize=LONG_TEXT_CACHE_SIZE)(make),
    )

    def from_cache(text: str) -> Result:
        return short_cache(text) if len(text) <= SHORT_TEXT_CHARS else long_cache(text)

    return from_cache
