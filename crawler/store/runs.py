"""Runs (crawls, nights, rematches, replays), their progress, and named values that outlive a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from attrs import Factory, frozen
from sqlalchemy import Row, func, insert, or_, select, update

from crawler.items import UnitState
from crawler.store import schema
from crawler.store.database import Repository, read_connection, upsert, write_transaction

CRAWL_RUN = "crawl"
NIGHT_RUN = "night"
REMATCH_RUN = "rematch"
REPLAY_RUN = "replay"  # of an archive, done by workers
PACE_WINDOW = timedelta(minutes=10)  # over which units per minute are counted
_runs, _units, _marks = schema.runs, schema.units, schema.marks


@frozen(kw_only=True)
class Run:
    """A run. `outcome` is done or unhealthy, None while it is not finished; `counts` are by platform.

    `planned` are the platforms whose first wave has been planned.
    """

    id: str
    night: str
    started: datetime
    kind: str = CRAWL_RUN
    finished: datetime | None = None
    outcome: str | None = None
    counts: Mapping[str, Any] = Factory(dict)
    planned: tuple[str, ...] = ()


@frozen(kw_only=True)
class RunProgress:
    """For each platform: units in each state, units ended per minute lately, seconds its oldest open unit has waited.

    A unit that may not be claimed yet (a pause after a failure) does not count as waiting.
    """

    states: Mapping[str, Mapping[str, int]] = Factory(dict)
    units_per_minute: Mapping[str, float] = Factory(dict)
    waiting_seconds: Mapping[str, float] = Factory(dict)

    @property
    def total_units_per_minute(self) -> float:
        """Units ended per minute, over all platforms."""
        return sum(self.units_per_minute.values())

    @property
    def longest_wait(self) -> tuple[str, float] | None:
        """The platform whose open unit has waited longest, and for how many seconds; None if no unit waits."""
        return (
            max(self.waiting_seconds.items(), key=lambda platform_wait: platform_wait[1])
            if self.waiting_seconds
            else None
        )


class RunLedger(Repository):
    """Runs from start to finish."""

    def start_run(self, run: str, night: str, now: datetime, kind: str = CRAWL_RUN) -> None:
        """Start a run."""
        with write_transaction(self._engine) as connection:
            values = {"id": run, "night": night, "started": now, "counts": {}, "kind": kind, "planned": []}
            connection.execute(insert(_runs).values(**values))

    def finish_run(self, run: str, outcome: str, counts: Mapping[str, Any], now: datetime) -> None:
        """Finish a run."""
        with write_transaction(self._engine) as connection:
            values = {"finished": now, "outcome": outcome, "counts": dict(counts)}
            connection.execute(update(_runs).where(_runs.c.id == run).values(**values))

    def reopen_run(self, run: str) -> None:
        """Make a finished run unfinished again, to continue it."""
        with write_transaction(self._engine) as connection:
            connection.execute(update(_runs).where(_runs.c.id == run).values(finished=None, outcome=None))

    def last_run_id(self) -> str | None:
        """The id of the run that started last; None if there is no run."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(_runs.c.id).order_by(_runs.c.started.desc()).limit(1)).scalar()

    def get_run(self, run: str) -> Run | None:
        """The run of an id; None if there is none."""
        with read_connection(self._engine) as connection:
            row = connection.execute(select(_runs).where(_runs.c.id == run)).first()
        return None if row is None else _run_from_row(row)

    def latest_runs(self, limit: int = 20, kind: str | None = None, night: str | None = None) -> list[Run]:
        """The latest runs, newest first; only of one kind or one night if given."""
        query = select(_runs).order_by(_runs.c.started.desc(), _runs.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(_runs.c.kind == kind)
        if night is not None:
            query = query.where(_runs.c.night == night)
        with read_connection(self._engine) as connection:
            return [_run_from_row(row) for row in connection.execute(query)]

    def run_progress(self, run: str, now: datetime, started: datetime) -> RunProgress:
        """The progress of a run, counted from its units; it began at `started`."""
        of_run, spider = _units.c.run == run, _units.c.spider
        span = min(PACE_WINDOW, max(now - started, timedelta(seconds=1)))
        is_due = or_(_units.c.not_before.is_(None), _units.c.not_before <= now)
        is_waiting = (_units.c.state == UnitState.OPEN) & is_due
        states_query = select(spider, _units.c.state, func.count()).where(of_run).group_by(spider, _units.c.state)
        ended_query = select(spider, func.count()).where(of_run, _units.c.ended_at > now - span).group_by(spider)
        oldest_query = select(spider, func.min(_units.c.planned_at)).where(of_run, is_waiting).group_by(spider)
        states: dict[str, Counter[str]] = {}
        with read_connection(self._engine) as connection:
            for name, state, number in connection.execute(states_query):
                states.setdefault(name, Counter())[state] = number
            minutes = span.total_seconds() / 60
            pace = {name: round(number / minutes, 1) for name, number in connection.execute(ended_query)}
            oldest_planned_at = {name: at for name, at in connection.execute(oldest_query) if at is not None}
        waiting = {name: max(0.0, (now - at).total_seconds()) for name, at in oldest_planned_at.items()}
        return RunProgress(states=states, units_per_minute=pace, waiting_seconds=waiting)


class NamedValues(Repository):
    """Values under a name that outlive a run, such as the version of the registry that was last matched."""

    def get_named_value(self, name: str) -> str | None:
        """The value of a name; None if it has none."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(_marks.c.value).where(_marks.c.name == name)).scalar()

    def put_named_value(self, name: str, value: str) -> None:
        """Set the value of a name."""
        with write_transaction(self._engine) as connection:
            upsert(connection, _marks, [{"name": name, "value": value}])


class Runs(RunLedger, NamedValues):
    """Runs, their progress, and named values."""


def _run_from_row(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(**values | {"planned": tuple(row.planned or ()), "counts": row.counts or {}})
