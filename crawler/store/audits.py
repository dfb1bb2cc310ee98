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
from crawler.store.engine import read_connection, write_transaction

AUDITED_DECISIONS = (Decision.HIT, Decision.LICENSED, Decision.DROPPED)
_samples, _hit_table = schema.samples, schema.hits


@frozen(kw_only=True)
class AuditSample:
    """One drawn pair, what was decided when it was drawn, and what a person says of it (None: nobody has yet)."""

    hit: str
    run: str
    platform: str
    decision: Decision
    stands_for: float
    verdict: Verdict | None


class AuditSamples:
    """Stored samples."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def draw_samples(self, run: str, count: int, now: datetime) -> int:
        """Draw at most `count` pairs of each decision from what a run saw and nobody judged; returns how many."""
        total = 0
        with write_transaction(self._engine) as connection:
            if connection.execute(select(func.count()).where(_samples.c.run == run)).scalar_one():
                return 0
            for decision in AUDITED_DECISIONS:
                query = select(_hit_table.c.id, _hit_table.c.platform).where(
                    _hit_table.c.run == run, _hit_table.c.judged.is_(None)
                )
                query = query.where(
                    _hit_table.c.decision == decision.value, _hit_table.c.id.not_in(select(_samples.c.hit))
                )
                rows = connection.execute(query.order_by(_hit_table.c.id)).all()
                generator = random.Random(f"{run} {decision.value}")
                sampled_rows = generator.sample(rows, min(count, len(rows)))
                shared_values: dict[str, Any] = {"run": run, "decision": decision.value, "at": now}
                shared_values["stands_for"] = len(rows) / max(1, len(sampled_rows))
                for row in sorted(sampled_rows, key=lambda row: row.id):
                    connection.execute(insert(_samples).values(hit=row.id, platform=row.platform, **shared_values))
                total += len(sampled_rows)
        return total

    def all_samples(self) -> Iterator[AuditSample]:
        """All samples, the oldest first."""
        query = select(_samples, _hit_table.c.judged).join(_hit_table, _hit_table.c.id == _samples.c.hit)
        with read_connection(self._engine) as connection:
            for row in connection.execute(query.order_by(_samples.c.id)):
                yield AuditSample(
                    hit=row.hit,
                    run=row.run,
                    platform=row.platform,
                    decision=Decision(row.decision),
                    stands_for=row.stands_for,
                    verdict=Verdict(row.judged) if row.judged else None,
                )

    def count_open_samples(self) -> int:
        """How many nobody has judged yet."""
        query = select(func.count(func.distinct(_samples.c.hit))).select_from(_samples).join(_hit_table)
        with read_connection(self._engine) as connection:
            return connection.execute(query.where(_hit_table.c.judged.is_(None))).scalar_one()
