"""How good decisions are: pairs drawn for an audit, and the calibrated weights that were applied.

An audit draws pairs of every decision at random; each stands for as many pairs as there were for each one drawn. The
draw depends on the run's name alone, so it can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, func, insert, or_, select

from crawler.items import Decision, Verdict
from crawler.store import schema
from crawler.store.database import Repository, read_connection, write_transaction

AUDITED_DECISIONS = (Decision.HIT, Decision.LICENSED, Decision.DROPPED)
_samples, _hits, _calibrations = schema.samples, schema.hits, schema.calibrations


@frozen(kw_only=True)
class AuditSample:
    """A drawn pair: what was decided when it was drawn, and the current verdict (None: nobody has judged it yet)."""

    hit: str
    run: str
    platform: str
    decision: Decision
    stands_for: float
    verdict: Verdict | None


def is_reviewed_hit() -> ColumnElement[bool]:
    """The condition that a person judged a hit, ever, or that an audit drew it: such a hit is never deleted."""
    return or_(_hits.c.id.in_(select(schema.judgements.c.hit)), _hits.c.id.in_(select(_samples.c.hit)))


class AuditSamples(Repository):
    """Pairs drawn for an audit."""

    def draw_samples(self, run: str, count: int, now: datetime) -> int:
        """Draw at most `count` unjudged pairs of each decision from a run, once per run; returns how many."""
        total = 0
        with write_transaction(self._engine) as connection:
            if connection.execute(select(func.count()).where(_samples.c.run == run)).scalar_one():
                return 0
            for decision in AUDITED_DECISIONS:
                query = select(_hits.c.id, _hits.c.platform).where(_hits.c.run == run, _hits.c.judged.is_(None))
                query = query.where(_hits.c.decision == decision.value, _hits.c.id.not_in(select(_samples.c.hit)))
                rows = connection.execute(query.order_by(_hits.c.id)).all()
                generator = random.Random(f"{run} {decision.value}")
                sampled_rows = generator.sample(rows, min(count, len(rows)))
                shared_values: dict[str, Any] = {"run": run, "decision": decision.value, "at": now}
                shared_values["stands_for"] = len(rows) / max(1, len(sampled_rows))
                for row in sorted(sampled_rows, key=lambda row: row.id):
                    connection.execute(insert(_samples).values(hit=row.id, platform=row.platform, **shared_values))
                total += len(sampled_rows)
        return total

    def all_samples(self) -> Iterator[AuditSample]:
        """All samples, oldest first."""
        query = select(_samples, _hits.c.judged).join(_hits, _hits.c.id == _samples.c.hit)
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
        """The number of sampled hits that nobody has judged yet."""
        query = select(func.count(func.distinct(_samples.c.hit))).select_from(_samples).join(_hits)
        with read_connection(self._engine) as connection:
            return connection.execute(query.where(_hits.c.judged.is_(None))).scalar_one()


@frozen(kw_only=True)
class AppliedCalibration:
    """An applied calibration. `weights` is None for those that ship; `told` has the figures before and after."""

    id: int
    weights: Mapping[str, Any] | None
    told: Mapping[str, Any]
    by: str
    at: datetime


class Calibrations(Repository):
    """Calibrated weights that were applied, as a history."""

    def all_calibrations(self) -> list[AppliedCalibration]:
        """Every calibration applied so far, oldest first; the last one is in force."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_calibrations).order_by(_calibrations.c.id))
            return [AppliedCalibration(**row._mapping) for row in rows]

    def apply_calibration(
        self, weights: Mapping[str, Any] | None, figures: Mapping[str, Any], by: str, at: datetime
    ) -> int:
        """Put weights into force (None: those that ship); returns the calibration's number."""
        row = {"weights": weights, "told": figures, "by": by, "at": at}
        with write_transaction(self._engine) as connection:
            inserted_row = connection.execute(insert(_calibrations).values(**row))
            return int(inserted_row.inserted_primary_key[0])  # type: ignore[index]
