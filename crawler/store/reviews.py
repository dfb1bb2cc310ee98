"""What people decided about hits: judgements, and the rules they created.

Nothing is deleted: a judgement is undone by another row, a rule is marked as withdrawn. The current verdict is kept
with the hit, and each judgement keeps what the program decided at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Row, func, insert, select, update

from crawler.items import Judgement, Verdict
from crawler.store import schema
from crawler.store.calibration import AuditSamples, Calibrations
from crawler.store.database import Repository, read_connection, write_transaction

_judgements, _rules, _hits, _listings = schema.judgements, schema.rules, schema.hits, schema.listings
_ID_BATCH_SIZE = 500


@frozen(kw_only=True)
class DecisionSnapshot:
    """What the program decided about a hit. `terms` is ground -> strength, as the weights multiply it."""

    decision: str
    identity: float
    offence: float
    channel: str
    terms: Mapping[str, float]


@frozen(kw_only=True)
class ReviewEntry:
    """A judgement to store, the rules it creates, the listing (work, address) whose "innocent" rule it withdraws."""

    judgement: Judgement
    snapshot: DecisionSnapshot | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    accused_listing: tuple[str, str] | None = None


@frozen(kw_only=True)
class ReviewedHit:
    """A current judgement, with what the program decided then, and the hit's platform, work and seller."""

    judgement: Judgement
    snapshot: DecisionSnapshot | None  # None for those of older versions
    platform: str
    work: str
    seller: str | None


@frozen(kw_only=True)
class InfringingListing:
    """A listing (by its canonical address) that a person judged to infringe a work."""

    address: str
    work: str
    judgement: Judgement


class Judgements(Repository):
    """Judgements on hits, as a history."""

    def add_judgement(self, judgement: Judgement, snapshot: DecisionSnapshot | None = None) -> int:
        """Add a judgement; returns its number."""
        with write_transaction(self._engine) as connection:
            return insert_judgement(connection, judgement, snapshot)

    def add_reviews(self, entries: Sequence[ReviewEntry]) -> list[int]:
        """Add judgements with the rules each creates, all or nothing; returns the numbers of the rules."""
        rule_numbers = []
        with write_transaction(self._engine) as connection:
            for entry in entries:
                number = insert_judgement(connection, entry.judgement, entry.snapshot)
                rule_numbers += [insert_rule(connection, {**rule, "judgement": number}) for rule in entry.rules]
                if entry.accused_listing:
                    withdraw_listing_rule(connection, *entry.accused_listing, entry.judgement.by, entry.judgement.at)
        return rule_numbers

    def undo_judgement(self, hit: str, by: str, at: datetime, reason: str = "") -> Judgement | None:
        """Undo a hit's current judgement; returns it, None if there is none. Both stay in the history."""
        with write_transaction(self._engine) as connection:
            current_row = _current_rows(connection, [hit]).get(hit)
            if current_row is None:
                return None
            undone_judgement = _judgement_from_row(current_row)
            row = {"hit": hit, "verdict": undone_judgement.verdict.value, "reason": reason, "by": by, "at": at}
            connection.execute(insert(_judgements).values(**row, undoes=undone_judgement.id))
            _update_hit_verdict(connection, hit, at)
            return undone_judgement

    def current_judgements(self, hits: Sequence[str]) -> dict[str, Judgement]:
        """The current judgement of each of these hits that has one, by hit."""
        with read_connection(self._engine) as connection:
            return {hit: _judgement_from_row(row) for hit, row in _current_rows(connection, hits).items()}

    def judgement_history(self, hit: str) -> list[Judgement]:
        """All judgements on a hit, oldest first, undone ones included."""
        query = select(_judgements).where(_judgements.c.hit == hit).order_by(_judgements.c.id)
        with read_connection(self._engine) as connection:
            return [_judgement_from_row(row) for row in connection.execute(query)]

    def reviewed_hits(self) -> Iterator[ReviewedHit]:
        """Every current judgement, in the order of their numbers."""
        current_ids = _select_current_ids()
        query = select(_judgements, _hits.c.platform, _hits.c.work, _hits.c.seller)
        query = query.join(current_ids, current_ids.c.id == _judgements.c.id).join(
            _hits, _hits.c.id == _judgements.c.hit
        )
        with read_connection(self._engine) as connection:
            for row in connection.execute(query.order_by(_judgements.c.id)):
                yield ReviewedHit(
                    judgement=_judgement_from_row(row),
                    snapshot=_snapshot_from_row(row),
                    platform=row.platform,
                    work=row.work,
                    seller=row.seller,
                )

    def infringing_listings(self) -> Iterator[InfringingListing]:
        """The listings whose current verdict is "infringing", each with its work, in the order of the judgements."""
        current_ids = _select_current_ids()
        query = select(_judgements, _hits.c.work, _listings.c.address)
        query = query.join(current_ids, current_ids.c.id == _judgements.c.id)
        query = query.join(_hits, _hits.c.id == _judgements.c.hit).join(_listings, _listings.c.id == _hits.c.listing)
        query = query.where(_judgements.c.verdict == Verdict.INFRINGING.value)
        with read_connection(self._engine) as connection:
            for row in connection.execute(query.order_by(_judgements.c.id)):
                yield InfringingListing(address=row.address, work=row.work, judgement=_judgement_from_row(row))

    def count_judgements(self) -> int:
        """The number of judgements, undone ones included."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(_judgements)).scalar_one()


def insert_judgement(connection: Connection, judgement: Judgement, snapshot: DecisionSnapshot | None) -> int:
    """Add a judgement inside a transaction; returns its number."""
    row: dict[str, Any] = {name: getattr(judgement, name) for name in ("hit", "reason", "by", "at")}
    row["verdict"] = judgement.verdict.value
    if snapshot is not None:
        row |= {name: getattr(snapshot, name) for name in ("decision", "identity", "offence", "channel")}
        row["terms"] = dict(snapshot.terms)
    number = connection.execute(insert(_judgements).values(**row)).inserted_primary_key[0]  # type: ignore[index]
    _update_hit_verdict(connection, judgement.hit, judgement.at)
    return int(number)


def _update_hit_verdict(connection: Connection, hit: str, at: datetime) -> None:
    """Store a hit's current verdict with the hit."""
    current_row = _current_rows(connection, [hit]).get(hit)
    values = {"judged": current_row.verdict if current_row else None, "changed_at": at}
    connection.execute(update(_hits).where(_hits.c.id == hit).values(**values))


