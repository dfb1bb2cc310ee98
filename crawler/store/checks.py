"""Known hits checked again: when each is due, and an append-only record of what was found, with its proof.

A check that says the same as the one before doubles the pause, from hours to fourteen days; one that says something new
begins anew. What is blocked to us says nothing of the hit and changes no pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, func, insert, select, update

from crawler.items import Ask, Decision, Outcome
from crawler.store import schema
from crawler.store.engine import reading, upsert, writing
from crawler.store.values import listing_id

FIRST = timedelta(hours=6)
LONGEST = timedelta(days=14)
_checks, _watched, _hits, _listings = schema.hit_checks, schema.watched, schema.hits, schema.listings
_BATCH = 500


class CheckState(StrEnum):
    """What became of a known hit."""

    UP = "up"
    CHANGED = "changed"
    GONE = "gone"
    BLOCKED = "blocked"  # to us: robots, a wall, the platform
    UNKNOWN = "unknown"
    RETURNED = "returned"  # under a new address


_SAYS_NOTHING = frozenset({CheckState.BLOCKED, CheckState.UNKNOWN})
_OUTCOME = {CheckState.UP: Outcome.LIVE, CheckState.CHANGED: Outcome.LIVE, CheckState.GONE: Outcome.GONE}


@frozen(kw_only=True)
class Check:
    """One answer about a known hit. `endpoint` is what was asked, `digest` that of the answer's bytes."""

    listing: str
    state: CheckState
    outcome: Outcome
    endpoint: str
    status: str = ""
    digest: str = ""
    told: str = ""
    run: str = ""
    at: datetime


class Checks:
    """Rechecks in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def watch_new(self, now: datetime) -> int:
        """Put hits that nobody watches yet on the schedule; returns how many."""
        shown = (Decision.HIT.value, Decision.REVIEW.value)
        query = (
            select(_hits.c.listing, _hits.c.platform, func.max(_hits.c.last_seen).label("seen"))
            .where(_hits.c.decision.in_(shown), _hits.c.listing.not_in(select(_watched.c.listing)))
            .group_by(_hits.c.listing, _hits.c.platform)
        )
        with writing(self._engine) as connection:
            rows = [
                {"listing": row.listing, "platform": row.platform, "next_check": row.seen + FIRST}
                for row in connection.execute(query)
            ]
            for row in rows:
                connection.execute(insert(_watched).values(**row, calm=0, state=CheckState.UP.value))
        return len(rows)

    def due(self, now: datetime) -> dict[str, list[Ask]]:
        """What is to be checked now, by platform, the most overdue first."""
        query = (
            select(_watched.c.platform, _listings.c.value)
            .join(_listings, _listings.c.id == _watched.c.listing)
            .where(_watched.c.next_check <= now)
            .order_by(_watched.c.next_check, _watched.c.listing)
        )
        found: dict[str, list[Ask]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.platform, []).append(ask_again(row.value))
        return found

    def of(self, listing: str) -> list[Check]:
        """Everything that was found of a listing, oldest first."""
        query = select(_checks).where(_checks.c.listing == listing).order_by(_checks.c.id)
        with reading(self._engine) as connection:
            return [_check(row) for row in connection.execute(query)]

    def of_run(self, run: str) -> list[tuple[str, Check]]:
        """(platform, check) of all checks of a run."""
        query = select(_checks, _listings.c.platform).join(_listings, _listings.c.id == _checks.c.listing)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(_checks.c.run == run).order_by(_checks.c.id)).all()
        return [(row.platform, _check(row)) for row in rows]

    def digests(self) -> set[str]:
        """The bytes that checks name as their proof."""
        with reading(self._engine) as connection:
            return {digest for digest in connection.execute(select(_checks.c.digest)).scalars() if digest}


def ask_again(value: dict[str, Any]) -> Ask:
    """What asks for a stored listing again; of a share, with the code it was opened with."""
    links = value.get("links") or [{}]
    return Ask(url=value["url"], code=links[0].get("code") if value.get("kind") == "share" else None)


def pause_after(calm: int) -> timedelta:
    """Until the next check, after `calm` checks in a row that said the same."""
    return min(LONGEST, FIRST * (1 << min(calm, 10)))


def write_checks(connection: Connection, checks: Sequence[Check]) -> None:
    """Record checks and set the next ones, inside a transaction."""
    for check in checks:
        row = {name: getattr(check, name) for name in ("listing", "status", "endpoint", "digest", "told", "run", "at")}
        connection.execute(insert(_checks).values(**row, state=check.state.value, outcome=check.outcome.value))
        _watch(connection, check)
        outcome = _OUTCOME.get(check.state, check.outcome)
        values: dict[str, Any] = {"outcome": outcome.value}
        if check.state in (CheckState.UP, CheckState.CHANGED):
            values["last_seen"] = check.at
            hits = update(_hits).where(_hits.c.listing == check.listing)
            connection.execute(hits.values(last_seen=check.at))
        connection.execute(update(_listings).where(_listings.c.id == check.listing).values(**values))


def _watch(connection: Connection, check: Check) -> None:
    known = connection.execute(select(_watched).where(_watched.c.listing == check.listing)).first()
    if known is None:
        query = select(_listings.c.platform).where(_listings.c.id == check.listing)
        platform, calm, state = connection.execute(query).scalar_one(), 0, CheckState.UP.value
    else:
        platform, calm, state = known.platform, known.calm, known.state
    if check.state not in _SAYS_NOTHING:
        same = check.state is CheckState.UP or check.state.value == state == CheckState.GONE.value
        calm, state = calm + 1 if same else 0, check.state.value
    row = {"listing": check.listing, "platform": platform, "calm": calm, "state": state}
    upsert(connection, _watched, [{**row, "next_check": check.at + pause_after(calm)}])


def touch(connection: Connection, listings: Iterable[str], run: str, now: datetime) -> None:
    """Listings of pages that have not changed were seen again, inside a transaction."""
    ids = list(listings)
    up = (Outcome.LIVE.value, Outcome.UNCHANGED.value)
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH]
        still = _listings.c.id.in_(part) & _listings.c.outcome.in_(up)
        connection.execute(update(_listings).where(still).values(last_seen=now, run=run))
        seen = select(_listings.c.id).where(still)
        connection.execute(update(_hits).where(_hits.c.listing.in_(seen)).values(last_seen=now, run=run))


def _check(row: Any) -> Check:
    names = ("listing", "endpoint", "status", "digest", "told", "run", "at")
    fields = {name: getattr(row, name) for name in names}
    return Check(**fields, state=CheckState(row.state), outcome=Outcome(row.outcome))


def check_of(address: str, **fields: Any) -> Check:
    """A check of the listing of an address."""
    return Check(listing=listing_id(address), **fields)
