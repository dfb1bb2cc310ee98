"""Stored listings and hits read in batches, to be compared again with a registry, rules or weights that changed.

Nothing was seen again, so only hits are rewritten: no share check is added, and no listing is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from attrs import evolve, frozen
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, literal_column, select, update

from crawler.items import Ask, AssessedListing, Assessment, Finding, Listing
from crawler.store import schema
from crawler.store.database import from_json, listing_id, read_connection, to_json, write_transaction
from crawler.store.write import delete_other_hits, hit_ids_of_listings, hit_rank, hit_row, write_hits

MAX_PORTION_LISTINGS = 2_000  # listings in one portion
_HEX_DIGITS = "0123456789abcdef"
_RANGE_END = "g"  # comes after all of them: a range is found by the index, whatever the collation
_listings, _hits = schema.listings, schema.hits


@frozen(kw_only=True)
class StoredListing:
    """A stored listing and its hits: work -> (decision, identity, offence)."""

    listing: Listing
    hits: Mapping[str, tuple[str, float, float]]


class Listings:
    """Listings in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def portion_asks(self) -> dict[str, list[Ask]]:
        """For each platform, asks that together name all its listings: each the beginning of their ids."""
        query = select(_listings.c.platform, func.count()).group_by(_listings.c.platform)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.order_by(_listings.c.platform)).all()
        return {platform: [Ask(question=id_prefix) for id_prefix in _id_prefixes(count)] for platform, count in rows}

    def read_portion(self, platform: str, id_prefix: str) -> list[StoredListing]:
        """The listings of a platform whose ids begin so."""
        is_in_range = _listings.c.id.between(id_prefix, id_prefix + _RANGE_END)
        is_in_portion = (_listings.c.platform == platform) & is_in_range
        with read_connection(self._engine) as connection:
            hits: dict[str, dict[str, tuple[str, float, float]]] = {}
            hits_query = select(_hits).join(_listings, _listings.c.id == _hits.c.listing).where(is_in_portion)
            for row in connection.execute(hits_query):
                hits.setdefault(row.listing, {})[row.work] = (row.decision, row.identity, row.offence)
            rows = connection.execute(
                select(_listings.c.id, _listings.c.value).where(is_in_portion).order_by(_listings.c.id)
            )
            return [StoredListing(listing=from_json(row.value, Listing), hits=hits.get(row.id, {})) for row in rows]


def _id_prefixes(count: int) -> list[str]:
    prefixes = [""]
    while count > MAX_PORTION_LISTINGS * len(prefixes):
        prefixes = [prefix + digit for prefix in prefixes for digit in _HEX_DIGITS]
    return prefixes


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


REDECISION_BATCH_SIZE = 500
_hit_rows, _listing_rows = schema.hits, schema.listings


@frozen(kw_only=True)
class StoredHit:
    """A stored hit: its listing as of when it was last seen, what was found, and what was decided."""

    id: str
    work: str
    listing: Listing
    findings: tuple[Finding, ...]
    previous_decision: tuple[str, float, float]
    first_seen: datetime


class HitBatches:
    """Stored hits, to be decided again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def batches_of_works(self, works: Sequence[str]) -> Iterator[list[StoredHit]]:
        """The hits of these works by id, in portions."""
        for start in range(0, len(works), REDECISION_BATCH_SIZE):
            yield from self._batches(_hit_rows.c.work.in_(works[start : start + REDECISION_BATCH_SIZE]))

    def all_batches(self) -> Iterator[list[StoredHit]]:
        """All hits by id, in portions."""
        yield from self._batches(_hit_rows.c.id != "")

    def _batches(self, where: Any) -> Iterator[list[StoredHit]]:
        last_id = ""
        query = (
            select(_hit_rows, _listing_rows.c.value)
            .join(_listing_rows)
            .order_by(_hit_rows.c.id)
            .limit(REDECISION_BATCH_SIZE)
        )
        while True:
            with read_connection(self._engine) as connection:
                rows = connection.execute(query.where(where, _hit_rows.c.id > last_id)).all()
            if not rows:
                return
            last_id = rows[-1].id
            yield [_stored_hit(row) for row in rows]

    def update_decisions(self, changed: Sequence[tuple[StoredHit, Assessment]], now: datetime) -> None:
        """What these hits are now."""
        with write_transaction(self._engine) as connection:
            for stored, assessment in changed:
                values: dict[str, Any] = {
                    "decision": assessment.decision.value,
                    "identity": assessment.identity,
                    "offence": assessment.offence,
                    "findings": to_json(assessment.findings),
                    "rank": hit_rank(assessment.harm, stored.first_seen),
                }
                if assessment.decision.value != stored.previous_decision[0]:
                    values["changed_at"] = now
                connection.execute(update(_hit_rows).where(_hit_rows.c.id == stored.id).values(**values))


def _stored_hit(row: Row[Any]) -> StoredHit:
    return StoredHit(
        id=row.id,
        work=row.work,
        listing=evolve(from_json(row.value, Listing), seen_at=row.last_seen),
        findings=from_json(row.findings, tuple[Finding, ...]),
        previous_decision=(row.decision, row.identity, row.offence),
        first_seen=row.first_seen,
    )
