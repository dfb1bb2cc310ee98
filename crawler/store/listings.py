"""Stored listings in portions, with what was decided about them: for comparing them with a registry that changed."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Engine, func, select

from crawler.items import Ask, Listing
from crawler.store import schema
from crawler.store.engine import read_connection
from crawler.store.values import from_json

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
