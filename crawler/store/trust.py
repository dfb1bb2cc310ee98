"""What a user's own judgements and settings changed: weights, quarantined works, own shops, prices usual on a
platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from attrs import frozen
from sqlalchemy import Engine, delete, func, insert, select, update

from crawler.items import Licence
from crawler.store import schema
from crawler.store.engine import reading, writing

_official, _medians, _calibrations, _quarantines = (
    schema.official,
    schema.medians,
    schema.calibrations,
    schema.quarantines,
)
SURE = 0.8  # identity from which on a listing's price counts for the median
FEWEST = 5  # prices that make a median


@frozen(kw_only=True)
class Applied:
    """One applied calibration; `weights` is None where it went back to those that ship."""

    id: int
    weights: Mapping[str, Any] | None
    told: Mapping[str, Any]
    by: str
    at: datetime


@frozen(kw_only=True)
class Official:
    """An own shop or official store of an owner: a licence for all his works."""

    id: int
    owner: str
    licence: Licence


class Trust:
    """Versioned rows beside what ships as data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def calibrations(self) -> list[Applied]:
        """Everything applied so far; the last one holds."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_calibrations).order_by(_calibrations.c.id))
            return [Applied(**row._mapping) for row in rows]

    def apply(self, weights: Mapping[str, Any] | None, told: Mapping[str, Any], by: str, at: datetime) -> int:
        """Apply weights from now on; returns their number."""
        row = {"weights": weights, "told": told, "by": by, "at": at}
        with writing(self._engine) as connection:
            done = connection.execute(insert(_calibrations).values(**row))
            return int(done.inserted_primary_key[0])  # type: ignore[index]

    def quarantined(self) -> dict[str, str]:
        """Works that are held, and why."""
        last = select(func.max(_quarantines.c.id)).group_by(_quarantines.c.work)
        query = select(_quarantines).where(_quarantines.c.id.in_(last), _quarantines.c.held == 1)
        with reading(self._engine) as connection:
            return {row.work: row.why for row in connection.execute(query.order_by(_quarantines.c.work))}

    def hold(self, work: str, held: bool, why: str, by: str, at: datetime) -> None:
        """Put a work into quarantine, or let it out."""
        row = {"work": work, "held": int(held), "why": why, "by": by, "at": at}
        with writing(self._engine) as connection:
            connection.execute(insert(_quarantines).values(**row))

    def released(self, work: str) -> datetime | None:
        """When a person let a work out last."""
        query = select(func.max(_quarantines.c.at)).where(_quarantines.c.work == work, _quarantines.c.held == 0)
        with reading(self._engine) as connection:
            return connection.execute(query).scalar()

    def official(self) -> list[Official]:
        """Own shops and official stores that hold, by number."""
        query = select(_official).where(_official.c.withdrawn_at.is_(None)).order_by(_official.c.id)
        with reading(self._engine) as connection:
            return [Official(id=row.id, owner=row.owner, licence=_licence(row)) for row in connection.execute(query)]

    def add_official(self, owner: str, licence: Licence, at: datetime) -> int:
        """Keep an own shop; returns its number."""
        terms = {name: getattr(licence, name) for name in ("platform", "seller", "territory")}
        terms |= {name: day.isoformat() if (day := getattr(licence, name)) else None for name in ("since", "until")}
        with writing(self._engine) as connection:
            done = connection.execute(insert(_official).values(owner=owner, at=at, **terms))
            return int(done.inserted_primary_key[0])  # type: ignore[index]

    def withdraw_official(self, number: int, at: datetime) -> str | None:
        """Take an own shop back; returns its owner, None where there is none of this number."""
        standing = (_official.c.id == number, _official.c.withdrawn_at.is_(None))
        with writing(self._engine) as connection:
            owner = connection.execute(select(_official.c.owner).where(*standing)).scalar()
            connection.execute(update(_official).where(*standing).values(withdrawn_at=at))
            return owner

    def medians(self) -> dict[tuple[str, str], tuple[Decimal, str, int]]:
        """(work, platform) -> the middle price, its currency, of how many listings."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_medians))
            return {
                (row.work, row.platform): (Decimal(row.price), row.currency, int(row._mapping["count"])) for row in rows
            }

    def count_medians(self) -> int:
        """Take the middle prices anew from all stored listings of a work; returns how many there are."""
        hits, listings = schema.hits, schema.listings
        price, currency = listings.c.value["price"].as_string(), listings.c.value["currency"].as_string()
        query = select(hits.c.work, hits.c.platform, price.label("price"), currency.label("currency")).join(listings)
        query = query.where(hits.c.identity >= SURE, price.is_not(None), currency.is_not(None))
        prices: dict[tuple[str, str, str], list[Decimal]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                prices.setdefault((row.work, row.platform, row.currency), []).append(Decimal(row.price))
        best = _commonest(prices)
        with writing(self._engine) as connection:
            connection.execute(delete(_medians))
            if best:
                connection.execute(insert(_medians), best)
        return len(best)


def _commonest(prices: Mapping[tuple[str, str, str], Sequence[Decimal]]) -> list[dict[str, Any]]:
    """A row for each work and platform, of the currency that most listings have."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for (work, platform, currency), found in sorted(prices.items()):
        known = best.get((work, platform))
        if len(found) >= FEWEST and (known is None or known["count"] < len(found)):
            middle = {"price": str(median(found)), "currency": currency, "count": len(found)}
            best[work, platform] = {"work": work, "platform": platform, **middle}
    return list(best.values())


def _licence(row: Any) -> Licence:
    days = {name: date.fromisoformat(day) if (day := getattr(row, name)) else None for name in ("since", "until")}
    return Licence(platform=row.platform, seller=row.seller, territory=row.territory, **days)
