"""What judgements taught: rules that are seen, numbered and withdrawn; nothing that was taught is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, insert, select, update

from crawler.store import schema
from crawler.store.engine import read_connection, write_transaction

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
