"""Stored hits whose grounds have changed: read with what was found, written with what is decided now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import Engine, Row, select, update

from crawler.items import Assessment, Finding, Listing
from crawler.ranking import hit_rank
from crawler.store import schema
from crawler.store.engine import read_connection, write_transaction
from crawler.store.values import from_json, to_json

REDECISION_BATCH_SIZE = 500
_hit_rows, _listing_rows = schema.hits, schema.listings


@frozen(kw_only=True)
class StoredHit:
    """A stored hit: its listing as of when it was last seen, what was found, and what was decided."""

    id: str
    work: str
    listing: Listing
    findings: tuple[Finding, ...]
    previous_decision: tuple[str, float, float]
    first_seen: datetime


class HitBatches:
    """Stored hits, to be decided again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def batches_of_works(self, works: Sequence[str]) -> Iterator[list[StoredHit]]:
        """The hits of these works by id, in portions."""
        for start in range(0, len(works), REDECISION_BATCH_SIZE):
            yield from self._batches(_hit_rows.c.work.in_(works[start : start + REDECISION_BATCH_SIZE]))

    def all_batches(self) -> Iterator[list[StoredHit]]:
        """All hits by id, in portions."""
        yield from self._batches(_hit_rows.c.id != "")

    def _batches(self, where: Any) -> Iterator[list[StoredHit]]:
        last_id = ""
        query = (
            select(_hit_rows, _listing_rows.c.value)
            .join(_listing_rows)
            .order_by(_hit_rows.c.id)
            .limit(REDECISION_BATCH_SIZE)
        )
        while True:
            with read_connection(self._engine) as connection:
                rows = connection.execute(query.where(where, _hit_rows.c.id > last_id)).all()
            if not rows:
                return
            last_id = rows[-1].id
            yield [_stored_hit(row) for row in rows]

    def update_decisions(self, changed: Sequence[tuple[StoredHit, Assessment]], now: datetime) -> None:
        """What these hits are now."""
        with write_transaction(self._engine) as connection:
            for stored, assessment in changed:
                values: dict[str, Any] = {
                    "decision": assessment.decision.value,
                    "identity": assessment.identity,
                    "offence": assessment.offence,
                    "findings": to_json(assessment.findings),
                    "rank": hit_rank(assessment.harm, stored.first_seen),
                }
                if assessment.decision.value != stored.previous_decision[0]:
                    values["changed_at"] = now
                connection.execute(update(_hit_rows).where(_hit_rows.c.id == stored.id).values(**values))


def _stored_hit(row: Row[Any]) -> StoredHit:
    return StoredHit(
        id=row.id,
        work=row.work,
        listing=evolve(from_json(row.value, Listing), seen_at=row.last_seen),
        findings=from_json(row.findings, tuple[Finding, ...]),
        previous_decision=(row.decision, row.identity, row.offence),
        first_seen=row.first_seen,
    )
