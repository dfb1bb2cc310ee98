"""The ledger of units: planned once, claimed by one worker at a time, done only by the worker that holds the claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.errors import StoreError
from crawler.items import Ask, Unit, UnitKind
from crawler.store import schema
from crawler.store.engine import reading, writing
from crawler.store.values import digest, made, plain

_units = schema.units


class ClaimLost(StoreError):
    """Another worker took the unit over; nothing may be written for it any more."""


class Units:
    """Units of work in the database. States: open, doing, done, failed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan(self, run: str, spider: str, kind: UnitKind, wave: int, batches: Iterable[Sequence[Ask]]) -> int:
        """Plan a unit for each batch of asks; those the run already has are left alone. Returns how many are new."""
        with writing(self._engine) as connection:
            return sum(plan_unit(connection, run, spider, kind, wave, batch) for batch in batches)

    def claim(self, run: str, holder: str, now: datetime, lease: int, busy: Sequence[str] = ()) -> Unit | None:
        """The next open unit (or one whose holder fell silent) of a platform not in `busy`, now held by `holder`.

        `lease` is in seconds. Units are handed out by wave, then by plan order.
        """
        free = or_(_units.c.state == "open", (_units.c.state == "doing") & (_units.c.lease < now))
        due = or_(_units.c.not_before.is_(None), _units.c.not_before <= now)
        with writing(self._engine) as connection:
            query = select(_units).where(_units.c.run == run, free, due, _units.c.spider.not_in(busy))
            query = query.order_by(_units.c.wave, _units.c.id).limit(1)
            if connection.dialect.name == "postgresql":
                query = query.with_for_update(skip_locked=True)
            row = connection.execute(query).first()
            if row is None:
                return None
            claim = {
                "state": "doing",
                "holder": holder,
                "lease": now + timedelta(seconds=lease),
                "attempt": row.attempt + 1,
            }
            connection.execute(update(_units).where(_units.c.id == row.id).values(**claim))
        return _unit(row, holder, row.attempt + 1)

    def beat(self, unit: Unit, now: datetime, lease: int) -> bool:
        """Prolong a claim; False if it is no longer ours."""
        with writing(self._engine) as connection:
            values = {"lease": now + timedelta(seconds=lease)}
            return bool(connection.execute(update(_units).where(_held(unit)).values(**values)).rowcount)

    def finish(
        self, unit: Unit, outcome: Mapping[str, Any], follow: Mapping[tuple[str, UnitKind], Sequence[Sequence[Ask]]]
    ) -> None:
        """Mark a unit done and plan what it found to ask next, in one transaction. Raises ClaimLost."""
        with writing(self._engine) as connection:
            values = {"state": "done", "outcome": dict(outcome), "lease": None}
            if not connection.execute(update(_units).where(_held(unit)).values(**values)).rowcount:
                raise ClaimLost(f"unit {unit.id} was taken over")
            for (spider, kind), batches in follow.items():
                for batch in batches:
                    plan_unit(connection, unit.run, spider, kind, unit.wave + 1, batch)

    def fail(self, unit: Unit, outcome: Mapping[str, Any], again_at: datetime | None) -> None:
        """Give a unit back: open again from `again_at` on, or failed for good where that is None. Raises ClaimLost."""
        state = "open" if again_at else "failed"
        with writing(self._engine) as connection:
            values = {"state": state, "outcome": dict(outcome), "lease": None, "not_before": again_at, "holder": None}
            if not connection.execute(update(_units).where(_held(unit)).values(**values)).rowcount:
                raise ClaimLost(f"unit {unit.id} was taken over")

    def unfinished(self, run: str) -> int:
        """How many units of a run are open or being done."""
        query = select(func.count()).where(_units.c.run == run, _units.c.state.in_(("open", "doing")))
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def asked(self, run: str, spider: str, kind: UnitKind) -> int:
        """How many asks of a kind a run has planned for a platform."""
        query = select(_units.c.asks).where(_units.c.run == run, _units.c.spider == spider, _units.c.kind == kind.value)
        with reading(self._engine) as connection:
            return sum(len(row.asks) for row in connection.execute(query))

    def outcomes(self, run: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(spider, kind, state, outcome) of every unit of a run."""
        query = (
            select(_units.c.spider, _units.c.kind, _units.c.state, _units.c.outcome)
            .where(_units.c.run == run)
            .order_by(_units.c.id)
        )
        with reading(self._engine) as connection:
            return [(row.spider, row.kind, row.state, row.outcome or {}) for row in connection.execute(query)]


def plan_unit(connection: Connection, run: str, spider: str, kind: UnitKind, wave: int, asks: Sequence[Ask]) -> bool:
    """Plan one unit inside a transaction; False if the run already has it."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"run": run, "spider": spider, "kind": kind.value, "wave": wave, "state": "open", "attempt": 0}
    statement = make(_units).values(**row, key=digest(tuple(asks)), asks=plain(tuple(asks)))
    return connection.execute(statement.on_conflict_do_nothing().returning(_units.c.id)).first() is not None


def fence(connection: Connection, unit: Unit) -> None:
    """Raise ClaimLost inside a transaction unless the unit is still held by its holder."""
    query = select(_units.c.id).where(_held(unit))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    if connection.execute(query).first() is None:
        raise ClaimLost(f"unit {unit.id} was taken over")


def _held(unit: Unit) -> Any:
    return (
        (_units.c.id == unit.id)
        & (_units.c.holder == unit.holder)
        & (_units.c.attempt == unit.attempt)
        & (_units.c.state == "doing")
    )


def _unit(row: Row[Any], holder: str, attempt: int) -> Unit:
    asks = made(row.asks, tuple[Ask, ...])
    return Unit(
        id=row.id,
        run=row.run,
        spider=row.spider,
        kind=UnitKind(row.kind),
        wave=row.wave,
        asks=asks,
        attempt=attempt,
        holder=holder,
    )
