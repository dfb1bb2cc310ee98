"""Copying a whole database to another one, usually from SQLite to PostgreSQL.

Rows are copied in the order of their keys, in batches. Each batch and the last key copied are one transaction in the
target, so an interrupted copy continues where it stopped; rows are counted at the end. The source is not changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, or_, select, text

from crawler.errors import StoreError
from crawler.store import schema
from crawler.store.database import (
    check_schema,
    is_empty,
    night_lock,
    read_connection,
    upgrade_schema,
    upsert,
    write_transaction,
)

MOVE_BATCH_ROWS = 2000  # rows in one transaction
_PROGRESS_PREFIX = "moving:"  # of the marks in the target that hold the last key copied of each table
ProgressCallback = Callable[[str, int, int], None]


def move_database(source: Engine, target: Engine, progress: ProgressCallback = lambda *_: None) -> dict[str, int]:
    """Copy every table and return its number of rows; `progress` gets table, rows copied so far, rows in total.

    Raises StoreError if the target holds other data or the counts differ, Busy if a night is running on the source.
    """
    check_schema(source)
    if is_empty(target):
        upgrade_schema(target)
    check_schema(target)
    with night_lock(source):
        if not _is_begun(target):
            if any(_count_rows(target, table) for table in schema.metadata.sorted_tables):
                raise StoreError("the database to move to holds data; give an empty one, or one that a move stopped in")
            _mark_start(target)
        for table in schema.metadata.sorted_tables:
            _move_table(source, target, table, progress)
        counts = _compare_counts(source, target)
    _finish_move(target)
    return counts


def _move_table(source: Engine, target: Engine, table: Table, progress: ProgressCallback) -> None:
    total, moved_rows = _count_rows(source, table), _count_rows(target, table)
    last_key = _last_key(target, table)
    while rows := _read_batch(source, table, last_key):
        last_key = {column.name: rows[-1][column.name] for column in table.primary_key}
        with write_transaction(target) as connection:
            connection.execute(insert(table), rows)
            upsert(connection, schema.marks, [{"name": _PROGRESS_PREFIX + table.name, "value": json.dumps(last_key)}])
        moved_rows += len(rows)
        progress(table.name, moved_rows, total)


def _read_batch(source: Engine, table: Table, last_key: Mapping[str, Any] | None) -> Sequence[dict[str, Any]]:
    key_columns = list(table.primary_key)
    query = select(table).order_by(*key_columns).limit(MOVE_BATCH_ROWS)
    if last_key is not None:  # after the last key: (a, b) > (x, y)
        is_after = [
            and_(*(other == last_key[other.name] for other in key_columns[:place]), column > last_key[column.name])
            for place, column in enumerate(key_columns)
        ]
        query = query.where(or_(*is_after))
    with read_connection(source) as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def _mark_start(target: Engine) -> None:
    with write_transaction(target) as connection:
        upsert(connection, schema.marks, [{"name": f"{_PROGRESS_PREFIX}begun", "value": "1"}])


def _is_begun(target: Engine) -> bool:
    with read_connection(target) as connection:
        name = schema.marks.c.name == f"{_PROGRESS_PREFIX}begun"
        return connection.execute(select(schema.marks.c.value).where(name)).first() is not None


def _last_key(target: Engine, table: Table) -> Mapping[str, Any] | None:
    with read_connection(target) as connection:
        name = schema.marks.c.name == _PROGRESS_PREFIX + table.name
        encoded_key = connection.execute(select(schema.marks.c.value).where(name)).scalar()
    last_key: Mapping[str, Any] | None = json.loads(encoded_key) if encoded_key else None
    return last_key


def _compare_counts(source: Engine, target: Engine) -> dict[str, int]:
    counts = {table.name: _count_rows(source, table) for table in schema.metadata.sorted_tables}
    target_counts = {table.name: _count_rows(target, table) for table in schema.metadata.sorted_tables}
    if counts != target_counts:
        differences = [
            f"{name}: {counts[name]} and {target_counts[name]}"
            for name in counts
            if counts[name] != target_counts[name]
        ]
        raise StoreError(
            f"the databases differ after the move ({', '.join(differences)}); did something write meanwhile?"
        )
    return counts


def _count_rows(engine: Engine, table: Table) -> int:
    query = select(func.count()).select_from(table)
    if table is schema.marks:
        query = query.where(~schema.marks.c.name.startswith(_PROGRESS_PREFIX))
    with read_connection(engine) as connection:
        return connection.execute(query).scalar_one()


def _finish_move(target: Engine) -> None:
    """Delete the progress marks, and let sequences continue after the highest number."""
    with write_transaction(target) as connection:
        connection.execute(delete(schema.marks).where(schema.marks.c.name.startswith(_PROGRESS_PREFIX)))
        if connection.dialect.name == "postgresql":
            for table in schema.metadata.sorted_tables:
                _advance_sequence(connection, table)


def _advance_sequence(connection: Connection, table: Table) -> None:
    column = table.autoincrement_column
    highest = None if column is None else connection.execute(select(func.max(column))).scalar()
    if column is not None and highest is not None:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)")
        connection.execute(sequence, {"table": table.name, "column": column.name, "highest": highest})
