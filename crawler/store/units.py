"""The ledger of units: planned once, claimed by one worker at a time, done only by the worker that holds the claim."""

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
from crawler.store.checks import Check, touch, write_checks
from crawler.store.clocks import ahead, put_clock, rest_of, resting
from crawler.store.engine import reading, writing
from crawler.store.planning import Batches, plan_follow_ups, plan_platform, plan_unit
from crawler.store.seen import SeenPage, remember
from crawler.store.values import made, plain
from crawler.units import UNDECIDED

_units = schema.units
_CLAIMING = 0x5744  # PostgreSQL: the advisory lock under which claims are handed out one after the other
_TAKING = 0x5745  # with a platform: the one under which its slots are counted
BUSY = timedelta(seconds=1)  # after which a platform whose slots are taken is looked at again; an estimate


class ClaimLost(StoreError):
    """Another worker took the unit over; nothing may be written for it any more."""


@frozen(kw_only=True)
class Settlement:
    """What becomes of a unit after an attempt, written in one transaction.

    `rest` are the asks that no definite answer came for: with `again_at` the unit is open again for them. Without it
    it is done if any attempt brought something definite, else (or where something was lost) failed. `rested` is until
    when its platform is left alone.
    """

    outcome: Mapping[str, Any]
    follow: Batches = Factory(dict)
    pages: Sequence[SeenPage] = ()
    checks: Sequence[Check] = ()
    touched: Sequence[str] = ()  # listings
    now: datetime | None = None  # by the session's clock
    rest: Sequence[Ask] = ()
    again_at: datetime | None = None
    lost: bool = False
    rested: datetime | None = None


@frozen(kw_only=True)
class Due:
    """A unit that may be begun."""

    id: int
    spider: str
    kind: UnitKind


@frozen(kw_only=True)
class Hand:
    """A worker by what the ledger knows of it: units ended, platforms of those it holds, when it last prolonged one."""

    name: str
    done: int = 0
    doing: tuple[str, ...] = ()
    seen: datetime | None = None


