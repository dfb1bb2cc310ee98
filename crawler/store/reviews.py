"""What people said about hits: append-only judgements, the rules they taught, and the pairs drawn for an audit.

Nothing is deleted: a judgement or a rule is taken back by another row, and the current verdict is kept beside the
hit. Each judgement keeps what the program said at that moment. An audit draws pairs of every decision at random; each
counts for as many as there were for each one drawn, and the draw depends on the run's name alone, so it can be
repeated.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from crawler.items import Decision, Judgement, Verdict
from crawler.store import schema
from crawler.store.database import read_connection, write_transaction

_judgements, _hits = schema.judgements, schema.hits
_ID_BATCH_SIZE = 500


@frozen(kw_only=True)
class DecisionSnapshot:
    """What the program said of a hit. `terms` is ground -> strength, as the weights multiply it."""

    decision: str
    identity: float
    offence: float
    channel: str
    terms: Mapping[str, float]


@frozen(kw_only=True)
class ReviewEntry:
    """A judgement to be kept, the rules that it teaches, and the listing (work, address) that it finds not innocent."""

    judgement: Judgement
    snapshot: DecisionSnapshot | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    accused_listing: tuple[str, str] | None = None


@frozen(kw_only=True)
class ReviewedHit:
    """A judgement that stands, with what the program said then, where and of what."""

    judgement: Judgement
    snapshot: DecisionSnapshot | None  # None for those of older versions
    platform: str
    work: str
    seller: str | None


class Reviews:
    """Stored judgements."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_judgement(self, judgement: Judgement, snapshot: DecisionSnapshot | None = None) -> int:
        """Add one; returns its number."""
        with write_transaction(self._engine) as connection:
            return insert_judgement(connection, judgement, snapshot)

    def add_reviews(self, entries: Sequence[ReviewEntry]) -> list[int]:
        """Add many with the rules that each teaches, all or nothing; returns the numbers of the rules."""
        rule_numbers = []
        with write_transaction(self._engine) as connection:
            for entry in entries:
                number = insert_judgement(connection, entry.judgement, entry.snapshot)
                rule_numbers += [insert_rule(connection, {**rule, "judgement": number}) for rule in entry.rules]
                if entry.accused_listing:
                    withdraw_listing_rule(connection, *entry.accused_listing, entry.judgement.by, entry.judgement.at)
        return rule_numbers

    def undo_judgement(self, hit: str, by: str, at: datetime, reason: str = "") -> Judgement | None:
        """Take the judgement back that stands; returns it, None where none stands. Both stay in the history."""
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
        """The judgement that stands of each of these hits that has one."""
        with read_connection(self._engine) as connection:
            return {hit: _judgement_from_row(row) for hit, row in _current_rows(connection, hits).items()}

    def judgement_history(self, hit: str) -> list[Judgement]:
        """Everything people said of a hit, oldest first."""
        query = select(_judgements).where(_judgements.c.hit == hit).order_by(_judgements.c.id)
        with read_connection(self._engine) as connection:
            return [_judgement_from_row(row) for row in connection.execute(query)]

    def reviewed_hits(self) -> Iterator[ReviewedHit]:
        """Every judgement that stands, by number."""
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

    def count_judgements(self) -> int:
        """How many there are, those taken back included."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(_judgements)).scalar_one()


def insert_judgement(connection: Connection, judgement: Judgement, snapshot: DecisionSnapshot | None) -> int:
    """Add one inside a transaction; returns its number."""
    row: dict[str, Any] = {name: getattr(judgement, name) for name in ("hit", "reason", "by", "at")}
    row["verdict"] = judgement.verdict.value
    if snapshot is not None:
        row |= {name: getattr(snapshot, name) for name in ("decision", "identity", "offence", "channel")}
        row["terms"] = dict(snapshot.terms)
    number = connection.execute(insert(_judgements).values(**row)).inserted_primary_key[0]  # type: ignore[index]
    _update_hit_verdict(connection, judgement.hit, judgement.at)
    return int(number)


def _update_hit_verdict(connection: Connection, hit: str, at: datetime) -> None:
    """Keep with the hit which verdict stands."""
    current_row = _current_rows(connection, [hit]).get(hit)
    values = {"judged": current_row.verdict if current_row else None, "changed_at": at}
    connection.execute(update(_hits).where(_hits.c.id == hit).values(**values))


def _select_current_ids() -> Any:
    """The numbers of the judgements that stand: of each hit the last one that is not taken back."""
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


_rules = schema.rules


@frozen(kw_only=True)
class StoredRule:
    """One rule: of `kind` listing, seller or phrase, for one work. `judgement` is the one that taught it."""

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


class Rules:
    """Stored rules."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all_rules(self, include_withdrawn: bool = False) -> list[StoredRule]:
        """Rules by number; withdrawn ones only if asked."""
        query = select(_rules).order_by(_rules.c.id)
        if not include_withdrawn:
            query = query.where(_rules.c.withdrawn_at.is_(None))
        with read_connection(self._engine) as connection:
            return [StoredRule(**row._mapping) for row in connection.execute(query)]

    def add_rule(self, rule: dict[str, Any]) -> int:
        """Keep a rule; returns its number, or that of the same rule that stands already."""
        with write_transaction(self._engine) as connection:
            return insert_rule(connection, rule)

    def withdraw_rule(self, number: int, by: str, at: datetime) -> StoredRule | None:
        """Take a rule back; returns it, None where it does not stand."""
        with write_transaction(self._engine) as connection:
            withdrawn_rules = _withdraw_where(connection, (_rules.c.id == number,), by, at)
            return withdrawn_rules[0] if withdrawn_rules else None

    def withdraw_rules_of(self, judgement: int, by: str, at: datetime) -> list[StoredRule]:
        """Take back what a judgement taught."""
        with write_transaction(self._engine) as connection:
            return _withdraw_where(connection, (_rules.c.judgement == judgement,), by, at)


