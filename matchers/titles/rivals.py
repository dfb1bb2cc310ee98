"""Names that claim the same characters of a text share one chance: at most one of them is meant.

Each name's odds count against the others' (equal titles halve it, a name with a letter swapped beats one with a foreign
letter), so a name that many others resemble is less sure in a larger registry, and the sum stays a probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

MAX_RIVAL_ODDS = 1e9


class RivalSpan(NamedTuple):
    """Places start..end claimed for a work with these odds (right to wrong, vetoes counted)."""

    work_index: int
    start: int
    end: int
    odds: float


def rival_log_odds(spans: Sequence[RivalSpan]) -> list[float]:
    """For each claim the logarithm of 1 + the odds of all other works on places that it claims too."""
    if len(spans) == 1:
        return [0.0]
    log_odds = []
    for work, start, end, _ in spans:
        rival_odds: dict[int, float] = {}
        for rival_index, first, last, odds in spans:
            if rival_index != work and first < end and start < last and odds > rival_odds.get(rival_index, 0.0):
                rival_odds[rival_index] = odds
        log_odds.append(math.log1p(min(MAX_RIVAL_ODDS, sum(rival_odds.values()))) if rival_odds else 0.0)
    return log_odds
