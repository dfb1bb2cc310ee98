"""Until when a platform or a host is left alone: politeness that outlives a crawl, a process and a crash.

A moment further ahead than any pause can be was written before the machine's clock jumped back; it counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Select, select

from crawler.store import schema
from crawler.store.engine import reading, upsert, writing

LONGEST = timedelta(days=2)  # no lease and no pause is longer: Retry-After is heeded up to a day
_clocks = schema.clocks


@frozen(kw_only=True)
class Clock:
    """`key` is platform:NAME or host:HOST:PORT; `failures` of a host count in a row."""

    key: str
    not_before: datetime
    failures: int = 0
    why: str = ""


class Clocks:
    """Pauses in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, clock: Clock) -> None:
        """Leave a host or platform alone until then."""
        with writing(self._engine) as connection:
            put_clock(connection, clock.key, clock.not_before, clock.failures, clock.why)

    def waiting(self, now: datetime) -> Iterable[Clock]:
        """What is left alone now, the longest last."""
        query = select(_clocks).where(_clocks.c.not_before > now, ~ahead(_clocks.c.not_before, now))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_clocks.c.not_before)).all()
        return [Clock(key=row.key, not_before=row.not_before, failures=row.failures, why=row.why) for row in rows]


def put_clock(connection: Connection, key: str, not_before: datetime, failures: int, why: str) -> None:
    """Set a clock inside a transaction; one that already says later stays."""
    known = connection.execute(select(_clocks.c.not_before).where(_clocks.c.key == key)).scalar()
    later = known is not None and not_before < known < not_before + LONGEST
    row = {"key": key, "not_before": known if later else not_before, "failures": failures, "why": why}
    upsert(connection, _clocks, [row])


def resting(now: datetime) -> Select[Any]:
    """The keys of all that is left alone now, as a subquery."""
    return select(_clocks.c.key).where(_clocks.c.not_before > now, ~ahead(_clocks.c.not_before, now))


def rest_of(connection: Connection, key: str, now: datetime) -> datetime | None:
    """Until when one of them is left alone, inside a transaction; None where it is not."""
    query = select(_clocks.c.not_before).where(_clocks.c.key == key, _clocks.c.not_before > now)
    until: datetime | None = connection.execute(query.where(~ahead(_clocks.c.not_before, now))).scalar()
    return until


def ahead(moment: Any, now: datetime) -> Any:
    """Whether a stored moment lies further ahead than any can: the clock has jumped back since."""
    return moment > now + LONGEST
