"""Reading the queue of units of work: which are due, who holds them, and their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import func, or_, select

from crawler.items import UnitKind, UnitState
from crawler.store import schema
from crawler.store.backoff import is_too_far_ahead, select_paused_keys
from crawler.store.database import Repository, read_connection

_units = schema.units


@frozen(kw_only=True)
class DueUnit:
    """A unit that may be claimed."""

    id: int
    spider: str
    kind: UnitKind


@frozen(kw_only=True)
class WorkerActivity:
    """What the queue knows of a worker: units it ended, platforms of the units it holds, its last heartbeat."""

    name: str
    ended_units: int = 0
    platforms: tuple[str, ...] = ()
    last_seen: datetime | None = None


class QueueStatus(Repository):
    """Questions about units of work that change nothing."""

    def due_units(
        self, run: str, now: datetime, after_unit: int = 0, limit_per_platform: int | None = None
    ) -> list[DueUnit]:
        """The units of a run that may be claimed now, in the order in which they should be.

        Only units planned after `after_unit`, and at most `limit_per_platform` of a platform.
        """
        order = (_units.c.wave, _units.c.priority.desc(), _units.c.id)
        place = func.row_number().over(partition_by=_units.c.spider, order_by=order).label("place")
        open_units = select(_units.c.id, _units.c.spider, _units.c.kind, _units.c.wave, _units.c.priority, place)
        open_units = open_units.where(_units.c.run == run, _units.c.id > after_unit, is_free(now), is_due(now))
        is_rematch = _units.c.kind == UnitKind.REMATCH.value
        open_units = open_units.where(is_rematch | ("platform:" + _units.c.spider).not_in(select_paused_keys(now)))
        ranked_units = open_units.subquery()
        query = select(ranked_units)
        if limit_per_platform is not None:
            query = query.where(ranked_units.c.place <= limit_per_platform)
        query = query.order_by(ranked_units.c.wave, ranked_units.c.priority.desc(), ranked_units.c.id)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query).all()
        return [DueUnit(id=row.id, spider=row.spider, kind=UnitKind(row.kind)) for row in rows]

    def last_unit_id(self, run: str) -> int:
        """The id of the unit of a run that was planned last; 0 if there is none."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.max(_units.c.id)).where(_units.c.run == run)).scalar() or 0

    def claimed_units(self, units: Sequence[int]) -> set[int]:
        """The units among these that are claimed, whether their holder is alive or not."""
        query = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == UnitState.DOING)
        with read_connection(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def holders(self) -> list[str]:
        """Every worker that holds a unit of any run."""
        query = select(_units.c.holder).where(_units.c.state == UnitState.DOING).distinct()
        with read_connection(self._engine) as connection:
            return [holder for holder in connection.execute(query).scalars() if holder]

    def worker_activity(self, run: str, lease: int) -> list[WorkerActivity]:
        """Every worker that has worked on a run, by name; a heartbeat extends a claim by `lease` seconds."""
        columns = (_units.c.holder, _units.c.spider, _units.c.state, _units.c.lease)
        workers: dict[str, WorkerActivity] = {}
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(*columns).where(_units.c.run == run, _units.c.holder.is_not(None)))
            for row in rows:
                worker = workers.get(row.holder, WorkerActivity(name=row.holder))
                if row.state == UnitState.DOING:
                    heartbeat = row.lease - timedelta(seconds=lease)
                    last_seen = max(filter(None, (worker.last_seen, heartbeat)))
                    platforms = tuple(sorted((*worker.platforms, row.spider)))
                    workers[row.holder] = evolve(worker, platforms=platforms, last_seen=last_seen)
                else:
                    workers[row.holder] = evolve(worker, ended_units=worker.ended_units + 1)
        return [workers[name] for name in sorted(workers)]

    def count_open_units(self, run: str) -> int:
        """The number of units of a run that are open or being done."""
        query = select(func.count()).where(_units.c.run == run, _units.c.state.in_((UnitState.OPEN, UnitState.DOING)))
        with read_connection(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def count_asks(self, run: str, spider: str, kind: UnitKind) -> int:
        """The number of asks of a kind that a run has planned for a platform."""
        query = select(_units.c.asks).where(_units.c.run == run, _units.c.spider == spider, _units.c.kind == kind.value)
        with read_connection(self._engine) as connection:
            return sum(len(row.asks) for row in connection.execute(query))

    def unit_outcomes(self, run: str) -> list[tuple[str, UnitKind, UnitState, dict[str, Any]]]:
        """(spider, kind, state, outcome) of every unit of a run."""
        query = (
            select(_units.c.spider, _units.c.kind, _units.c.state, _units.c.outcome)
            .where(_units.c.run == run)
            .order_by(_units.c.id)
        )
        with read_connection(self._engine) as connection:
            return [
                (row.spider, UnitKind(row.kind), UnitState(row.state), row.outcome or {})
                for row in connection.execute(query)
            ]


def is_free(now: datetime) -> Any:
    """The condition that a unit is open, or claimed under a lease that ran out."""
    is_silent = or_(_units.c.lease < now, is_too_far_ahead(_units.c.lease, now))
    return or_(_units.c.state == UnitState.OPEN, (_units.c.state == UnitState.DOING) & is_silent)


def is_due(now: datetime) -> Any:
    """The condition that a unit need not wait any longer before it is claimed."""
    not_before = _units.c.not_before
    return or_(not_before.is_(None), not_before <= now, is_too_far_ahead(not_before, now))
