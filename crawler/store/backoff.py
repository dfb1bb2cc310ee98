"""Until when a platform or host is left alone: back-off that outlives a crawl, a process and a crash.

A time further ahead than any pause can be was written before the machine's clock jumped back; it is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Select, select

from crawler.store import schema
from crawler.store.database import read_connection, upsert, write_transaction

MAX_PAUSE = timedelta(days=2)  # no lease and no pause is longer: Retry-After is heeded up to a day
_clocks = schema.clocks


@frozen(kw_only=True)
class Backoff:
    """`key` is platform:NAME or host:HOST:PORT; `failures` of a host count in a row."""

    key: str
    not_before: datetime
    failures: int = 0
    why: str = ""


class Backoffs:
    """Pauses in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set_backoff(self, backoff: Backoff) -> None:
        """Leave a host or platform alone until then."""
        with write_transaction(self._engine) as connection:
            write_backoff(connection, backoff.key, backoff.not_before, backoff.failures, backoff.why)

    def active_backoffs(self, now: datetime) -> Iterable[Backoff]:
        """What is left alone now, the longest last."""
        query = select(_clocks).where(_clocks.c.not_before > now, ~is_too_far_ahead(_clocks.c.not_before, now))
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.order_by(_clocks.c.not_before)).all()
        return [Backoff(key=row.key, not_before=row.not_before, failures=row.failures, why=row.why) for row in rows]


def write_backoff(connection: Connection, key: str, not_before: datetime, failures: int, why: str) -> None:
    """Set a clock inside a transaction; one that already says later stays."""
    stored_until = connection.execute(select(_clocks.c.not_before).where(_clocks.c.key == key)).scalar()
    is_stored_later = stored_until is not None and not_before < stored_until < not_before + MAX_PAUSE
    row = {"key": key, "not_before": stored_until if is_stored_later else not_before, "failures": failures, "why": why}
    upsert(connection, _clocks, [row])


def select_paused_keys(now: datetime) -> Select[Any]:
    """The keys of all that is left alone now, as a subquery."""
    return select(_clocks.c.key).where(_clocks.c.not_before > now, ~is_too_far_ahead(_clocks.c.not_before, now))


def paused_until(connection: Connection, key: str, now: datetime) -> datetime | None:
    """Until when one of them is left alone, inside a transaction; None where it is not."""
    query = select(_clocks.c.not_before).where(_clocks.c.key == key, _clocks.c.not_before > now)
    until: datetime | None = connection.execute(query.where(~is_too_far_ahead(_clocks.c.not_before, now))).scalar()
    return until


def is_too_far_ahead(moment: Any, now: datetime) -> Any:
    """Whether a stored moment lies further ahead than any can: the clock has jumped back since."""
    return moment > now + MAX_PAUSE
