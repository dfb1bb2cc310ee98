"""Moving a grown database to another one, usually from SQLite to PostgreSQL: resumable, and counted at the end.

Rows go over in the order of their keys, in portions; each portion and how far it came are one transaction in the
target, so a move that was interrupted goes on where it was. Nothing in the source is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, or_, select, text

from crawler.errors import StoreError
from crawler.store import schema
from crawler.store.engine import check, is_empty, reading, upgrade, upsert, writing
from crawler.store.lock import night_lock

PORTION = 2000  # rows of one transaction
_HOW_FAR = "moving:"  # marks of the target: the last key of each table
Progress = Callable[[str, int, int], None]


def move(source: Engine, target: Engine, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Copy every table; `progress` gets table, rows moved, rows in all. Returns how many rows each table has.

    Raises StoreError where the target holds other data, a night is running on the source, or the counts differ.
    """
    check(source)
    if is_empty(target):
        upgrade(target)
    check(target)
    with night_lock(source):
        if not _begun(target):
            if any(_count(target, table) for table in schema.metadata.sorted_tables):
                raise StoreError("the database to move to holds data; give an empty one, or one that a move stopped in")
            _begin(target)
        for table in schema.metadata.sorted_tables:
            _move_table(source, target, table, progress)
        counts = _compared(source, target)
    _end(target)
    return counts


def _move_table(source: Engine, target: Engine, table: Table, progress: Progress) -> None:
    total, moved = _count(source, table), _count(target, table)
    last = _how_far(target, table)
    while rows := _portion(source, table, last):
        last = {column.name: rows[-1][column.name] for column in table.primary_key}
        with writing(target) as connection:
            connection.execute(insert(table), rows)
            upsert(connection, schema.marks, [{"name": _HOW_FAR + table.name, "value": json.dumps(last)}])
        moved += len(rows)
        progress(table.name, moved, total)


def _portion(source: Engine, table: Table, last: Mapping[str, Any] | None) -> Sequence[dict[str, Any]]:
    key = list(table.primary_key)
    query = select(table).order_by(*key).limit(PORTION)
    if last is not None:  # after the last key: (a, b) > (x, y)
        after = [
            and_(*(other == last[other.name] for other in key[:place]), column > last[column.name])
            for place, column in enumerate(key)
        ]
        query = query.where(or_(*after))
    with reading(source) as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def _begin(target: Engine) -> None:
    with writing(target) as connection:
        upsert(connection, schema.marks, [{"name": f"{_HOW_FAR}begun", "value": "1"}])


def _begun(target: Engine) -> bool:
    with reading(target) as connection:
        name = schema.marks.c.name == f"{_HOW_FAR}begun"
        return connection.execute(select(schema.marks.c.value).where(name)).first() is not None


def _how_far(target: Engine, table: Table) -> Mapping[str, Any] | None:
    with reading(target) as connection:
        name = schema.marks.c.name == _HOW_FAR + table.name
        found = connection.execute(select(schema.marks.c.value).where(name)).scalar()
    last: Mapping[str, Any] | None = json.loads(found) if found else None
    return last


def _compared(source: Engine, target: Engine) -> dict[str, int]:
    counts = {table.name: _count(source, table) for table in schema.metadata.sorted_tables}
    theirs = {table.name: _count(target, table) for table in schema.metadata.sorted_tables}
    if counts != theirs:
        differ = [f"{name}: {counts[name]} and {theirs[name]}" for name in counts if counts[name] != theirs[name]]
        raise StoreError(f"the databases differ after the move ({', '.join(differ)}); did something write meanwhile?")
    return counts


def _count(engine: Engine, table: Table) -> int:
    query = select(func.count()).select_from(table)
    if table is schema.marks:
        query = query.where(~schema.marks.c.name.startswith(_HOW_FAR))
    with reading(engine) as connection:
        return connection.execute(query).scalar_one()


def _end(target: Engine) -> None:
    """Forget how far the move was, and let numbers go on after the highest."""
    with writing(target) as connection:
        connection.execute(delete(schema.marks).where(schema.marks.c.name.startswith(_HOW_FAR)))
        if connection.dialect.name == "postgresql":
            for table in schema.metadata.sorted_tables:
                _number_on(connection, table)


def _number_on(connection: Connection, table: Table) -> None:
    column = table.autoincrement_column
    highest = None if column is None else connection.execute(select(func.max(column))).scalar()
    if column is not None and highest is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        connection.execute(sequence, {"table": table.name, "column": column.name, "highest": highest})
