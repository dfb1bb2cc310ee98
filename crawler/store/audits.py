"""Pairs drawn for an audit: what the program dropped or decided by itself, for people to look at.

Of every platform and decision some are drawn at random; each stands for as many as there were for each one drawn. Which
ones depends on the run's name alone, so that drawing again draws the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Engine, func, insert, select

from crawler.items import Decision, Verdict
from crawler.store import schema
from crawler.store.engine import reading, writing

AUDITED = (Decision.HIT, Decision.LICENSED, Decision.DROPPED)
_samples, _hits = schema.samples, schema.hits


@frozen(kw_only=True)
class Sample:
    """One drawn pair, what was decided when it was drawn, and what a person says of it (None: nobody has yet)."""

    hit: str
    run: str
    platform: str
    decision: Decision
    stands_for: float
    verdict: Verdict | None


class Audits:
    """Stored samples."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def draw(self, run: str, count: int, now: datetime) -> int:
        """Draw at most `count` pairs of each decision from what a run saw and nobody judged; returns how many."""
        drawn = 0
        with writing(self._engine) as connection:
            if connection.execute(select(func.count()).where(_samples.c.run == run)).scalar_one():
                return 0
            for decision in AUDITED:
                query = select(_hits.c.id, _hits.c.platform).where(_hits.c.run == run, _hits.c.judged.is_(None))
                query = query.where(_hits.c.decision == decision.value, _hits.c.id.not_in(select(_samples.c.hit)))
                rows = connection.execute(query.order_by(_hits.c.id)).all()
                source = random.Random(f"{run} {decision.value}")
                chosen = source.sample(rows, min(count, len(rows)))
                kept: dict[str, Any] = {"run": run, "decision": decision.value, "at": now}
                kept["stands_for"] = len(rows) / max(1, len(chosen))
                for row in sorted(chosen, key=lambda row: row.id):
                    connection.execute(insert(_samples).values(hit=row.id, platform=row.platform, **kept))
                drawn += len(chosen)
        return drawn

    def all(self) -> Iterator[Sample]:
        """All samples, the oldest first."""
        query = select(_samples, _hits.c.judged).join(_hits, _hits.c.id == _samples.c.hit)
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(_samples.c.id)):
                yield Sample(
                    hit=row.hit,
                    run=row.run,
                    platform=row.platform,
                    decision=Decision(row.decision),
                    stands_for=row.stands_for,
                    verdict=Verdict(row.judged) if row.judged else None,
                )

    def waiting(self) -> int:
        """How many nobody has judged yet."""
        query = select(func.count(func.distinct(_samples.c.hit))).select_from(_samples).join(_hits)
        with reading(self._engine) as connection:
            return connection.execute(query.where(_hits.c.judged.is_(None))).scalar_one()
