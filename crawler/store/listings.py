"""Stored listings in portions, with what was decided about them: for comparing them with a registry that changed."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Engine, func, select

from crawler.items import Ask, Listing
from crawler.store import schema
from crawler.store.engine import reading
from crawler.store.values import made

LARGEST = 2_000  # listings in one portion
_DIGITS = "0123456789abcdef"
_AFTER = "g"  # comes after all of them: a range is found by the index, whatever the collation
_listings, _hits = schema.listings, schema.hits


@frozen(kw_only=True)
class Stored:
    """A stored listing and its hits: work -> (decision, identity, offence)."""

    listing: Listing
    hits: Mapping[str, tuple[str, float, float]]


class Listings:
    """Listings in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def portions(self) -> dict[str, list[Ask]]:
        """For each platform, asks that together name all its listings: each the beginning of their ids."""
        query = select(_listings.c.platform, func.count()).group_by(_listings.c.platform)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_listings.c.platform)).all()
        return {platform: [Ask(question=start) for start in _beginnings(count)] for platform, count in rows}

    def portion(self, platform: str, beginning: str) -> list[Stored]:
        """The listings of a platform whose ids begin so."""
        within = _listings.c.id.between(beginning, beginning + _AFTER)
        wanted = (_listings.c.platform == platform) & within
        with reading(self._engine) as connection:
            hits: dict[str, dict[str, tuple[str, float, float]]] = {}
            joined = select(_hits).join(_listings, _listings.c.id == _hits.c.listing).where(wanted)
            for row in connection.execute(joined):
                hits.setdefault(row.listing, {})[row.work] = (row.decision, row.identity, row.offence)
            rows = connection.execute(select(_listings.c.id, _listings.c.value).where(wanted).order_by(_listings.c.id))
            return [Stored(listing=made(row.value, Listing), hits=hits.get(row.id, {})) for row in rows]


def _beginnings(count: int) -> list[str]:
    starts = [""]
    while count > LARGEST * len(starts):
        starts = [start + digit for start in starts for digit in _DIGITS]
    return starts
