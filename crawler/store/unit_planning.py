"""Planning units of work: each content once per run; the first wave platform by platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.items import Ask, UnitKind
from crawler.store import schema
from crawler.store.database import to_json, value_digest

FIRST_WAVE_BY_KIND = {UnitKind.RECHECK: 4}  # after questions, details and shares: what these have seen needs no recheck
AskBatches = Mapping[tuple[str, UnitKind], Sequence[Sequence[Ask]]]


def plan_unit(
    connection: Connection, run: str, spider: str, kind: UnitKind, wave: int, asks: Sequence[Ask], priority: int = 0
) -> bool:
    """Plan one unit inside a transaction; False if the run already has it."""
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row: dict[str, Any] = {
        "run": run,
        "spider": spider,
        "kind": kind.value,
        "wave": wave,
        "state": "open",
        "attempt": 0,
    }
    row["planned_at"] = datetime.now(UTC)
    key = value_digest(tuple(evolve(ask, form=None) for ask in asks))
    statement = dialect_insert(schema.units).values(**row, priority=priority, key=key, asks=to_json(tuple(asks)))
    return connection.execute(statement.on_conflict_do_nothing().returning(schema.units.c.id)).first() is not None


def plan_platform(connection: Connection, run: str, spider: str, batches: AskBatches, priority: int) -> bool:
    """Plan a platform's first wave inside a transaction; False if this run has planned it before.

    Planned once only: the registry may have changed since, and other portions would ask everything again.
    """
    runs = schema.runs
    planned_platforms = list(connection.execute(select(runs.c.planned).where(runs.c.id == run)).scalar_one())
    if spider in planned_platforms:
        return False
    for (name, kind), portions in batches.items():
        for number, portion in enumerate(portions):
            plan_unit(connection, run, name, kind, FIRST_WAVE_BY_KIND.get(kind, 1), portion, priority - number)
    connection.execute(update(runs).where(runs.c.id == run).values(planned=[*planned_platforms, spider]))
    return True


def plan_follow_ups(connection: Connection, run: str, wave: int, follow_ups: AskBatches) -> None:
    """Plan what a unit gave reason to ask, inside a transaction."""
    for (spider, kind), batches in follow_ups.items():
        for batch in batches:
            plan_unit(connection, run, spider, kind, wave, batch)
