"""Stored listings read in portions and, where the registry changed what they are, their hits written anew.

Nothing was seen again, so only hits change: no share check is added, and no listing is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Select, literal_column, select

from crawler.items import Assessed, Listing
from crawler.store import schema
from crawler.store.engine import reading, writing
from crawler.store.joining import known_ids
from crawler.store.listings import Stored
from crawler.store.values import listing_id, made
from crawler.store.writing import delete_others, hit_row, write_hits

PORTION = 512  # listings in memory at a time
KEYS = 20_000  # keys in memory at a time

_listings, _hits = schema.listings, schema.hits


class Keyed(NamedTuple):
    """What some listings can be screened by, each in its place; a key is None where an older version stored it."""

    ids: Sequence[str]
    keys: Sequence[str | None]
    looks: Sequence[bytes | None]


class Rematches:
    """All stored listings with what was decided about them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def portions(self) -> Iterator[list[Stored]]:
        """All listings by id, so many at a time that no transaction stays open between them."""
        last = ""
        while True:
            with reading(self._engine) as connection:
                query = select(_listings.c.id, _listings.c.value).where(_listings.c.id > last)
                rows = connection.execute(query.order_by(_listings.c.id).limit(PORTION)).all()
                if not rows:
                    return
                last = rows[-1].id
                decided = _decided(connection, [row.id for row in rows])
            yield [Stored(listing=made(row.value, Listing), hits=decided.get(row.id, {})) for row in rows]

    def keyed(self) -> Iterator[Keyed]:
        """The keys of all listings in portions, in the order in which they lie on the disk."""
        is_sqlite = self._engine.dialect.name == "sqlite"
        place: ColumnElement[Any] = literal_column("listings.rowid") if is_sqlite else _listings.c.id
        columns = (_listings.c.id, _listings.c.key, _listings.c.looks)
        last: Any = 0 if is_sqlite else ""
        while True:
            with reading(self._engine) as connection:
                query = select(*columns, place.label("place")).where(place > last).order_by(place).limit(KEYS)
                rows = _plain(connection, query)
            if not rows:
                return
            ids, keys, looks, places = zip(*rows, strict=True)
            last = places[-1]
            yield Keyed(ids, keys, looks)

    def some(self, ids: Sequence[str]) -> list[Stored]:
        """These listings, by id."""
        with reading(self._engine) as connection:
            query = select(_listings.c.id, _listings.c.value).where(_listings.c.id.in_(ids)).order_by(_listings.c.id)
            rows = connection.execute(query).all()
            decided = _decided(connection, [row.id for row in rows])
        return [Stored(listing=made(row.value, Listing), hits=decided.get(row.id, {})) for row in rows]

    def write(self, batch: Sequence[Assessed], now: datetime) -> None:
        """The hits of these listings (a portion at most) as they are now; those that a person judged stay."""
        keys = [listing_id(each.listing.url) for each in batch]
        with writing(self._engine) as connection:
            query = select(_listings.c.id, _listings.c.run).where(_listings.c.id.in_(keys))
            runs = {row.id: row.run for row in connection.execute(query)}
            known = known_ids(connection, keys)
            rows = [
                hit_row(key, each.listing, part, runs[key], now)
                for key, each in zip(keys, batch, strict=True)
                for part in each.assessments
            ]
            for row in rows:  # a hit that came back under a new address keeps its id
                row["id"] = known.get((row["listing"], row["work"]), row["id"])
            delete_others(connection, keys, [row["id"] for row in rows])
            write_hits(connection, rows, now)


def _plain(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """The rows of a query as the driver gives them: its part is less than half of what SQLAlchemy's rows cost."""
    cursor = connection.execute(query).cursor
    return cursor.fetchall() if cursor is not None else []


def _decided(connection: Connection, keys: Sequence[str]) -> dict[str, dict[str, tuple[str, float, float]]]:
    found: dict[str, dict[str, tuple[str, float, float]]] = {}
    for row in connection.execute(select(_hits).where(_hits.c.listing.in_(keys))):
        found.setdefault(row.listing, {})[row.work] = (row.decision, row.identity, row.offence)
    return found