def _select_current_ids() -> Any:
    """A subquery of the numbers of current judgements: of each hit the last one, unless it is undone."""
    undone_ids = select(_judgements.c.undoes).where(_judgements.c.undoes.is_not(None))
    latest_ids = select(func.max(_judgements.c.id).label("id")).group_by(_judgements.c.hit)
    return latest_ids.where(_judgements.c.undoes.is_(None), _judgements.c.id.not_in(undone_ids)).subquery()


def _current_rows(connection: Connection, hits: Iterable[str]) -> dict[str, Row[Any]]:
    hit_ids = list(hits)
    rows_by_hit: dict[str, Row[Any]] = {}
    for start in range(0, len(hit_ids), _ID_BATCH_SIZE):
        batch_ids = hit_ids[start : start + _ID_BATCH_SIZE]
        rows = connection.execute(
            select(_judgements).where(_judgements.c.hit.in_(batch_ids)).order_by(_judgements.c.id)
        ).all()
        undone_ids = {row.undoes for row in rows}
        rows_by_hit |= {row.hit: row for row in rows if row.undoes is None and row.id not in undone_ids}
    return rows_by_hit


def _judgement_from_row(row: Any) -> Judgement:
    names = ("id", "hit", "reason", "by", "at", "undoes")
    return Judgement(**{name: getattr(row, name) for name in names}, verdict=Verdict(row.verdict))


def _snapshot_from_row(row: Any) -> DecisionSnapshot | None:
    if row.terms is None:
        return None
    names = ("decision", "identity", "offence", "channel", "terms")
    return DecisionSnapshot(**{name: getattr(row, name) for name in names})


@frozen(kw_only=True)
class StoredRule:
    """A rule of `kind` listing, seller, phrase or alias, for one work; `judgement` is the number of the one it came
    from.
    """

    id: int
    kind: str
    work: str
    platform: str
    value: str
    shown: str
    judgement: int | None
    reason: str
    by: str
    at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


class Rules(Repository):
    """Rules created from judgements."""

    def all_rules(self, include_withdrawn: bool = False) -> list[StoredRule]:
        """Rules in the order of their numbers; withdrawn ones only with `include_withdrawn`."""
        query = select(_rules).order_by(_rules.c.id)
        if not include_withdrawn:
            query = query.where(_rules.c.withdrawn_at.is_(None))
        with read_connection(self._engine) as connection:
            return [StoredRule(**row._mapping) for row in connection.execute(query)]

    def add_rule(self, rule: dict[str, Any]) -> int:
        """Add a rule; returns its number, or that of an equal rule already in force."""
        with write_transaction(self._engine) as connection:
            return insert_rule(connection, rule)

    def withdraw_rule(self, number: int, by: str, at: datetime) -> StoredRule | None:
        """Withdraw a rule; returns it, None if no rule of this number is in force."""
        with write_transaction(self._engine) as connection:
            withdrawn_rules = _withdraw_where(connection, (_rules.c.id == number,), by, at)
            return withdrawn_rules[0] if withdrawn_rules else None

    def withdraw_rules_of_judgement(self, judgement: int, by: str, at: datetime) -> list[StoredRule]:
        """Withdraw the rules that a judgement created; returns them."""
        with write_transaction(self._engine) as connection:
            return _withdraw_where(connection, (_rules.c.judgement == judgement,), by, at)


class Reviews(Judgements, Rules, AuditSamples, Calibrations):
    """What people decided, the rules and weights learned from it, and audit samples."""


def withdraw_listing_rule(connection: Connection, work: str, value: str, by: str, at: datetime) -> None:
    """Withdraw, inside a transaction, the rule that this listing is innocent: a person has now decided otherwise."""
    of_listing = (_rules.c.kind == "listing", _rules.c.work == work, _rules.c.value == value)
    _withdraw_where(connection, of_listing, by, at)


def insert_rule(connection: Connection, rule: dict[str, Any]) -> int:
    """Add a rule inside a transaction; returns its number, or that of an equal rule already in force."""
    is_same = [_rules.c[name] == rule[name] for name in ("kind", "work", "platform", "value")]
    existing_id = connection.execute(select(_rules.c.id).where(*is_same, _rules.c.withdrawn_at.is_(None))).scalar()
    if existing_id is not None:
        return int(existing_id)
    return int(connection.execute(insert(_rules).values(**rule)).inserted_primary_key[0])  # type: ignore[index]


def _withdraw_where(connection: Connection, where: Sequence[Any], by: str, at: datetime) -> list[StoredRule]:
    is_current = (*where, _rules.c.withdrawn_at.is_(None))
    rules = [StoredRule(**row._mapping) for row in connection.execute(select(_rules).where(*is_current))]
    connection.execute(update(_rules).where(*is_current).values(withdrawn_at=at, withdrawn_by=by))
    return rules
