"""Administration of a whole database: copying it to another one (usually SQLite to PostgreSQL), and erasing a seller.

Rows are copied in the order of their keys, in batches; each batch and the last key copied are one transaction in the
target, so an interrupted move continues where it stopped, and rows are counted at the end. Nothing in the source
changes. Erasing removes a seller's listings and everything that depends on them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, Select, Table, and_, delete, func, insert, or_, select, text

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

MOVE_BATCH_ROWS = 2000  # rows of one transaction
_PROGRESS_PREFIX = "moving:"  # marks of the target: the last key of each table
ProgressCallback = Callable[[str, int, int], None]


def move_database(source: Engine, target: Engine, progress: ProgressCallback = lambda *_: None) -> dict[str, int]:
    """Copy every table; `progress` gets table, rows moved, rows in all. Returns how many rows each table has.

    Raises StoreError where the target holds other data, a night is running on the source, or the counts differ.
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
    """Forget how far the move was, and let numbers go on after the highest."""
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


_listings, _hits = schema.listings, schema.hits
_ID_BATCH_SIZE = 500


@frozen(kw_only=True)
class ErasureCounts:
    """How much of what was removed, and the digests of bytes that were kept for it."""

    listings: int = 0
    hits: int = 0
    judgements: int = 0
    checks: int = 0
    rules: int = 0
    evidence: tuple[str, ...] = ()


class SellerErasure:
    """Removal of what is kept about a seller."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listings_of_seller(self, seller: str, platform: str | None = None) -> list[str]:
        """The listings of a seller, by number or name."""
        with read_connection(self._engine) as connection:
            return [
                str(listing_id)
                for listing_id in connection.execute(_select_seller_listings(seller, platform)).scalars()
            ]

    def forget_seller(self, seller: str, platform: str | None = None) -> ErasureCounts:
        """Remove all of it in one transaction."""
        with write_transaction(self._engine) as connection:
            ids = [
                str(listing_id)
                for listing_id in connection.execute(_select_seller_listings(seller, platform)).scalars()
            ]
            counts = {"listings": 0, "hits": 0, "judgements": 0, "checks": 0}
            digests: set[str] = set()
            for start in range(0, len(ids), _ID_BATCH_SIZE):
                digests |= _delete_listings(connection, ids[start : start + _ID_BATCH_SIZE], counts)
            rules = delete(schema.rules).where(schema.rules.c.kind == "seller", schema.rules.c.value == seller)
            if platform:
                rules = rules.where(schema.rules.c.platform == platform)
            return ErasureCounts(**counts, rules=connection.execute(rules).rowcount, evidence=tuple(sorted(digests)))


def _select_seller_listings(seller: str, platform: str | None) -> Select[tuple[str]]:
    value = _listings.c.value
    query = select(_listings.c.id).where(
        or_(value["seller"].as_string() == seller, value["seller_id"].as_string() == seller)
    )
    query = query if platform is None else query.where(_listings.c.platform == platform)
    return query.order_by(_listings.c.id)


def _delete_listings(connection: Connection, ids: Sequence[str], counts: dict[str, int]) -> set[str]:
    hits = list(connection.execute(select(_hits.c.id, _hits.c.evidence).where(_hits.c.listing.in_(ids))))
    hit_ids = [row.id for row in hits]
    for table in (schema.samples, schema.judgements):
        deleted_rows = connection.execute(delete(table).where(table.c.hit.in_(hit_ids))).rowcount
        counts["judgements"] += deleted_rows if table is schema.judgements else 0
    addresses = select(_listings.c.address).where(_listings.c.id.in_(ids))
    connection.execute(
        delete(schema.rules).where(schema.rules.c.kind == "listing", schema.rules.c.value.in_(addresses))
    )
    connection.execute(delete(_hits).where(_hits.c.listing.in_(ids)))
    for table in (schema.hit_checks, schema.watched, schema.share_sellers, schema.known_positives):
        deleted_rows = connection.execute(delete(table).where(table.c.listing.in_(ids))).rowcount
        counts["checks"] += deleted_rows if table is schema.hit_checks else 0
    counts["listings"] += connection.execute(delete(_listings).where(_listings.c.id.in_(ids))).rowcount
    counts["hits"] += len(hits)
    return {digest for row in hits for digest in row.evidence}
