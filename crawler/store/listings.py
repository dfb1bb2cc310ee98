"""Stored listings: by address, as known before they are read again, and in batches for a rematch with the registry.

A rematch reads listings here and writes hits (`Hits.replace_hits`): nothing was seen again, so no listing and no share
check changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import evolve, fields, frozen
from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal_column, select

from crawler.items import Ask, Listing, Outcome
from crawler.store import schema
from crawler.store.calibration import is_reviewed_hit
from crawler.store.database import Repository, from_json, listing_id, read_connection
from crawler.store.rechecks import RecheckState
from crawler.text import fold

MAX_PORTION_LISTINGS = 2_000  # listings in one portion of a rematch on a cluster
STORED_LISTINGS_BATCH = 512  # listings in memory at a time
SCREENING_KEYS_BATCH = 20_000  # keys in memory at a time
MIN_SAME_TITLE_RATIO = 60.0  # partial ratio of two titles of one address; lower: the address has another offer now
_ALL_FIELDS = tuple(attribute.name for attribute in fields(Listing))
# What a list may say of an offer and its own page need not repeat.
_OFFER_FIELDS = (
    *("price", "price_high", "currency", "seller", "seller_id", "territory", "condition", "availability", "published"),
    *("pictures", "creators", "publisher", "year", "brand", "sku", "identifiers"),
)
_ID_BATCH_SIZE = 500
_HEX_DIGITS = "0123456789abcdef"
_RANGE_END = "g"  # sorts after all hexadecimal digits: a range uses the index, whatever the collation
_listings, _hits = schema.listings, schema.hits

StoredDecision = tuple[str, float, float]  # decision, identity, offence


@frozen(kw_only=True)
class StoredListing:
    """A stored listing and its hits: work -> (decision, identity, offence).

    `reviewed_works` are the works of hits that a person judged or an audit drew: these stay without an assessment.
    `is_relisted`: the offer came back under another address, and its hits moved there.
    """

    listing: Listing
    hits: Mapping[str, StoredDecision]
    reviewed_works: frozenset[str] = frozenset()
    is_relisted: bool = False


class ScreeningKeys(NamedTuple):
    """What some listings can be prefiltered by, in parallel sequences; a key is None if an older version stored it."""

    ids: Sequence[str]
    keys: Sequence[str | None]
    picture_hashes: Sequence[bytes | None]


class KnownListings(Repository):
    """Listings by address, and what was known of a listing before it is read again."""

    def get(self, address: str) -> Listing | None:
        """The stored listing of an address; None if it was never seen."""
        return self.get_many([address]).get(listing_id(address))

    def get_many(self, addresses: Iterable[str]) -> dict[str, Listing]:
        """The stored listings of these addresses, by id."""
        listing_ids = [listing_id(address) for address in addresses]
        listings: dict[str, Listing] = {}
        if not listing_ids:
            return listings
        with read_connection(self._engine) as connection:
            for start in range(0, len(listing_ids), _ID_BATCH_SIZE):
                is_wanted = _listings.c.id.in_(listing_ids[start : start + _ID_BATCH_SIZE])
                rows = connection.execute(select(_listings.c.id, _listings.c.value).where(is_wanted))
                listings |= {row.id: from_json(row.value, Listing) for row in rows}
        return listings

    def merge_stored(self, listings: Sequence[Listing]) -> list[Listing]:
        """The listings, each completed by what is stored (or stands before it) where that says more.

        A row of a list gets what only the listing's own page, or another row, said. A page that does not state its
        offer's price, seller or pictures keeps those that a row gave; its text and links are as it shows them. A share
        that can no longer be opened keeps the title and the files that were seen in it.
        """
        known = self.get_many(listing.url for listing in listings)
        merged = []
        for listing in listings:
            key = listing_id(listing.url)
            known[key] = _merge_listing(listing, known.get(key))
            merged.append(known[key])
        return merged


class ListingBatches(Repository):
    """Stored listings with their hits, in batches."""

    def portion_asks(self) -> dict[str, list[Ask]]:
        """For each platform, asks that together cover all its listings: each is a prefix of their ids."""
        query = select(_listings.c.platform, func.count()).group_by(_listings.c.platform)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.order_by(_listings.c.platform)).all()
        return {platform: [Ask(question=id_prefix) for id_prefix in _id_prefixes(count)] for platform, count in rows}

    def read_portion(self, platform: str, id_prefix: str) -> list[StoredListing]:
        """The listings of a platform whose ids have this prefix."""
        is_in_range = _listings.c.id.between(id_prefix, id_prefix + _RANGE_END)
        is_in_portion = (_listings.c.platform == platform) & is_in_range
        with read_connection(self._engine) as connection:
            hits = _select_decisions().join(_listings, _listings.c.id == _hits.c.listing)
            hit_rows = connection.execute(hits.where(is_in_portion)).all()
            rows = connection.execute(_select_listings().where(is_in_portion)).all()
        return _stored_listings(rows, hit_rows)

    def count(self) -> int:
        """The number of stored listings."""
        with read_connection(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(_listings)).scalar_one()

    def all_batches(self) -> Iterator[list[StoredListing]]:
        """All listings by id, in batches; no transaction stays open between them."""
        last_id = ""
        while True:
            with read_connection(self._engine) as connection:
                query = _select_listings().where(_listings.c.id > last_id).limit(STORED_LISTINGS_BATCH)
                rows = connection.execute(query).all()
                if not rows:
                    return
                last_id = rows[-1].id
                hit_rows = _hits_of_rows(connection, rows)
            yield _stored_listings(rows, hit_rows)

    def get_by_ids(self, ids: Sequence[str]) -> list[StoredListing]:
        """The listings of these ids, in the order of their ids."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(_select_listings().where(_listings.c.id.in_(ids))).all()
            hit_rows = _hits_of_rows(connection, rows)
        return _stored_listings(rows, hit_rows)

    def screening_key_batches(self) -> Iterator[ScreeningKeys]:
        """The screening keys of all listings in batches, in the order in which they lie on the disk."""
        is_sqlite = self._engine.dialect.name == "sqlite"
        place: ColumnElement[Any] = literal_column("listings.rowid") if is_sqlite else _listings.c.id
        columns = (_listings.c.id, _listings.c.key, _listings.c.looks)
        last_place: Any = 0 if is_sqlite else ""
        while True:
            with read_connection(self._engine) as connection:
                query = (
                    select(*columns, place.label("place"))
                    .where(place > last_place)
                    .order_by(place)
                    .limit(SCREENING_KEYS_BATCH)
                )
                rows = _driver_rows(connection, query)
            if not rows:
                return
            ids, keys, picture_hashes, places = zip(*rows, strict=True)
            last_place = places[-1]
            yield ScreeningKeys(ids, keys, picture_hashes)


