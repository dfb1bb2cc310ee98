"""What users set or their verdicts taught: weights, quarantined works, official shops, median prices."""

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
from crawler.store.database import read_connection, write_transaction

_official, _medians, _calibrations, _quarantines = (
    schema.official,
    schema.medians,
    schema.calibrations,
    schema.quarantines,
)
MIN_MEDIAN_IDENTITY = 0.8  # identity from which on a listing's price counts for the median
MIN_MEDIAN_PRICES = 5  # prices that make a median


@frozen(kw_only=True)
class AppliedCalibration:
    """One applied calibration; `weights` is None where it went back to those that ship."""

    id: int
    weights: Mapping[str, Any] | None
    told: Mapping[str, Any]
    by: str
    at: datetime


@frozen(kw_only=True)
class OfficialShop:
    """An own shop or official store of an owner: a licence for all his works."""

    id: int
    owner: str
    licence: Licence


class ScreeningSettings:
    """Versioned rows beside what ships as data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def calibrations(self) -> list[AppliedCalibration]:
        """Everything applied so far; the last one holds."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_calibrations).order_by(_calibrations.c.id))
            return [AppliedCalibration(**row._mapping) for row in rows]

    def apply_calibration(
        self, weights: Mapping[str, Any] | None, figures: Mapping[str, Any], by: str, at: datetime
    ) -> int:
        """Apply weights from now on; returns their number."""
        row = {"weights": weights, "told": figures, "by": by, "at": at}
        with write_transaction(self._engine) as connection:
            inserted_row = connection.execute(insert(_calibrations).values(**row))
            return int(inserted_row.inserted_primary_key[0])  # type: ignore[index]

    def quarantined_works(self) -> dict[str, str]:
        """Works that are held, and why."""
        latest_ids = select(func.max(_quarantines.c.id)).group_by(_quarantines.c.work)
        query = select(_quarantines).where(_quarantines.c.id.in_(latest_ids), _quarantines.c.held == 1)
        with read_connection(self._engine) as connection:
            return {row.work: row.why for row in connection.execute(query.order_by(_quarantines.c.work))}

    def set_quarantine(self, work: str, held: bool, why: str, by: str, at: datetime) -> None:
        """Put a work into quarantine, or let it out."""
        row = {"work": work, "held": int(held), "why": why, "by": by, "at": at}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_quarantines).values(**row))

    def last_release_time(self, work: str) -> datetime | None:
        """When a person let a work out last."""
        query = select(func.max(_quarantines.c.at)).where(_quarantines.c.work == work, _quarantines.c.held == 0)
        with read_connection(self._engine) as connection:
            return connection.execute(query).scalar()

    def official_shops(self) -> list[OfficialShop]:
        """Own shops and official stores that hold, by number."""
        query = select(_official).where(_official.c.withdrawn_at.is_(None)).order_by(_official.c.id)
        with read_connection(self._engine) as connection:
            return [
                OfficialShop(id=row.id, owner=row.owner, licence=_licence_from_row(row))
                for row in connection.execute(query)
            ]

    def add_official_shop(self, owner: str, licence: Licence, at: datetime) -> int:
        """Keep an own shop; returns its number."""
        terms = {name: getattr(licence, name) for name in ("platform", "seller", "territory")}
        terms |= {name: day.isoformat() if (day := getattr(licence, name)) else None for name in ("since", "until")}
        with write_transaction(self._engine) as connection:
            inserted_row = connection.execute(insert(_official).values(owner=owner, at=at, **terms))
            return int(inserted_row.inserted_primary_key[0])  # type: ignore[index]

    def withdraw_official_shop(self, number: int, at: datetime) -> str | None:
        """Take an own shop back; returns its owner, None where there is none of this number."""
        is_current = (_official.c.id == number, _official.c.withdrawn_at.is_(None))
        with write_transaction(self._engine) as connection:
            owner = connection.execute(select(_official.c.owner).where(*is_current)).scalar()
            connection.execute(update(_official).where(*is_current).values(withdrawn_at=at))
            return owner

    def price_medians(self) -> dict[tuple[str, str], tuple[Decimal, str, int]]:
        """(work, platform) -> the middle price, its currency, of how many listings."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_medians))
            return {
                (row.work, row.platform): (Decimal(row.price), row.currency, int(row._mapping["count"])) for row in rows
            }

    def update_price_medians(self) -> int:
        """Take the middle prices anew from all stored listings of a work; returns how many there are."""
        hits, listings = schema.hits, schema.listings
        price, currency = listings.c.value["price"].as_string(), listings.c.value["currency"].as_string()
        query = select(hits.c.work, hits.c.platform, price.label("price"), currency.label("currency")).join(listings)
        query = query.where(hits.c.identity >= MIN_MEDIAN_IDENTITY, price.is_not(None), currency.is_not(None))
        prices: dict[tuple[str, str, str], list[Decimal]] = {}
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                prices.setdefault((row.work, row.platform, row.currency), []).append(Decimal(row.price))
        median_rows = _median_rows(prices)
        with write_transaction(self._engine) as connection:
            connection.execute(delete(_medians))
            if median_rows:
                connection.execute(insert(_medians), median_rows)
        return len(median_rows)


def _median_rows(prices: Mapping[tuple[str, str, str], Sequence[Decimal]]) -> list[dict[str, Any]]:
    """A row for each work and platform, of the currency that most listings have."""
    rows_by_work: dict[tuple[str, str], dict[str, Any]] = {}
    for (work, platform, currency), currency_prices in sorted(prices.items()):
        chosen_row = rows_by_work.get((work, platform))
        if len(currency_prices) >= MIN_MEDIAN_PRICES and (
            chosen_row is None or chosen_row["count"] < len(currency_prices)
        ):
            middle = {"price": str(median(currency_prices)), "currency": currency, "count": len(currency_prices)}
            rows_by_work[work, platform] = {"work": work, "platform": platform, **middle}
    return list(rows_by_work.values())


def _licence_from_row(row: Any) -> Licence:
    days = {name: date.fromisoformat(day) if (day := getattr(row, name)) else None for name in ("since", "until")}
    return Licence(platform=row.platform, seller=row.seller, territory=row.territory, **days)
