"""What was made of the latest texts: of many short ones and of few long ones.

A batch of titles is asked about again and again, so thousands are kept; a reading of a listing's whole text takes a
hundred times as much memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Made = TypeVar("Made")

SHORT = 240  # characters of a text that may be a title
MOST_SHORT, MOST_LONG = 4_096, 256


def lately(make: Callable[[str], Made]) -> Callable[[str], Made]:
    """The same function, which keeps what it made of the latest texts."""
    of_short, of_long = lru_cache(maxsize=MOST_SHORT)(make), lru_cache(maxsize=MOST_LONG)(make)

    def made(text: str) -> Made:
        return of_short(text) if len(text) <= SHORT else of_long(text)

    return made