def withdraw_listing_rule(connection: Connection, work: str, value: str, by: str, at: datetime) -> None:
    """Take back inside a transaction that this very listing is innocent: a person says now that it is not."""
    of_listing = (_rules.c.kind == "listing", _rules.c.work == work, _rules.c.value == value)
    _withdraw_where(connection, of_listing, by, at)


def insert_rule(connection: Connection, rule: dict[str, Any]) -> int:
    """Keep a rule inside a transaction."""
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


AUDITED_DECISIONS = (Decision.HIT, Decision.LICENSED, Decision.DROPPED)
_samples, _hit_table = schema.samples, schema.hits


@frozen(kw_only=True)
class AuditSample:
    """One drawn pair, what was decided when it was drawn, and what a person says of it (None: nobody has yet)."""

    hit: str
    run: str
    platform: str
    decision: Decision
    stands_for: float
    verdict: Verdict | None


class AuditSamples:
    """Stored samples."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def draw_samples(self, run: str, count: int, now: datetime) -> int:
        """Draw at most `count` pairs of each decision from what a run saw and nobody judged; returns how many."""
        total = 0
        with write_transaction(self._engine) as connection:
            if connection.execute(select(func.count()).where(_samples.c.run == run)).scalar_one():
                return 0
            for decision in AUDITED_DECISIONS:
                query = select(_hit_table.c.id, _hit_table.c.platform).where(
                    _hit_table.c.run == run, _hit_table.c.judged.is_(None)
                )
                query = query.where(
                    _hit_table.c.decision == decision.value, _hit_table.c.id.not_in(select(_samples.c.hit))
                )
                rows = connection.execute(query.order_by(_hit_table.c.id)).all()
                generator = random.Random(f"{run} {decision.value}")
                sampled_rows = generator.sample(rows, min(count, len(rows)))
                shared_values: dict[str, Any] = {"run": run, "decision": decision.value, "at": now}
                shared_values["stands_for"] = len(rows) / max(1, len(sampled_rows))
                for row in sorted(sampled_rows, key=lambda row: row.id):
                    connection.execute(insert(_samples).values(hit=row.id, platform=row.platform, **shared_values))
                total += len(sampled_rows)
        return total

    def all_samples(self) -> Iterator[AuditSample]:
        """All samples, the oldest first."""
        query = select(_samples, _hit_table.c.judged).join(_hit_table, _hit_table.c.id == _samples.c.hit)
        with read_connection(self._engine) as connection:
            for row in connection.execute(query.order_by(_samples.c.id)):
                yield AuditSample(
                    hit=row.hit,
                    run=row.run,
                    platform=row.platform,
                    decision=Decision(row.decision),
                    stands_for=row.stands_for,
                    verdict=Verdict(row.judged) if row.judged else None,
                )

    def count_open_samples(self) -> int:
        """How many nobody has judged yet."""
        query = select(func.count(func.distinct(_samples.c.hit))).select_from(_samples).join(_hit_table)
        with read_connection(self._engine) as connection:
            return connection.execute(query.where(_hit_table.c.judged.is_(None))).scalar_one()
