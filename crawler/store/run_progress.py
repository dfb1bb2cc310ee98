"""How far a run is, counted from the work queue: units by state, units per minute, and the longest wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import Factory, frozen
from sqlalchemy import Engine, func, or_, select

from crawler.store import schema
from crawler.store.database import read_connection

PACE_WINDOW = timedelta(minutes=10)  # over which the pace is reckoned
_units = schema.units


@frozen(kw_only=True)
class RunProgress:
    """Of each platform: units in each state, units ended in a minute lately, seconds that its oldest open unit waits.

    A unit that may not be begun yet (a pause after a failure) does not wait.
    """

    states: Mapping[str, Mapping[str, int]] = Factory(dict)
    units_per_minute: Mapping[str, float] = Factory(dict)
    waiting_seconds: Mapping[str, float] = Factory(dict)

    @property
    def total_units_per_minute(self) -> float:
        """Units ended in a minute, all platforms together."""
        return sum(self.units_per_minute.values())

    @property
    def longest_wait(self) -> tuple[str, float] | None:
        """The platform whose open unit waits longest, and how many seconds."""
        return (
            max(self.waiting_seconds.items(), key=lambda platform_wait: platform_wait[1])
            if self.waiting_seconds
            else None
        )


class RunProgressReader:
    """The ledger, looked at."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run_progress(self, run: str, now: datetime, started: datetime) -> RunProgress:
        """How a run stands; it began at `started`."""
        of_run, spider = _units.c.run == run, _units.c.spider
        span = min(PACE_WINDOW, max(now - started, timedelta(seconds=1)))
        is_due = or_(_units.c.not_before.is_(None), _units.c.not_before <= now)
        states_query = select(spider, _units.c.state, func.count()).where(of_run).group_by(spider, _units.c.state)
        ended_query = select(spider, func.count()).where(of_run, _units.c.ended_at > now - span).group_by(spider)
        oldest_query = select(spider, func.min(_units.c.planned_at)).where(of_run, _units.c.state == "open", is_due)
        states: dict[str, Counter[str]] = {}
        with read_connection(self._engine) as connection:
            for name, state, number in connection.execute(states_query):
                states.setdefault(name, Counter())[state] = number
            minutes = span.total_seconds() / 60
            pace = {name: round(number / minutes, 1) for name, number in connection.execute(ended_query)}
            oldest_planned_at = {
                name: at for name, at in connection.execute(oldest_query.group_by(spider)) if at is not None
            }
        waiting = {name: max(0.0, (now - at).total_seconds()) for name, at in oldest_planned_at.items()}
        return RunProgress(states=states, units_per_minute=pace, waiting_seconds=waiting)
