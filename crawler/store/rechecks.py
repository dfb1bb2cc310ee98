"""Known hits checked again: when each is due, what was found with its proof, and known positives.

A recheck with the same result as the one before doubles the pause, from six hours to fourteen days; a new result resets
it to the shortest. Being blocked says nothing about the hit and leaves the pause as it is. Known positives are listings
that a healthy night must find, so that "no hits" can be distinguished from "saw nothing".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, delete, func, insert, select, update

from crawler.items import Ask, Decision, Outcome
from crawler.store import schema
from crawler.store.database import Repository, listing_id, read_connection, upsert, write_transaction

FIRST_RECHECK_PAUSE = timedelta(hours=6)
MAX_RECHECK_PAUSE = timedelta(days=14)
_checks, _watched, _positives = schema.hit_checks, schema.watched, schema.known_positives
_hits, _listings = schema.hits, schema.listings
_ID_BATCH_SIZE = 500


class RecheckState(StrEnum):
    """The state in which a recheck found a known hit."""

    UP = "up"
    CHANGED = "changed"
    GONE = "gone"
    BLOCKED = "blocked"  # access was refused: by robots.txt, a login or captcha, or the platform
    UNKNOWN = "unknown"
    RETURNED = "returned"  # under a new address


_INCONCLUSIVE_STATES = frozenset({RecheckState.BLOCKED, RecheckState.UNKNOWN})
_OUTCOME_BY_STATE = {RecheckState.UP: Outcome.LIVE, RecheckState.CHANGED: Outcome.LIVE, RecheckState.GONE: Outcome.GONE}


@frozen(kw_only=True)
class Recheck:
    """One answer about a known hit: `endpoint` is the address asked, `digest` that of the answer's bytes."""

    listing: str
    state: RecheckState
    outcome: Outcome
    endpoint: str
    status: str = ""
    digest: str = ""
    told: str = ""
    run: str = ""
    at: datetime


class RecheckSchedule(Repository):
    """When known hits are due to be checked, and what was found."""

    def schedule_new_hits(self, now: datetime) -> int:
        """Schedule the listings of hits that are not scheduled yet; returns how many."""
        shown_decisions = (Decision.HIT.value, Decision.REVIEW.value)
        query = (
            select(_hits.c.listing, _hits.c.platform, func.max(_hits.c.last_seen).label("seen"))
            .where(_hits.c.decision.in_(shown_decisions), _hits.c.listing.not_in(select(_watched.c.listing)))
            .group_by(_hits.c.listing, _hits.c.platform)
        )
        with write_transaction(self._engine) as connection:
            rows = [
                {"listing": row.listing, "platform": row.platform, "next_check": row.seen + FIRST_RECHECK_PAUSE}
                for row in connection.execute(query)
            ]
            for row in rows:
                connection.execute(insert(_watched).values(**row, calm=0, state=RecheckState.UP.value))
        return len(rows)

    def due_asks(self, now: datetime) -> dict[str, list[Ask]]:
        """What is due to be checked, by platform, most overdue first."""
        query = (
            select(_watched.c.platform, _listings.c.value)
            .join(_listings, _listings.c.id == _watched.c.listing)
            .where(_watched.c.next_check <= now)
            .order_by(_watched.c.next_check, _watched.c.listing)
        )
        asks: dict[str, list[Ask]] = {}
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                asks.setdefault(row.platform, []).append(recheck_ask(row.value))
        return asks

    def recheck_history(self, listing: str) -> list[Recheck]:
        """All rechecks of a listing, oldest first."""
        query = select(_checks).where(_checks.c.listing == listing).order_by(_checks.c.id)
        with read_connection(self._engine) as connection:
            return [_recheck_from_row(row) for row in connection.execute(query)]

    def rechecks_of_run(self, run: str) -> list[tuple[str, Recheck]]:
        """(platform, recheck) of all rechecks in a run."""
        query = select(_checks, _listings.c.platform).join(_listings, _listings.c.id == _checks.c.listing)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.where(_checks.c.run == run).order_by(_checks.c.id)).all()
        return [(row.platform, _recheck_from_row(row)) for row in rows]

    def proof_digests(self) -> set[str]:
        """The digests of the bytes that rechecks have as their proof."""
        with read_connection(self._engine) as connection:
            return {digest for digest in connection.execute(select(_checks.c.digest)).scalars() if digest}


@frozen(kw_only=True)
class KnownPositive:
    """A listing known to carry a work, which a healthy run must find."""

    url: str
    platform: str
    work: str


