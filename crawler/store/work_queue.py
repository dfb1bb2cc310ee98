"""The queue of units of work: planned once, claimed by one worker, completed only by the holder of the claim.

Each content is planned once per run, and a platform's first wave as a whole. `WorkQueue` has the diagram of states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import Factory, evolve, frozen
from sqlalchemy import Connection, Row, Select, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from crawler.errors import StoreError
from crawler.items import Ask, Outcome, Unit, UnitKind, UnitState
from crawler.store import schema
from crawler.store.backoff import Backoffs, is_too_far_ahead, paused_until, select_paused_keys, write_backoff
from crawler.store.database import from_json, to_json, value_digest, write_transaction
from crawler.store.pages import CachedPage, write_pages
from crawler.store.queue_status import QueueStatus, is_due, is_free
from crawler.store.rechecks import Recheck, touch_listings, write_rechecks
from crawler.units import RETRYABLE_OUTCOMES

AskBatches = Mapping[tuple[str, UnitKind], Sequence[Sequence[Ask]]]  # (platform, kind) -> the asks of each unit
FIRST_WAVE_BY_KIND = {UnitKind.RECHECK: 4}  # after queries, details and shares: what these have seen needs no recheck
BUSY_RETRY_DELAY = timedelta(seconds=1)  # until a platform whose slots are taken is tried again; an estimate
_CLAIM_LOCK_KEY = 0x5744  # PostgreSQL: the advisory lock under which claims are handed out one after the other
_SLOT_LOCK_KEY = 0x5745  # PostgreSQL: with a platform, the advisory lock under which its slots are counted
_units, _runs = schema.units, schema.runs


class ClaimLost(StoreError):
    """Another worker took the unit over; its former holder may write nothing for it any more."""


@frozen(kw_only=True)
class UnitResult:
    """The result of an attempt at a unit, written in one transaction.

    `unanswered_asks` are the asks without a definite answer: with `retry_at` the unit is open again for them. Without
    `retry_at` the unit is done if any attempt brought a definite answer, else (or if something was lost) failed.
    `seen_at` is by the session's clock. `platform_paused_until` pauses the unit's platform.
    """

    outcome: Mapping[str, Any]
    follow_ups: AskBatches = Factory(dict)
    pages: Sequence[CachedPage] = ()
    checks: Sequence[Recheck] = ()
    unchanged_listings: Sequence[str] = ()  # ids of listings on pages that have not changed
    seen_at: datetime | None = None
    unanswered_asks: Sequence[Ask] = ()
    retry_at: datetime | None = None
    has_losses: bool = False
    platform_paused_until: datetime | None = None


class WorkQueue(QueueStatus, Backoffs):
    """Units of work as a durable queue, and pauses of platforms and hosts. The states of a unit (`UnitState`)::

                         claim_next, claim          complete
        plan_* --> OPEN ---------------------> DOING --------> DONE or FAILED
                   |  ^                        |   |
                   |  '------------------------'   '--> DOING, by another worker: claimed after the lease
                   |    release; complete with          ran out without a heartbeat
                   |    asks left to retry
                   '-------------------------> SKIPPED
                     skip_units

    A claim is (unit, holder, attempt). Every write for a unit checks it (`check_claim`): a worker whose unit was taken
    over gets ClaimLost and writes nothing. An open unit with `not_before` is not claimed until then.
    """

    def plan_units(self, run: str, spider: str, kind: UnitKind, wave: int, batches: Iterable[Sequence[Ask]]) -> int:
        """Plan a unit for each batch of asks, unless the run has it already; returns how many are new."""
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
        """Claim the next free unit of a platform not in `busy_platforms` for `lease` seconds; None if there is none.

        A unit is free if it is open or its lease ran out. Units are handed out by wave, priority, then plan order, none
        of a paused platform. `exclusive`: none of a platform that anybody, in any run, is working on.
        """
        with write_transaction(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_CLAIM_LOCK_KEY})"))
            row = connection.execute(_claimable_query(run, now, busy_platforms, exclusive)).first()
            if row is None:
                return None
            claim_values = {
                "state": UnitState.DOING,
                "holder": holder,
                "lease": now + timedelta(seconds=lease),
                "attempt": row.attempt + 1,
            }
            connection.execute(update(_units).where(_units.c.id == row.id).values(**claim_values))
        return _unit_from_row(row, holder, row.attempt + 1)

    def claim(
        self, unit_id: int, holder: str, now: datetime, lease: int, slots: Mapping[str, int] | None = None
    ) -> Unit | datetime | None:
        """Claim a unit for `lease` seconds, unless its platform's `slots` (default 1) are all taken by other units.

        Returns None if the unit has ended, is held under a lease, or is not due; a time if its platform must not be
        asked before then. A unit that asks the platform nothing (rematch) neither waits for it nor takes a slot.
        """
        with write_transaction(self._engine) as connection:
            query = select(_units).where(_units.c.id == unit_id, is_free(now), is_due(now))
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
            connection.execute(
                update(_units).where(_units.c.id == unit_id).values(state=UnitState.DOING, **claim_values)
            )
        return _unit_from_row(row, holder, row.attempt + 1)

    def heartbeat(self, unit: Unit, now: datetime, lease: int) -> bool:
        """Extend a claim to `lease` seconds from now; False if the claim is lost."""
        with write_transaction(self._engine) as connection:
            values = {"lease": now + timedelta(seconds=lease)}
            return bool(connection.execute(update(_units).where(_is_held(unit)).values(**values)).rowcount)

    def complete(self, unit: Unit, result: UnitResult) -> UnitState:
        """Store the result of an attempt; returns the unit's new state. Raises ClaimLost; then nothing was written."""
        with write_transaction(self._engine) as connection:
            check_claim(connection, unit)
            earlier_outcome = connection.execute(select(_units.c.outcome).where(_units.c.id == unit.id)).scalar()
            outcome = merge_outcomes(earlier_outcome or {}, result.outcome)
            state = _next_state(result, outcome)
            if result.unanswered_asks and state is not UnitState.OPEN:
                outcome["left"] = len(result.unanswered_asks)
            values: dict[str, Any] = {"state": state, "outcome": outcome, "lease": None}
            if state is UnitState.OPEN:
                unanswered = to_json(tuple(result.unanswered_asks))
                values |= {"asks": unanswered, "not_before": result.retry_at, "holder": None}
            else:
                values["ended_at"] = datetime.now(UTC)
            connection.execute(update(_units).where(_units.c.id == unit.id).values(**values))
            plan_follow_ups(connection, unit.run, unit.wave + 1, result.follow_ups)
            write_pages(connection, result.pages)
            write_rechecks(connection, result.checks)
            if result.unchanged_listings and result.seen_at is not None:
                touch_listings(connection, result.unchanged_listings, unit.run, result.seen_at)
            if result.platform_paused_until is not None:
                write_backoff(connection, f"platform:{unit.spider}", result.platform_paused_until, 0, "pace")
        return state

    def finish_unit(self, unit: Unit, outcome: Mapping[str, Any], follow_ups: AskBatches) -> None:
        """Mark a unit done and plan what it found to ask next, in one transaction. Raises ClaimLost."""
        self.complete(unit, UnitResult(outcome=outcome, follow_ups=follow_ups))

    def retry_or_fail(self, unit: Unit, outcome: Mapping[str, Any], retry_at: datetime | None) -> None:
        """Give a unit back: open again, not before `retry_at`, or failed if that is None. Raises ClaimLost."""
        self.complete(unit, UnitResult(outcome=outcome, unanswered_asks=unit.asks, retry_at=retry_at, has_losses=True))

    def release(self, holders: Sequence[str]) -> int:
        """Release all units of these holders, who are known to be dead; returns how many."""
        with write_transaction(self._engine) as connection:
            claimed_units = (_units.c.state == UnitState.DOING) & _units.c.holder.in_(holders)
            values = {"state": UnitState.OPEN, "holder": None, "lease": None}
            return connection.execute(update(_units).where(claimed_units).values(**values)).rowcount

    def release_silent_units(self, units: Sequence[int], before: datetime) -> set[int]:
        """Release those of these units whose lease ends before `before`; returns the units that nobody holds now.

        A worker that has just claimed a unit or sent a heartbeat keeps it.
        """
        with write_transaction(self._engine) as connection:
            expired_units = (_units.c.state == UnitState.DOING) & _units.c.id.in_(units) & (_units.c.lease < before)
            values = {"state": UnitState.OPEN, "holder": None, "lease": None}
            connection.execute(update(_units).where(expired_units).values(**values))
            still_claimed = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == UnitState.DOING)
            return set(units) - set(connection.execute(still_claimed).scalars())

    def skip_units(self, run: str, spider: str | None = None) -> int:
        """Skip the open units of a run, all or of one platform; returns how many."""
        with write_transaction(self._engine) as connection:
            open_units = (_units.c.run == run) & (_units.c.state == UnitState.OPEN)
            if spider is not None:
                open_units &= _units.c.spider == spider
            return connection.execute(update(_units).where(open_units).values(state=UnitState.SKIPPED)).rowcount


