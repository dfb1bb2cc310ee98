"""Stored listings read in portions and, where the registry changed what they are, their hits written anew.

Nothing was seen again, so only hits change: no share check is added, and no listing is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Select, literal_column, select

from crawler.items import AssessedListing, Listing
from crawler.store import schema
from crawler.store.engine import read_connection, write_transaction
from crawler.store.joining import hit_ids_of_listings
from crawler.store.listings import StoredListing
from crawler.store.values import from_json, listing_id
from crawler.store.writing import delete_other_hits, hit_row, write_hits

REMATCH_BATCH_SIZE = 512  # listings in memory at a time
SCREENING_BATCH_SIZE = 20_000  # keys in memory at a time

_listing_table, _hit_table = schema.listings, schema.hits


class ScreeningKeys(NamedTuple):
    """What some listings can be screened by, each in its place; a key is None where an older version stored it."""

    ids: Sequence[str]
    keys: Sequence[str | None]
    picture_hashes: Sequence[bytes | None]


class ListingBatches:
    """All stored listings with what was decided about them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listing_batches(self) -> Iterator[list[StoredListing]]:
        """All listings by id, so many at a time that no transaction stays open between them."""
        last_id = ""
        while True:
            with read_connection(self._engine) as connection:
                query = select(_listing_table.c.id, _listing_table.c.value).where(_listing_table.c.id > last_id)
                rows = connection.execute(query.order_by(_listing_table.c.id).limit(REMATCH_BATCH_SIZE)).all()
                if not rows:
                    return
                last_id = rows[-1].id
                decisions = _decisions_by_listing(connection, [row.id for row in rows])
            yield [StoredListing(listing=from_json(row.value, Listing), hits=decisions.get(row.id, {})) for row in rows]

    def screening_key_batches(self) -> Iterator[ScreeningKeys]:
        """The keys of all listings in portions, in the order in which they lie on the disk."""
        is_sqlite = self._engine.dialect.name == "sqlite"
        place: ColumnElement[Any] = literal_column("listings.rowid") if is_sqlite else _listing_table.c.id
        columns = (_listing_table.c.id, _listing_table.c.key, _listing_table.c.looks)
        last_place: Any = 0 if is_sqlite else ""
        while True:
            with read_connection(self._engine) as connection:
                query = (
                    select(*columns, place.label("place"))
                    .where(place > last_place)
                    .order_by(place)
                    .limit(SCREENING_BATCH_SIZE)
                )
                rows = _driver_rows(connection, query)
            if not rows:
                return
            ids, keys, picture_hashes, places = zip(*rows, strict=True)
            last_place = places[-1]
            yield ScreeningKeys(ids, keys, picture_hashes)

    def get_many(self, ids: Sequence[str]) -> list[StoredListing]:
        """These listings, by id."""
        with read_connection(self._engine) as connection:
            query = (
                select(_listing_table.c.id, _listing_table.c.value)
                .where(_listing_table.c.id.in_(ids))
                .order_by(_listing_table.c.id)
            )
            rows = connection.execute(query).all()
            decisions = _decisions_by_listing(connection, [row.id for row in rows])
        return [StoredListing(listing=from_json(row.value, Listing), hits=decisions.get(row.id, {})) for row in rows]

    def replace_hits(self, batch: Sequence[AssessedListing], now: datetime) -> None:
        """The hits of these listings (a portion at most) as they are now; those that a person judged stay."""
        keys = [listing_id(assessed.listing.url) for assessed in batch]
        with write_transaction(self._engine) as connection:
            query = select(_listing_table.c.id, _listing_table.c.run).where(_listing_table.c.id.in_(keys))
            runs = {row.id: row.run for row in connection.execute(query)}
            hit_ids = hit_ids_of_listings(connection, keys)
            rows = [
                hit_row(key, assessed.listing, assessment, runs[key], now)
                for key, assessed in zip(keys, batch, strict=True)
                for assessment in assessed.assessments
            ]
            for row in rows:  # a hit that came back under a new address keeps its id
                row["id"] = hit_ids.get((row["listing"], row["work"]), row["id"])
            delete_other_hits(connection, keys, [row["id"] for row in rows])
            write_hits(connection, rows, now)


def _driver_rows(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """The rows of a query as the driver gives them: its part is less than half of what SQLAlchemy's rows cost."""
    cursor = connection.execute(query).cursor
    return cursor.fetchall() if cursor is not None else []


def _decisions_by_listing(
    connection: Connection, keys: Sequence[str]
) -> dict[str, dict[str, tuple[str, float, float]]]:
    decisions: dict[str, dict[str, tuple[str, float, float]]] = {}
    for row in connection.execute(select(_hit_table).where(_hit_table.c.listing.in_(keys))):
        decisions.setdefault(row.listing, {})[row.work] = (row.decision, row.identity, row.offence)
    return decisions
