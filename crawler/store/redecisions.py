"""Stored hits whose grounds have changed: read with what was found, written with what is decided now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import Engine, Row, select, update

from crawler.items import Assessment, Finding, Listing
from crawler.ranking import rank
from crawler.store import schema
from crawler.store.engine import reading, writing
from crawler.store.values import made, plain

PORTION = 500
_hits, _listings = schema.hits, schema.listings


@frozen(kw_only=True)
class Known:
    """A stored hit: its listing as of when it was last seen, what was found, and what was decided."""

    id: str
    work: str
    listing: Listing
    findings: tuple[Finding, ...]
    decided: tuple[str, float, float]
    first_seen: datetime


class Redecisions:
    """Stored hits, to be decided again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_works(self, works: Sequence[str]) -> Iterator[list[Known]]:
        """The hits of these works by id, in portions."""
        for start in range(0, len(works), PORTION):
            yield from self._portions(_hits.c.work.in_(works[start : start + PORTION]))

    def all(self) -> Iterator[list[Known]]:
        """All hits by id, in portions."""
        yield from self._portions(_hits.c.id != "")

    def _portions(self, where: Any) -> Iterator[list[Known]]:
        last = ""
        query = select(_hits, _listings.c.value).join(_listings).order_by(_hits.c.id).limit(PORTION)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(query.where(where, _hits.c.id > last)).all()
            if not rows:
                return
            last = rows[-1].id
            yield [_known(row) for row in rows]

    def write(self, changed: Sequence[tuple[Known, Assessment]], now: datetime) -> None:
        """What these hits are now."""
        with writing(self._engine) as connection:
            for known, found in changed:
                values: dict[str, Any] = {
                    "decision": found.decision.value,
                    "identity": found.identity,
                    "offence": found.offence,
                    "findings": plain(found.findings),
                    "rank": rank(found.harm, known.first_seen),
                }
                if found.decision.value != known.decided[0]:
                    values["changed_at"] = now
                connection.execute(update(_hits).where(_hits.c.id == known.id).values(**values))


def _known(row: Row[Any]) -> Known:
    return Known(
        id=row.id,
        work=row.work,
        listing=evolve(made(row.value, Listing), seen_at=row.last_seen),
        findings=made(row.findings, tuple[Finding, ...]),
        decided=(row.decision, row.identity, row.offence),
        first_seen=row.first_seen,
    )