def merge_outcomes(earlier: Mapping[str, Any], latest: Mapping[str, Any]) -> dict[str, Any]:
    """The outcomes of two attempts as one: numbers and tables of numbers are added, lists concatenated."""
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


def _next_state(result: UnitResult, total_outcome: Mapping[str, Any]) -> UnitState:
    if not result.unanswered_asks:
        return UnitState.DONE
    if result.retry_at is not None:
        return UnitState.OPEN
    has_definite_answer = any(
        Outcome(page_outcome) not in RETRYABLE_OUTCOMES for page_outcome in total_outcome.get("pages", {})
    )
    return UnitState.DONE if has_definite_answer and not result.has_losses else UnitState.FAILED


def check_claim(connection: Connection, unit: Unit) -> None:
    """Raise ClaimLost inside a transaction unless the unit is still held under this claim."""
    query = select(_units.c.id).where(_is_held(unit))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    if connection.execute(query).first() is None:
        raise ClaimLost(f"unit {unit.id} was taken over")


def _claimable_query(run: str, now: datetime, busy_platforms: Sequence[str], exclusive: bool) -> Select[Any]:
    query = select(_units).where(_units.c.run == run, is_free(now), is_due(now), _units.c.spider.not_in(busy_platforms))
    query = query.where(("platform:" + _units.c.spider).not_in(select_paused_keys(now)))
    if exclusive:
        others = _units.alias("others")
        is_alive = (
            (others.c.state == UnitState.DOING) & (others.c.lease >= now) & ~is_too_far_ahead(others.c.lease, now)
        )
        query = query.where(_units.c.spider.not_in(select(others.c.spider).where(is_alive)))
    return query.order_by(_units.c.wave, _units.c.priority.desc(), _units.c.id).limit(1)


