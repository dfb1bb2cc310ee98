"""The queue of units of work: planned once, claimed by one worker, completed only by the holder of the claim.

States: open -> doing (claimed under a lease) -> done, failed, or open again with a time before which it is not
retried; an open unit may be skipped. A lease that runs out without a heartbeat makes the unit claimable again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import Factory, evolve, frozen
from sqlalchemy import Connection, Engine, Row, Select, func, or_, select, text, update

from crawler.errors import StoreError
from crawler.items import Ask, Outcome, Unit, UnitKind
from crawler.store import schema
from crawler.store.backoff import is_too_far_ahead, paused_until, select_paused_keys, write_backoff
from crawler.store.database import from_json, read_connection, to_json, write_transaction
from crawler.store.pages import CachedPage, write_pages
from crawler.store.rechecks import Recheck, touch_listings, write_rechecks
from crawler.store.unit_planning import AskBatches, plan_follow_ups, plan_platform, plan_unit
from crawler.units import RETRYABLE_OUTCOMES

_units = schema.units
_CLAIM_LOCK_KEY = 0x5744  # PostgreSQL: the advisory lock under which claims are handed out one after the other
_SLOT_LOCK_KEY = 0x5745  # with a platform: the one under which its slots are counted
BUSY_RETRY_DELAY = timedelta(seconds=1)  # after which a platform whose slots are taken is looked at again; an estimate


class ClaimLost(StoreError):
    """Another worker took the unit over; nothing may be written for it any more."""


@frozen(kw_only=True)
class UnitResult:
    """What becomes of a unit after an attempt, written in one transaction.

    `unanswered_asks` are the asks that no definite answer came for: with `retry_at` the unit is open again for them.
    Without it it is done if any attempt brought something definite, else (or where something was lost) failed.
    `platform_paused_until` is until when its platform is left alone.
    """

    outcome: Mapping[str, Any]
    follow_ups: AskBatches = Factory(dict)
    pages: Sequence[CachedPage] = ()
    checks: Sequence[Recheck] = ()
    unchanged_listings: Sequence[str] = ()  # listings
    seen_at: datetime | None = None  # by the session's clock
    unanswered_asks: Sequence[Ask] = ()
    retry_at: datetime | None = None
    has_losses: bool = False
    platform_paused_until: datetime | None = None


@frozen(kw_only=True)
class DueUnit:
    """A unit that may be begun."""

    id: int
    spider: str
    kind: UnitKind


@frozen(kw_only=True)
class WorkerActivity:
    """A worker by what the ledger knows of it: units ended, platforms of those it holds, when it last prolonged one."""

    name: str
    ended_units: int = 0
    platforms: tuple[str, ...] = ()
    last_seen: datetime | None = None


class WorkQueue:
    """Units of work in the database. States: open, doing, done, failed, skipped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan_units(self, run: str, spider: str, kind: UnitKind, wave: int, batches: Iterable[Sequence[Ask]]) -> int:
        """Plan a unit for each batch of asks; those the run already has are left alone. Returns how many are new."""
        with write_transaction(self._engine) as connection:
            return sum(plan_unit(connection, run, spider, kind, wave, batch) for batch in batches)

    def plan_platform(self, run: str, spider: str, batches_by_kind: AskBatches, priority: int = 0) -> bool:
        """Plan a platform's first wave, all or nothing; False if this run has planned it before."""
        with write_transaction(self._engine) as connection:
            return plan_platform(connection, run, spider, batches_by_kind, priority)

    def claim_next(
        self,
        run: str,
        holder: str,
        now: datetime,
        lease: int,
        busy_platforms: Sequence[str] = (),
        exclusive: bool = False,
    ) -> Unit | None:
        """The next open unit (or one whose holder fell silent) of a platform not in `busy_platforms`, now held by
        `holder`.

        `lease` is in seconds. Units are handed out by wave, priority, then plan order; none of a platform that is left
        alone. `exclusive`: none of a platform that anybody else, in any run, is working on.
        """
        with write_transaction(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_CLAIM_LOCK_KEY})"))
            row = connection.execute(_claimable_query(run, now, busy_platforms, exclusive)).first()
            if row is None:
                return None
            claim_values = {
                "state": "doing",
                "holder": holder,
                "lease": now + timedelta(seconds=lease),
                "attempt": row.attempt + 1,
            }
            connection.execute(update(_units).where(_units.c.id == row.id).values(**claim_values))
        return _unit_from_row(row, holder, row.attempt + 1)

    def claim(
        self, unit_id: int, holder: str, now: datetime, lease: int, slots: Mapping[str, int] | None = None
    ) -> Unit | datetime | None:
        """Claim this very unit, unless as many others of its platform are being done as it has `slots` (else 1).

        None where it is done, held by somebody alive, or not due; a moment where its platform is to be left alone till
        then. A unit that asks the platform nothing (rematch) neither waits for it nor takes a slot.
        """
        with write_transaction(self._engine) as connection:
            query = select(_units).where(_units.c.id == unit_id, _is_free(now), _is_due(now))
            if connection.dialect.name == "postgresql":
                query = query.with_for_update(skip_locked=True)
            row = connection.execute(query).first()
            if row is None:
                return None
            if row.kind != UnitKind.REMATCH.value and (
                until := _platform_wait(connection, row, now, (slots or {}).get(row.spider, 1))
            ):
                return until
            claim_values = {"holder": holder, "lease": now + timedelta(seconds=lease), "attempt": row.attempt + 1}
            connection.execute(update(_units).where(_units.c.id == unit_id).values(state="doing", **claim_values))
        return _unit_from_row(row, holder, row.attempt + 1)

    def due_units(
        self, run: str, now: datetime, after_unit: int = 0, limit_per_platform: int | None = None
    ) -> list[DueUnit]:
        """The units of a run (planned after that one) that may be begun now, in the order in which they should be.

        At most so many of a platform.
        """
        order = (_units.c.wave, _units.c.priority.desc(), _units.c.id)
        place = func.row_number().over(partition_by=_units.c.spider, order_by=order).label("place")
        open_units = select(_units.c.id, _units.c.spider, _units.c.kind, _units.c.wave, _units.c.priority, place)
        open_units = open_units.where(_units.c.run == run, _units.c.id > after_unit, _is_free(now), _is_due(now))
        is_rematch = _units.c.kind == UnitKind.REMATCH.value
        open_units = open_units.where(is_rematch | ("platform:" + _units.c.spider).not_in(select_paused_keys(now)))
        ranked_units = open_units.subquery()
        query = (
            select(ranked_units)
            if limit_per_platform is None
            else select(ranked_units).where(ranked_units.c.place <= limit_per_platform)
        )
        with read_connection(self._engine) as connection:
            rows = connection.execute(
                query.order_by(ranked_units.c.wave, ranked_units.c.priority.desc(), ranked_units.c.id)
            ).all()
        return [DueUnit(id=row.id, spider=row.spider, kind=UnitKind(row.kind)) for row in rows]

    def last_unit_id(self, run: str) -> int:
        """The unit of a run that was planned last; 0 where there is none."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.max(_units.c.id)).where(_units.c.run == run)).scalar() or 0

    def heartbeat(self, unit: Unit, now: datetime, lease: int) -> bool:
        """Prolong a claim; False if it is no longer ours."""
        with write_transaction(self._engine) as connection:
            values = {"lease": now + timedelta(seconds=lease)}
            return bool(connection.execute(update(_units).where(_is_held(unit)).values(**values)).rowcount)

    def complete(self, unit: Unit, result: UnitResult) -> str:
        """Record an attempt; returns the unit's new state. Raises ClaimLost, and then nothing was written."""
        with write_transaction(self._engine) as connection:
            check_claim(connection, unit)
            earlier_outcome = connection.execute(select(_units.c.outcome).where(_units.c.id == unit.id)).scalar()
            outcome = merge_outcomes(earlier_outcome or {}, result.outcome)
            state = _next_state(result, outcome)
            if result.unanswered_asks and state != "open":
                outcome["left"] = len(result.unanswered_asks)
            values: dict[str, Any] = {"state": state, "outcome": outcome, "lease": None}
            if state != "open":
                values["ended_at"] = datetime.now(UTC)
            else:
                values |= {
                    "asks": to_json(tuple(result.unanswered_asks)),
                    "not_before": result.retry_at,
                    "holder": None,
                }
            connection.execute(update(_units).where(_units.c.id == unit.id).values(**values))
            plan_follow_ups(connection, unit.run, unit.wave + 1, result.follow_ups)
            write_pages(connection, result.pages)
            write_rechecks(connection, result.checks)
            if result.unchanged_listings and result.seen_at is not None:
                touch_listings(connection, result.unchanged_listings, unit.run, result.seen_at)
            if result.platform_paused_until is not None:
                write_backoff(connection, f"platform:{unit.spider}", result.platform_paused_until, 0, "pace")
        return state

    def finish_unit(
        self, unit: Unit, outcome: Mapping[str, Any], follow: Mapping[tuple[str, UnitKind], Sequence[Sequence[Ask]]]
    ) -> None:
        """Mark a unit done and plan what it found to ask next, in one transaction. Raises ClaimLost."""
        self.complete(unit, UnitResult(outcome=outcome, follow_ups=follow))

    def retry_or_fail(self, unit: Unit, outcome: Mapping[str, Any], again_at: datetime | None) -> None:
        """Give a unit back: open again from `retry_at` on, or failed for good where that is None. Raises ClaimLost."""
        self.complete(unit, UnitResult(outcome=outcome, unanswered_asks=unit.asks, retry_at=again_at, has_losses=True))

    def release(self, holders: Sequence[str]) -> int:
        """Take back what these holders (known to be dead) were doing; returns how many units."""
        with write_transaction(self._engine) as connection:
            claimed_units = (_units.c.state == "doing") & _units.c.holder.in_(holders)
            values = {"state": "open", "holder": None, "lease": None}
            return connection.execute(update(_units).where(claimed_units).values(**values)).rowcount

    def release_silent_units(self, units: Sequence[int], before: datetime) -> set[int]:
        """Take these units back from holders who fell silent; returns those that nobody holds now.

        Only where the lease ends `before` that moment: whoever has just taken or prolonged one keeps it.
        """
        with write_transaction(self._engine) as connection:
            expired_units = (_units.c.state == "doing") & _units.c.id.in_(units) & (_units.c.lease < before)
            values = {"state": "open", "holder": None, "lease": None}
            connection.execute(update(_units).where(expired_units).values(**values))
            still_claimed = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == "doing")
            return set(units) - set(connection.execute(still_claimed).scalars())

    def claimed_units(self, units: Sequence[int]) -> set[int]:
        """Those of these units that somebody is doing, alive or not."""
        query = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == "doing")
        with read_connection(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def holders(self) -> list[str]:
        """Everybody who holds a unit of any run."""
        query = select(_units.c.holder).where(_units.c.state == "doing").distinct()
        with read_connection(self._engine) as connection:
            return [holder for holder in connection.execute(query).scalars() if holder]

    def worker_activity(self, run: str, lease: int) -> list[WorkerActivity]:
        """Everybody who has worked on a run, by name; `lease` in seconds is what a sign of life prolongs a claim by."""
        columns = (_units.c.holder, _units.c.spider, _units.c.state, _units.c.lease)
        workers: dict[str, WorkerActivity] = {}
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(*columns).where(_units.c.run == run, _units.c.holder.is_not(None)))
            for row in rows:
                worker = workers.get(row.holder, WorkerActivity(name=row.holder))
                if row.state == "doing":
                    sign_of_life = row.lease - timedelta(seconds=lease)
                    last_seen = max(filter(None, (worker.last_seen, sign_of_life)))
                    worker = evolve(
                        worker, platforms=tuple(sorted((*worker.platforms, row.spider))), last_seen=last_seen
                    )
                workers[row.holder] = evolve(worker, ended_units=worker.ended_units + (row.state != "doing"))
        return [workers[name] for name in sorted(workers)]

    def skip_units(self, run: str, spider: str | None = None) -> int:
        """Ask nothing further of a platform (or of any) in this run; returns how many units are skipped."""
        with write_transaction(self._engine) as connection:
            open_units = (_units.c.run == run) & (_units.c.state == "open")
            if spider is not None:
                open_units &= _units.c.spider == spider
            return connection.execute(update(_units).where(open_units).values(state="skipped")).rowcount

    def count_open_units(self, run: str) -> int:
        """How many units of a run are open or being done."""
        query = select(func.count()).where(_units.c.run == run, _units.c.state.in_(("open", "doing")))
        with read_connection(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def count_asks(self, run: str, spider: str, kind: UnitKind) -> int:
        """How many asks of a kind a run has planned for a platform."""
        query = select(_units.c.asks).where(_units.c.run == run, _units.c.spider == spider, _units.c.kind == kind.value)
        with read_connection(self._engine) as connection:
            return sum(len(row.asks) for row in connection.execute(query))

    def unit_outcomes(self, run: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(spider, kind, state, outcome) of every unit of a run."""
        query = (
            select(_units.c.spider, _units.c.kind, _units.c.state, _units.c.outcome)
            .where(_units.c.run == run)
            .order_by(_units.c.id)
        )
        with read_connection(self._engine) as connection:
            return [(row.spider, row.kind, row.state, row.outcome or {}) for row in connection.execute(query)]


def merge_outcomes(earlier: Mapping[str, Any], latest: Mapping[str, Any]) -> dict[str, Any]:
    """The outcomes of two attempts as one: numbers and tables of numbers are added, lists put together."""
    total = dict(earlier)
    for name, value in latest.items():
        earlier_value = total.get(name)
        if isinstance(value, dict) and isinstance(earlier_value, dict):
            total[name] = dict(Counter(earlier_value) + Counter(value))
        elif isinstance(value, (int, list)) and earlier_value is not None:
            total[name] = earlier_value + value
        else:
            total[name] = value
    return total


def _next_state(result: UnitResult, total_outcome: Mapping[str, Any]) -> str:
    if not result.unanswered_asks:
        return "done"
    if result.retry_at is not None:
        return "open"
    has_definite_answer = any(
        Outcome(page_outcome) not in RETRYABLE_OUTCOMES for page_outcome in total_outcome.get("pages", {})
    )
    return "done" if has_definite_answer and not result.has_losses else "failed"


def check_claim(connection: Connection, unit: Unit) -> None:
    """Raise ClaimLost inside a transaction unless the unit is still held by its holder."""
    query = select(_units.c.id).where(_is_held(unit))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    if connection.execute(query).first() is None:
        raise ClaimLost(f"unit {unit.id} was taken over")


def _claimable_query(run: str, now: datetime, busy_platforms: Sequence[str], exclusive: bool) -> Select[Any]:
    query = select(_units).where(
        _units.c.run == run, _is_free(now), _is_due(now), _units.c.spider.not_in(busy_platforms)
    )
    query = query.where(("platform:" + _units.c.spider).not_in(select_paused_keys(now)))
    if exclusive:
        others = schema.units.alias("others")
        is_alive = (others.c.state == "doing") & (others.c.lease >= now) & ~is_too_far_ahead(others.c.lease, now)
        query = query.where(_units.c.spider.not_in(select(others.c.spider).where(is_alive)))
    return query.order_by(_units.c.wave, _units.c.priority.desc(), _units.c.id).limit(1)


def _platform_wait(connection: Connection, row: Row[Any], now: datetime, slots: int) -> datetime | None:
    """Until when a unit's platform is to be left alone, inside the transaction that takes it."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:taking, hashtext(:spider))")
        connection.execute(lock, {"taking": _SLOT_LOCK_KEY, "spider": row.spider})
    if until := paused_until(connection, f"platform:{row.spider}", now):
        return until
    other_units = (_units.c.spider == row.spider) & (_units.c.id != row.id) & (_units.c.kind != UnitKind.REMATCH.value)
    is_alive = (_units.c.state == "doing") & (_units.c.lease >= now) & ~is_too_far_ahead(_units.c.lease, now)
    used_slots = connection.execute(select(func.count()).where(other_units, is_alive)).scalar_one()
    return now + BUSY_RETRY_DELAY if used_slots >= slots else None


def _is_free(now: datetime) -> Any:
    """Open, or held by somebody who fell silent."""
    is_silent = or_(_units.c.lease < now, is_too_far_ahead(_units.c.lease, now))
    return or_(_units.c.state == "open", (_units.c.state == "doing") & is_silent)


def _is_due(now: datetime) -> Any:
    not_before = _units.c.not_before
    return or_(not_before.is_(None), not_before <= now, is_too_far_ahead(not_before, now))


def _is_held(unit: Unit) -> Any:
    return (
        (_units.c.id == unit.id)
        & (_units.c.holder == unit.holder)
        & (_units.c.attempt == unit.attempt)
        & (_units.c.state == "doing")
    )


def _unit_from_row(row: Row[Any], holder: str, attempt: int) -> Unit:
    asks = from_json(row.asks, tuple[Ask, ...])
    return Unit(
        id=row.id,
        run=row.run,
        spider=row.spider,
        kind=UnitKind(row.kind),
        wave=row.wave,
        asks=asks,
        attempt=attempt,
        holder=holder,
    )
