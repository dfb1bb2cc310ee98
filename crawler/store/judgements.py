"""What people said about hits: append-only, so that the history is whole; which one stands is kept beside the hit.

Each judgement keeps what the program said at that moment: its decision, its probabilities, and what stood in its sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from crawler.items import Judgement, Verdict
from crawler.store import schema
from crawler.store.engine import reading, writing
from crawler.store.rules import add_rule, withdraw_listing

_judgements, _hits = schema.judgements, schema.hits
_BATCH = 500


@frozen(kw_only=True)
class Snapshot:
    """What the program said of a hit. `terms` is ground -> strength, as the weights multiply it."""

    decision: str
    identity: float
    offence: float
    channel: str
    terms: Mapping[str, float]


@frozen(kw_only=True)
class Entry:
    """A judgement to be kept, the rules that it teaches, and the listing (work, address) that it finds not innocent."""

    judgement: Judgement
    snapshot: Snapshot | None = None
    teaches: Sequence[Mapping[str, Any]] = ()
    accuses: tuple[str, str] | None = None


@frozen(kw_only=True)
class Judged:
    """A judgement that stands, with what the program said then, where and of what."""

    judgement: Judgement
    snapshot: Snapshot | None  # None for those of older versions
    platform: str
    work: str
    seller: str | None


class Judgements:
    """Stored judgements."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, judgement: Judgement, snapshot: Snapshot | None = None) -> int:
        """Add one; returns its number."""
        with writing(self._engine) as connection:
            return add(connection, judgement, snapshot)

    def add_all(self, entries: Sequence[Entry]) -> list[int]:
        """Add many with the rules that each teaches, all or nothing; returns the numbers of the rules."""
        taught = []
        with writing(self._engine) as connection:
            for entry in entries:
                number = add(connection, entry.judgement, entry.snapshot)
                taught += [add_rule(connection, {**rule, "judgement": number}) for rule in entry.teaches]
                if entry.accuses:
                    withdraw_listing(connection, *entry.accuses, entry.judgement.by, entry.judgement.at)
        return taught

    def undo(self, hit: str, by: str, at: datetime, reason: str = "") -> Judgement | None:
        """Take the judgement back that stands; returns it, None where none stands. Both stay in the history."""
        with writing(self._engine) as connection:
            standing = _standing(connection, [hit]).get(hit)
            if standing is None:
                return None
            taken = _judgement(standing)
            row = {"hit": hit, "verdict": taken.verdict.value, "reason": reason, "by": by, "at": at}
            connection.execute(insert(_judgements).values(**row, undoes=taken.id))
            _note(connection, hit, at)
            return taken

    def standing(self, hits: Sequence[str]) -> dict[str, Judgement]:
        """The judgement that stands of each of these hits that has one."""
        with reading(self._engine) as connection:
            return {hit: _judgement(row) for hit, row in _standing(connection, hits).items()}

    def history(self, hit: str) -> list[Judgement]:
        """Everything people said of a hit, oldest first."""
        query = select(_judgements).where(_judgements.c.hit == hit).order_by(_judgements.c.id)
        with reading(self._engine) as connection:
            return [_judgement(row) for row in connection.execute(query)]

    def all_standing(self) -> Iterator[Judged]:
        """Every judgement that stands, by number."""
        last = _last()
        query = select(_judgements, _hits.c.platform, _hits.c.work, _hits.c.seller)
        query = query.join(last, last.c.id == _judgements.c.id).join(_hits, _hits.c.id == _judgements.c.hit)
        with reading(self._engine) as connection:
            for row in connection.execute(query.order_by(_judgements.c.id)):
                yield Judged(
                    judgement=_judgement(row),
                    snapshot=_snapshot(row),
                    platform=row.platform,
                    work=row.work,
                    seller=row.seller,
                )

    def count(self) -> int:
        """How many there are, those taken back included."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(_judgements)).scalar_one()


def add(connection: Connection, judgement: Judgement, snapshot: Snapshot | None) -> int:
    """Add one inside a transaction; returns its number."""
    row: dict[str, Any] = {name: getattr(judgement, name) for name in ("hit", "reason", "by", "at")}
    row["verdict"] = judgement.verdict.value
    if snapshot is not None:
        row |= {name: getattr(snapshot, name) for name in ("decision", "identity", "offence", "channel")}
        row["terms"] = dict(snapshot.terms)
    number = connection.execute(insert(_judgements).values(**row)).inserted_primary_key[0]  # type: ignore[index]
    _note(connection, judgement.hit, judgement.at)
    return int(number)


def _note(connection: Connection, hit: str, at: datetime) -> None:
    """Keep with the hit which verdict stands."""
    standing = _standing(connection, [hit]).get(hit)
    values = {"judged": standing.verdict if standing else None, "changed_at": at}
    connection.execute(update(_hits).where(_hits.c.id == hit).values(**values))


def _last() -> Any:
    """The numbers of the judgements that stand: of each hit the last one that is not taken back."""
    taken_back = select(_judgements.c.undoes).where(_judgements.c.undoes.is_not(None))
    standing = select(func.max(_judgements.c.id).label("id")).group_by(_judgements.c.hit)
    return standing.where(_judgements.c.undoes.is_(None), _judgements.c.id.not_in(taken_back)).subquery()


def _standing(connection: Connection, hits: Iterable[str]) -> dict[str, Row[Any]]:
    wanted = list(hits)
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        rows = connection.execute(
            select(_judgements).where(_judgements.c.hit.in_(part)).order_by(_judgements.c.id)
        ).all()
        taken_back = {row.undoes for row in rows}
        found |= {row.hit: row for row in rows if row.undoes is None and row.id not in taken_back}
    return found


def _judgement(row: Any) -> Judgement:
    names = ("id", "hit", "reason", "by", "at", "undoes")
    return Judgement(**{name: getattr(row, name) for name in names}, verdict=Verdict(row.verdict))


def _snapshot(row: Any) -> Snapshot | None:
    if row.terms is None:
        return None
    names = ("decision", "identity", "offence", "channel", "terms")
    return Snapshot(**{name: getattr(row, name) for name in names})