class Listings(KnownListings, ListingBatches):
    """Stored listings. They are written together with their hits, see `Hits.write_batch`."""


def _id_prefixes(count: int) -> list[str]:
    prefixes = [""]
    while count > MAX_PORTION_LISTINGS * len(prefixes):
        prefixes = [prefix + digit for prefix in prefixes for digit in _HEX_DIGITS]
    return prefixes


def _select_listings() -> Select[Any]:
    returns = select(schema.hit_checks.c.listing).where(schema.hit_checks.c.state == RecheckState.RETURNED.value)
    is_relisted = _listings.c.id.in_(returns) & (_listings.c.outcome == Outcome.GONE.value)
    return select(_listings.c.id, _listings.c.value, is_relisted.label("is_relisted")).order_by(_listings.c.id)


def _select_decisions() -> Select[Any]:
    columns = (_hits.c.listing, _hits.c.work, _hits.c.decision, _hits.c.identity, _hits.c.offence)
    return select(*columns, is_reviewed_hit().label("is_reviewed"))


def _hits_of_rows(connection: Connection, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    is_of_listings = _hits.c.listing.in_([row.id for row in rows])
    return connection.execute(_select_decisions().where(is_of_listings)).all()


def _stored_listings(rows: Sequence[Row[Any]], hit_rows: Sequence[Row[Any]]) -> list[StoredListing]:
    decisions: dict[str, dict[str, StoredDecision]] = {}
    reviewed_works: dict[str, set[str]] = {}
    for row in hit_rows:
        decisions.setdefault(row.listing, {})[row.work] = (row.decision, row.identity, row.offence)
        if row.is_reviewed:
            reviewed_works.setdefault(row.listing, set()).add(row.work)
    return [
        StoredListing(
            listing=from_json(row.value, Listing),
            hits=decisions.get(row.id, {}),
            reviewed_works=frozenset(reviewed_works.get(row.id, ())),
            is_relisted=row.is_relisted,
        )
        for row in rows
    ]


def _driver_rows(connection: Connection, query: Select[Any]) -> Sequence[Any]:
    """The rows of a query as the driver returns them, which costs less than half of SQLAlchemy's rows."""
    cursor = connection.execute(query).cursor
    return cursor.fetchall() if cursor is not None else []


def _merge_listing(listing: Listing, stored: Listing | None) -> Listing:
    if stored is None:
        return listing
    if listing.share_state is not None:
        return listing if listing.files else _merge_share(listing, stored)
    if not listing.whole:
        return evolve(listing, **_stored_values(listing, stored, _ALL_FIELDS), whole=stored.whole)
    is_same_offer = fuzz.partial_ratio(fold(listing.title), fold(stored.title)) >= MIN_SAME_TITLE_RATIO
    return evolve(listing, **_stored_values(listing, stored, _OFFER_FIELDS)) if is_same_offer else listing


def _merge_share(listing: Listing, stored: Listing) -> Listing:
    return evolve(
        listing, title=listing.title or stored.title, files=stored.files, seller=listing.seller or stored.seller
    )


def _stored_values(listing: Listing, stored: Listing, names: Iterable[str]) -> dict[str, Any]:
    """The stored values of those fields that a listing does not state; an amount comes with its currency and range."""
    empty: tuple[Any, ...] = (None, "", (), {})
    values = {
        name: getattr(stored, name)
        for name in names
        if getattr(listing, name) in empty and getattr(stored, name) not in empty
    }
    if listing.price is not None:  # a stored currency or upper end is that of another amount
        values.pop("currency", None)
        values.pop("price_high", None)
    return values
