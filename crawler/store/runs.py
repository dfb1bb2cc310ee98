"""Runs (crawls, nights, rematches, replays), and named values that outlive a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import Factory, frozen
from sqlalchemy import Engine, Row, insert, select, update

from crawler.store import schema
from crawler.store.database import read_connection, upsert, write_transaction

CRAWL_RUN = "crawl"
NIGHT_RUN = "night"
REMATCH_RUN = "rematch"
REPLAY_RUN = "replay"  # an archive, asked by workers
_runs = schema.runs


@frozen(kw_only=True)
class Run:
    """A run as it stands. `outcome` is done or unhealthy, None while it is not finished; `counts` by platform."""

    id: str
    night: str
    started: datetime
    kind: str = CRAWL_RUN
    finished: datetime | None = None
    outcome: str | None = None
    counts: Mapping[str, Any] = Factory(dict)
    planned: tuple[str, ...] = ()


class Runs:
    """Runs in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start_run(self, run: str, night: str, now: datetime, kind: str = CRAWL_RUN) -> None:
        """Open a run."""
        with write_transaction(self._engine) as connection:
            values = {"id": run, "night": night, "started": now, "counts": {}, "kind": kind, "planned": []}
            connection.execute(insert(_runs).values(**values))

    def finish_run(self, run: str, outcome: str, counts: Mapping[str, Any], now: datetime) -> None:
        """Close a run."""
        with write_transaction(self._engine) as connection:
            values = {"finished": now, "outcome": outcome, "counts": dict(counts)}
            connection.execute(update(_runs).where(_runs.c.id == run).values(**values))

    def reopen_run(self, run: str) -> None:
        """Go on with a run that was finished."""
        with write_transaction(self._engine) as connection:
            connection.execute(update(_runs).where(_runs.c.id == run).values(finished=None, outcome=None))

    def last_run_id(self) -> str | None:
        """The id of the run that started last."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(_runs.c.id).order_by(_runs.c.started.desc()).limit(1)).scalar()

    def get_run(self, run: str) -> Run | None:
        """A run by its id."""
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_runs).where(_runs.c.id == run)).first()
        return None if row is None else _run_from_row(row)

    def latest_runs(self, limit: int = 20, kind: str | None = None, night: str | None = None) -> list[Run]:
        """Runs, the latest first; of one kind, of one night, where given."""
        query = select(_runs).order_by(_runs.c.started.desc(), _runs.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(_runs.c.kind == kind)
        if night is not None:
            query = query.where(_runs.c.night == night)
        with read_connection(self._engine) as connection:
            return [_run_from_row(row) for row in connection.execute(query)]


def _run_from_row(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(**values | {"planned": tuple(row.planned or ()), "counts": row.counts or {}})


class NamedValues:
    """Names and values in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_value(self, name: str) -> str | None:
        """The value of a name."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(schema.marks.c.value).where(schema.marks.c.name == name)).scalar()

    def put_value(self, name: str, value: str) -> None:
        """Set a value."""
        with write_transaction(self._engine) as connection:
            upsert(connection, schema.marks, [{"name": name, "value": value}])
