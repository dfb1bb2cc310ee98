"""What judgements taught: rules that are seen, numbered and withdrawn; nothing that was taught is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, insert, select, update

from crawler.store import schema
from crawler.store.engine import reading, writing

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

    def all(self, withdrawn: bool = False) -> list[StoredRule]:
        """Rules by number; withdrawn ones only if asked."""
        query = select(_rules).order_by(_rules.c.id)
        if not withdrawn:
            query = query.where(_rules.c.withdrawn_at.is_(None))
        with reading(self._engine) as connection:
            return [StoredRule(**row._mapping) for row in connection.execute(query)]

    def add(self, rule: dict[str, Any]) -> int:
        """Keep a rule; returns its number, or that of the same rule that stands already."""
        with writing(self._engine) as connection:
            return add_rule(connection, rule)

    def withdraw(self, number: int, by: str, at: datetime) -> StoredRule | None:
        """Take a rule back; returns it, None where it does not stand."""
        with writing(self._engine) as connection:
            found = _withdrawn(connection, (_rules.c.id == number,), by, at)
            return found[0] if found else None

    def withdraw_of(self, judgement: int, by: str, at: datetime) -> list[StoredRule]:
        """Take back what a judgement taught."""
        with writing(self._engine) as connection:
            return _withdrawn(connection, (_rules.c.judgement == judgement,), by, at)


def withdraw_listing(connection: Connection, work: str, value: str, by: str, at: datetime) -> None:
    """Take back inside a transaction that this very listing is innocent: a person says now that it is not."""
    of_listing = (_rules.c.kind == "listing", _rules.c.work == work, _rules.c.value == value)
    _withdrawn(connection, of_listing, by, at)


def add_rule(connection: Connection, rule: dict[str, Any]) -> int:
    """Keep a rule inside a transaction."""
    same = [_rules.c[name] == rule[name] for name in ("kind", "work", "platform", "value")]
    known = connection.execute(select(_rules.c.id).where(*same, _rules.c.withdrawn_at.is_(None))).scalar()
    if known is not None:
        return int(known)
    return int(connection.execute(insert(_rules).values(**rule)).inserted_primary_key[0])  # type: ignore[index]


def _withdrawn(connection: Connection, where: Sequence[Any], by: str, at: datetime) -> list[StoredRule]:
    standing = (*where, _rules.c.withdrawn_at.is_(None))
    found = [StoredRule(**row._mapping) for row in connection.execute(select(_rules).where(*standing))]
    connection.execute(update(_rules).where(*standing).values(withdrawn_at=at, withdrawn_by=by))
    return found
