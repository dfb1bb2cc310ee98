"""Names that claim the same characters of a text share one chance: at most one of them is meant.

Each name's odds count against the others' (equal titles halve it, a name with a letter swapped beats one with a foreign
letter), so a name that many others resemble is less sure in a larger registry, and the sum stays a probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

MOST_ODDS = 1e9


class Claim(NamedTuple):
    """Places start..end claimed for a work with these odds (right to wrong, vetoes counted)."""

    work: int
    start: int
    end: int
    odds: float


def against(claims: Sequence[Claim]) -> list[float]:
    """For each claim the logarithm of 1 + the odds of all other works on places that it claims too."""
    if len(claims) == 1:
        return [0.0]
    found = []
    for work, start, end, _ in claims:
        others: dict[int, float] = {}
        for other, first, last, odds in claims:
            if other != work and first < end and start < last and odds > others.get(other, 0.0):
                others[other] = odds
        found.append(math.log1p(min(MOST_ODDS, sum(others.values()))) if others else 0.0)
    return found
