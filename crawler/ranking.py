"""Which hit first: expected harm, and of equal harm the newer one.

Harm counts in twos: one more is twice as bad. So does age: HALF_LIFE days older is half as urgent. The sum of both is
stored, and stays right as time goes by, since all hits age alike.
"""

from __future__ import annotations

from datetime import UTC, datetime

HALF_LIFE = 14.0  # days; estimate: an offer found two weeks ago has done half of its harm
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def rank(harm: float, first_seen: datetime) -> float:
    """The place of a hit in the order of work; higher ones first."""
    return harm + (first_seen - _BEGIN).total_seconds() / 86_400 / HALF_LIFE
