"""Until when a platform or host is paused: back-off that outlives a crawl, a process and a crash.

A stored time further ahead than any pause can be was written before the machine's clock jumped back; it is ignored.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Select, select

from crawler.store import schema
from crawler.store.database import Repository, read_connection, upsert, write_transaction

MAX_PAUSE = timedelta(days=2)  # no lease and no pause is longer: Retry-After is heeded up to a day
_clocks = schema.clocks


@frozen(kw_only=True)
class Backoff:
    """A pause. `key` is platform:NAME or host:HOST:PORT; `failures` are a host's failures in a row."""

    key: str
    not_before: datetime
    failures: int = 0
    why: str = ""


class Backoffs(Repository):
    """Pauses of platforms and hosts."""

    def set_backoff(self, backoff: Backoff) -> None:
        """Pause a platform or host; a pause that already lasts longer keeps its end."""
        with write_transaction(self._engine) as connection:
            write_backoff(connection, backoff.key, backoff.not_before, backoff.failures, backoff.why)

    def active_backoffs(self, now: datetime) -> list[Backoff]:
        """The pauses in force now, the longest last."""
        query = select(_clocks).where(_is_active(now)).order_by(_clocks.c.not_before)
        with read_connection(self._engine) as connection:
            return [Backoff(**row._mapping) for row in connection.execute(query)]


def write_backoff(connection: Connection, key: str, not_before: datetime, failures: int, why: str) -> None:
    """Set a pause inside a transaction; a pause that already lasts longer keeps its end."""
    stored_until = connection.execute(select(_clocks.c.not_before).where(_clocks.c.key == key)).scalar()
    is_stored_later = stored_until is not None and not_before < stored_until < not_before + MAX_PAUSE
    row = {"key": key, "not_before": stored_until if is_stored_later else not_before, "failures": failures, "why": why}
    upsert(connection, _clocks, [row])


def select_paused_keys(now: datetime) -> Select[Any]:
    """A subquery of the keys that are paused now."""
    return select(_clocks.c.key).where(_is_active(now))


def paused_until(connection: Connection, key: str, now: datetime) -> datetime | None:
    """Until when a key is paused, inside a transaction; None if it is not."""
    query = select(_clocks.c.not_before).where(_clocks.c.key == key, _is_active(now))
    until: datetime | None = connection.execute(query).scalar()
    return until


def is_too_far_ahead(moment: Any, now: datetime) -> Any:
    """Whether a stored time lies further ahead than it can: the clock has jumped back since it was written."""
    return moment > now + MAX_PAUSE


def _is_active(now: datetime) -> Any:
    return (_clocks.c.not_before > now) & ~is_too_far_ahead(_clocks.c.not_before, now)