class Units:
    """Units of work in the database. States: open, doing, done, failed, skipped."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan(self, run: str, spider: str, kind: UnitKind, wave: int, batches: Iterable[Sequence[Ask]]) -> int:
        """Plan a unit for each batch of asks; those the run already has are left alone. Returns how many are new."""
        with writing(self._engine) as connection:
            return sum(plan_unit(connection, run, spider, kind, wave, batch) for batch in batches)

    def plan_platform(self, run: str, spider: str, batches: Batches, priority: int = 0) -> bool:
        """Plan a platform's first wave, all or nothing; False if this run has planned it before."""
        with writing(self._engine) as connection:
            return plan_platform(connection, run, spider, batches, priority)

    def claim(
        self, run: str, holder: str, now: datetime, lease: int, busy: Sequence[str] = (), alone: bool = False
    ) -> Unit | None:
        """The next open unit (or one whose holder fell silent) of a platform not in `busy`, now held by `holder`.

        `lease` is in seconds. Units are handed out by wave, priority, then plan order; none of a platform that is left
        alone. `alone`: none of a platform that anybody else, in any run, is working on.
        """
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_CLAIMING})"))
            row = connection.execute(_claimable(run, now, busy, alone)).first()
            if row is None:
                return None
            claim = {
                "state": "doing",
                "holder": holder,
                "lease": now + timedelta(seconds=lease),
                "attempt": row.attempt + 1,
            }
            connection.execute(update(_units).where(_units.c.id == row.id).values(**claim))
        return _unit(row, holder, row.attempt + 1)

    def take(
        self, unit: int, holder: str, now: datetime, lease: int, slots: Mapping[str, int] | None = None
    ) -> Unit | datetime | None:
        """Claim this very unit, unless as many others of its platform are being done as it has `slots` (else 1).

        None where it is done, held by somebody alive, or not due; a moment where its platform is to be left alone till
        then. A unit that asks the platform nothing (rematch) neither waits for it nor takes a slot.
        """
        with writing(self._engine) as connection:
            query = select(_units).where(_units.c.id == unit, _free(now), _due(now))
            if connection.dialect.name == "postgresql":
                query = query.with_for_update(skip_locked=True)
            row = connection.execute(query).first()
            if row is None:
                return None
            if row.kind != UnitKind.REMATCH.value and (
                until := _full(connection, row, now, (slots or {}).get(row.spider, 1))
            ):
                return until
            lent = {"holder": holder, "lease": now + timedelta(seconds=lease), "attempt": row.attempt + 1}
            connection.execute(update(_units).where(_units.c.id == unit).values(state="doing", **lent))
        return _unit(row, holder, row.attempt + 1)

    def due(self, run: str, now: datetime, after: int = 0, most: int | None = None) -> list[Due]:
        """The units of a run (planned after that one) that may be begun now, in the order in which they should be.

        At most so many of a platform.
        """
        order = (_units.c.wave, _units.c.priority.desc(), _units.c.id)
        place = func.row_number().over(partition_by=_units.c.spider, order_by=order).label("place")
        open_now = select(_units.c.id, _units.c.spider, _units.c.kind, _units.c.wave, _units.c.priority, place)
        open_now = open_now.where(_units.c.run == run, _units.c.id > after, _free(now), _due(now))
        asks_nothing = _units.c.kind == UnitKind.REMATCH.value
        open_now = open_now.where(asks_nothing | ("platform:" + _units.c.spider).not_in(resting(now)))
        each = open_now.subquery()
        query = select(each) if most is None else select(each).where(each.c.place <= most)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(each.c.wave, each.c.priority.desc(), each.c.id)).all()
        return [Due(id=row.id, spider=row.spider, kind=UnitKind(row.kind)) for row in rows]

    def newest(self, run: str) -> int:
        """The unit of a run that was planned last; 0 where there is none."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(_units.c.id)).where(_units.c.run == run)).scalar() or 0

    def beat(self, unit: Unit, now: datetime, lease: int) -> bool:
        """Prolong a claim; False if it is no longer ours."""
        with writing(self._engine) as connection:
            values = {"lease": now + timedelta(seconds=lease)}
            return bool(connection.execute(update(_units).where(_held(unit)).values(**values)).rowcount)

    def settle(self, unit: Unit, done: Settlement) -> str:
        """Record an attempt; returns the unit's new state. Raises ClaimLost, and then nothing was written."""
        with writing(self._engine) as connection:
            fence(connection, unit)
            before = connection.execute(select(_units.c.outcome).where(_units.c.id == unit.id)).scalar()
            total = added_up(before or {}, done.outcome)
            state = _state(done, total)
            if done.rest and state != "open":
                total["left"] = len(done.rest)
            values: dict[str, Any] = {"state": state, "outcome": total, "lease": None}
            if state != "open":
                values["ended_at"] = datetime.now(UTC)
            else:
                values |= {"asks": plain(tuple(done.rest)), "not_before": done.again_at, "holder": None}
            connection.execute(update(_units).where(_units.c.id == unit.id).values(**values))
            plan_follow_ups(connection, unit.run, unit.wave + 1, done.follow)
            remember(connection, done.pages)
            write_checks(connection, done.checks)
            if done.touched and done.now is not None:
                touch(connection, done.touched, unit.run, done.now)
            if done.rested is not None:
                put_clock(connection, f"platform:{unit.spider}", done.rested, 0, "pace")
        return state

    def finish(
        self, unit: Unit, outcome: Mapping[str, Any], follow: Mapping[tuple[str, UnitKind], Sequence[Sequence[Ask]]]
    ) -> None:
        """Mark a unit done and plan what it found to ask next, in one transaction. Raises ClaimLost."""
        self.settle(unit, Settlement(outcome=outcome, follow=follow))

    def fail(self, unit: Unit, outcome: Mapping[str, Any], again_at: datetime | None) -> None:
        """Give a unit back: open again from `again_at` on, or failed for good where that is None. Raises ClaimLost."""
        self.settle(unit, Settlement(outcome=outcome, rest=unit.asks, again_at=again_at, lost=True))

    def release(self, holders: Sequence[str]) -> int:
        """Take back what these holders (known to be dead) were doing; returns how many units."""
        with writing(self._engine) as connection:
            mine = (_units.c.state == "doing") & _units.c.holder.in_(holders)
            values = {"state": "open", "holder": None, "lease": None}
            return connection.execute(update(_units).where(mine).values(**values)).rowcount

    def free(self, units: Sequence[int], before: datetime) -> set[int]:
        """Take these units back from holders who fell silent; returns those that nobody holds now.

        Only where the lease ends `before` that moment: whoever has just taken or prolonged one keeps it.
        """
        with writing(self._engine) as connection:
            theirs = (_units.c.state == "doing") & _units.c.id.in_(units) & (_units.c.lease < before)
            values = {"state": "open", "holder": None, "lease": None}
            connection.execute(update(_units).where(theirs).values(**values))
            held = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == "doing")
            return set(units) - set(connection.execute(held).scalars())

    def held(self, units: Sequence[int]) -> set[int]:
        """Those of these units that somebody is doing, alive or not."""
        query = select(_units.c.id).where(_units.c.id.in_(units), _units.c.state == "doing")
        with reading(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def holders(self) -> list[str]:
        """Everybody who holds a unit of any run."""
        query = select(_units.c.holder).where(_units.c.state == "doing").distinct()
        with reading(self._engine) as connection:
            return [holder for holder in connection.execute(query).scalars() if holder]

    def workers(self, run: str, lease: int) -> list[Hand]:
        """Everybody who has worked on a run, by name; `lease` in seconds is what a sign of life prolongs a claim by."""
        columns = (_units.c.holder, _units.c.spider, _units.c.state, _units.c.lease)
        hands: dict[str, Hand] = {}
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).where(_units.c.run == run, _units.c.holder.is_not(None)))
            for row in rows:
                hand = hands.get(row.holder, Hand(name=row.holder))
                if row.state == "doing":
                    sign = row.lease - timedelta(seconds=lease)
                    seen = max(filter(None, (hand.seen, sign)))
                    hand = evolve(hand, doing=tuple(sorted((*hand.doing, row.spider))), seen=seen)
                hands[row.holder] = evolve(hand, done=hand.done + (row.state != "doing"))
        return [hands[name] for name in sorted(hands)]

    def skip(self, run: str, spider: str | None = None) -> int:
        """Ask nothing further of a platform (or of any) in this run; returns how many units are skipped."""
        with writing(self._engine) as connection:
            still = (_units.c.run == run) & (_units.c.state == "open")
            if spider is not None:
                still &= _units.c.spider == spider
            return connection.execute(update(_units).where(still).values(state="skipped")).rowcount

    def unfinished(self, run: str) -> int:
        """How many units of a run are open or being done."""
        query = select(func.count()).where(_units.c.run == run, _units.c.state.in_(("open", "doing")))
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def asked(self, run: str, spider: str, kind: UnitKind) -> int:
        """How many asks of a kind a run has planned for a platform."""
        query = select(_units.c.asks).where(_units.c.run == run, _units.c.spider == spider, _units.c.kind == kind.value)
        with reading(self._engine) as connection:
            return sum(len(row.asks) for row in connection.execute(query))

    def outcomes(self, run: str) -> list[tuple[str, str, str, dict[str, Any]]]:
        """(spider, kind, state, outcome) of every unit of a run."""
        query = (
            select(_units.c.spider, _units.c.kind, _units.c.state, _units.c.outcome)
            .where(_units.c.run == run)
            .order_by(_units.c.id)
        )
        with reading(self._engine) as connection:
            return [(row.spider, row.kind, row.state, row.outcome or {}) for row in connection.execute(query)]


