"""Which hit first: expected harm, and of equal harm the newer one.

Harm counts in twos: one more is twice as bad. So does age: HALF_LIFE days older is half as urgent. The sum of both is
stored, and stays right as time goes by, since all hits age alike.
"""

from __future__ import annotations

from datetime import UTC, datetime

RANK_HALF_LIFE_DAYS = 14.0  # days; estimate: an offer found two weeks ago has done half of its harm
_RANK_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def hit_rank(harm: float, first_seen: datetime) -> float:
    """The place of a hit in the order of work; higher ones first."""
    return harm + (first_seen - _RANK_EPOCH).total_seconds() / 86_400 / RANK_HALF_LIFE_DAYS