class KnownPositives(Repository):
    """Listings that a healthy run must find."""

    def add_positive(self, positive: KnownPositive, now: datetime) -> None:
        """Add a known positive; one with the same address is replaced."""
        row = {
            "listing": listing_id(positive.url),
            "url": positive.url,
            "platform": positive.platform,
            "work": positive.work,
        }
        with write_transaction(self._engine) as connection:
            upsert(connection, _positives, [{**row, "added_at": now}])

    def remove_positive(self, url: str) -> bool:
        """Remove the known positive of an address; False if there is none."""
        with write_transaction(self._engine) as connection:
            deletion = delete(_positives).where(_positives.c.listing == listing_id(url))
            return bool(connection.execute(deletion).rowcount)

    def all_positives(self) -> list[KnownPositive]:
        """All known positives, by platform and address."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_positives).order_by(_positives.c.platform, _positives.c.url))
            return [KnownPositive(url=row.url, platform=row.platform, work=row.work) for row in rows]

    def missing_positives(self, run: str) -> list[KnownPositive]:
        """The known positives that a run did not find as a hit of their work."""
        shown_decisions = (Decision.HIT.value, Decision.REVIEW.value, Decision.LICENSED.value)
        found_query = select(_hits.c.listing, _hits.c.work).where(
            _hits.c.run == run, _hits.c.decision.in_(shown_decisions)
        )
        with read_connection(self._engine) as connection:
            pairs = {(row.listing, row.work) for row in connection.execute(found_query)}
        return [positive for positive in self.all_positives() if (listing_id(positive.url), positive.work) not in pairs]


class Rechecks(RecheckSchedule, KnownPositives):
    """Known hits checked again, and known positives."""


def recheck_ask(value: dict[str, Any]) -> Ask:
    """The ask that requests a stored listing (`value`) again; for a share, with the code that opened it."""
    links = value.get("links") or [{}]
    return Ask(url=value["url"], code=links[0].get("code") if value.get("kind") == "share" else None)


def recheck_pause(calm: int) -> timedelta:
    """The pause until the next recheck, after `calm` rechecks in a row with the same result."""
    return min(MAX_RECHECK_PAUSE, FIRST_RECHECK_PAUSE * (1 << min(calm, 10)))


def write_rechecks(connection: Connection, rechecks: Sequence[Recheck]) -> None:
    """Store rechecks and schedule the next ones, inside a transaction."""
    for recheck in rechecks:
        row = {
            name: getattr(recheck, name) for name in ("listing", "status", "endpoint", "digest", "told", "run", "at")
        }
        connection.execute(insert(_checks).values(**row, state=recheck.state.value, outcome=recheck.outcome.value))
        _schedule_next(connection, recheck)
        outcome = _OUTCOME_BY_STATE.get(recheck.state, recheck.outcome)
        values: dict[str, Any] = {"outcome": outcome.value}
        if recheck.state in (RecheckState.UP, RecheckState.CHANGED):
            values["last_seen"] = recheck.at
            hits = update(_hits).where(_hits.c.listing == recheck.listing)
            connection.execute(hits.values(last_seen=recheck.at))
        connection.execute(update(_listings).where(_listings.c.id == recheck.listing).values(**values))


def _schedule_next(connection: Connection, recheck: Recheck) -> None:
    watched_row = connection.execute(select(_watched).where(_watched.c.listing == recheck.listing)).first()
    if watched_row is None:
        query = select(_listings.c.platform).where(_listings.c.id == recheck.listing)
        platform, calm, state = connection.execute(query).scalar_one(), 0, RecheckState.UP.value
    else:
        platform, calm, state = watched_row.platform, watched_row.calm, watched_row.state
    if recheck.state not in _INCONCLUSIVE_STATES:
        is_unchanged = recheck.state is RecheckState.UP or recheck.state.value == state == RecheckState.GONE.value
        calm, state = calm + 1 if is_unchanged else 0, recheck.state.value
    row = {"listing": recheck.listing, "platform": platform, "calm": calm, "state": state}
    upsert(connection, _watched, [{**row, "next_check": recheck.at + recheck_pause(calm)}])


def touch_listings(connection: Connection, listings: Iterable[str], run: str, now: datetime) -> None:
    """Mark listings of unchanged pages as seen again, inside a transaction."""
    ids = list(listings)
    live_outcomes = (Outcome.LIVE.value, Outcome.UNCHANGED.value)
    for start in range(0, len(ids), _ID_BATCH_SIZE):
        batch_ids = ids[start : start + _ID_BATCH_SIZE]
        is_still_up = _listings.c.id.in_(batch_ids) & _listings.c.outcome.in_(live_outcomes)
        connection.execute(update(_listings).where(is_still_up).values(last_seen=now, run=run))
        touched_ids = select(_listings.c.id).where(is_still_up)
        connection.execute(update(_hits).where(_hits.c.listing.in_(touched_ids)).values(last_seen=now, run=run))


def _recheck_from_row(row: Any) -> Recheck:
    names = ("listing", "endpoint", "status", "digest", "told", "run", "at")
    fields = {name: getattr(row, name) for name in names}
    return Recheck(**fields, state=RecheckState(row.state), outcome=Outcome(row.outcome))