def added_up(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The outcomes of two attempts as one: numbers and tables of numbers are added, lists put together."""
    total = dict(before)
    for name, value in now.items():
        old = total.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            total[name] = dict(Counter(old) + Counter(value))
        elif isinstance(value, (int, list)) and old is not None:
            total[name] = old + value
        else:
            total[name] = value
    return total


def _state(done: Settlement, total: Mapping[str, Any]) -> str:
    if not done.rest:
        return "done"
    if done.again_at is not None:
        return "open"
    definite = any(Outcome(outcome) not in UNDECIDED for outcome in total.get("pages", {}))
    return "done" if definite and not done.lost else "failed"


def fence(connection: Connection, unit: Unit) -> None:
    """Raise ClaimLost inside a transaction unless the unit is still held by its holder."""
    query = select(_units.c.id).where(_held(unit))
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    if connection.execute(query).first() is None:
        raise ClaimLost(f"unit {unit.id} was taken over")


def _claimable(run: str, now: datetime, busy: Sequence[str], alone: bool) -> Select[Any]:
    query = select(_units).where(_units.c.run == run, _free(now), _due(now), _units.c.spider.not_in(busy))
    query = query.where(("platform:" + _units.c.spider).not_in(resting(now)))
    if alone:
        others = schema.units.alias("others")
        held = (others.c.state == "doing") & (others.c.lease >= now) & ~ahead(others.c.lease, now)
        query = query.where(_units.c.spider.not_in(select(others.c.spider).where(held)))
    return query.order_by(_units.c.wave, _units.c.priority.desc(), _units.c.id).limit(1)


def _full(connection: Connection, row: Row[Any], now: datetime, slots: int) -> datetime | None:
    """Until when a unit's platform is to be left alone, inside the transaction that takes it."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:taking, hashtext(:spider))")
        connection.execute(lock, {"taking": _TAKING, "spider": row.spider})
    if until := rest_of(connection, f"platform:{row.spider}", now):
        return until
    others = (_units.c.spider == row.spider) & (_units.c.id != row.id) & (_units.c.kind != UnitKind.REMATCH.value)
    alive = (_units.c.state == "doing") & (_units.c.lease >= now) & ~ahead(_units.c.lease, now)
    taken = connection.execute(select(func.count()).where(others, alive)).scalar_one()
    return now + BUSY if taken >= slots else None


def _free(now: datetime) -> Any:
    """Open, or held by somebody who fell silent."""
    silent = or_(_units.c.lease < now, ahead(_units.c.lease, now))
    return or_(_units.c.state == "open", (_units.c.state == "doing") & silent)


def _due(now: datetime) -> Any:
    waits = _units.c.not_before
    return or_(waits.is_(None), waits <= now, ahead(waits, now))


def _held(unit: Unit) -> Any:
    return (
        (_units.c.id == unit.id)
        & (_units.c.holder == unit.holder)
        & (_units.c.attempt == unit.attempt)
        & (_units.c.state == "doing")
    )


def _unit(row: Row[Any], holder: str, attempt: int) -> Unit:
    asks = made(row.asks, tuple[Ask, ...])
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