def _platform_wait(connection: Connection, row: Row[Any], now: datetime, slots: int) -> datetime | None:
    """When a unit's platform may be asked, inside the transaction that claims it; None if at once."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:taking, hashtext(:spider))")
        connection.execute(lock, {"taking": _SLOT_LOCK_KEY, "spider": row.spider})
    if until := paused_until(connection, f"platform:{row.spider}", now):
        return until
    other_units = (_units.c.spider == row.spider) & (_units.c.id != row.id) & (_units.c.kind != UnitKind.REMATCH.value)
    is_alive = (_units.c.state == UnitState.DOING) & (_units.c.lease >= now) & ~is_too_far_ahead(_units.c.lease, now)
    used_slots = connection.execute(select(func.count()).where(other_units, is_alive)).scalar_one()
    return now + BUSY_RETRY_DELAY if used_slots >= slots else None


def _is_held(unit: Unit) -> Any:
    return (
        (_units.c.id == unit.id)
        & (_units.c.holder == unit.holder)
        & (_units.c.attempt == unit.attempt)
        & (_units.c.state == UnitState.DOING)
    )


def plan_unit(
    connection: Connection, run: str, spider: str, kind: UnitKind, wave: int, asks: Sequence[Ask], priority: int = 0
) -> bool:
    """Plan a unit inside a transaction; False if the run has it already."""
    dialect_insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = dialect_insert(_units).values(
        run=run,
        spider=spider,
        kind=kind.value,
        wave=wave,
        key=value_digest(tuple(evolve(ask, form=None) for ask in asks)),
        asks=to_json(tuple(asks)),
        outcome={"planned": len(asks)},  # a retry keeps only the asks that are left
        state=UnitState.OPEN,
        priority=priority,
        attempt=0,
        planned_at=datetime.now(UTC),
    )
    return connection.execute(statement.on_conflict_do_nothing().returning(_units.c.id)).first() is not None


def plan_platform(connection: Connection, run: str, spider: str, batches: AskBatches, priority: int) -> bool:
    """Plan a platform's first wave inside a transaction; False if this run has planned it before.

    Planned once only: the registry may have changed since, and other batches would ask everything again.
    """
    planned_platforms = list(connection.execute(select(_runs.c.planned).where(_runs.c.id == run)).scalar_one())
    if spider in planned_platforms:
        return False
    for (name, kind), unit_batches in batches.items():
        for number, batch in enumerate(unit_batches):
            plan_unit(connection, run, name, kind, FIRST_WAVE_BY_KIND.get(kind, 1), batch, priority - number)
    connection.execute(update(_runs).where(_runs.c.id == run).values(planned=[*planned_platforms, spider]))
    return True


def plan_follow_ups(connection: Connection, run: str, wave: int, follow_ups: AskBatches) -> None:
    """Plan the follow-up asks of a unit, inside a transaction."""
    for (spider, kind), unit_batches in follow_ups.items():
        for batch in unit_batches:
            plan_unit(connection, run, spider, kind, wave, batch)


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
