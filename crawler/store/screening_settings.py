"""What screening takes into account besides the registry: quarantined works, official shops, median prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from attrs import frozen
from sqlalchemy import delete, func, insert, select, update

from crawler.items import Licence
from crawler.store import schema
from crawler.store.database import Repository, read_connection, write_transaction

MIN_MEDIAN_IDENTITY = 0.8  # identity at and above which a listing's price counts for the median
MIN_MEDIAN_PRICES = 5  # prices needed for a median
_official, _medians, _quarantines = schema.official, schema.medians, schema.quarantines
_hits, _listings = schema.hits, schema.listings


@frozen(kw_only=True)
class OfficialShop:
    """A rights holder's own shop or official store: a licence for all of the owner's works."""

    id: int
    owner: str
    licence: Licence


class ScreeningSettings(Repository):
    """Quarantine, official shops and median prices. Rows are withdrawn by a later row or date, never deleted."""

    def quarantined_works(self) -> dict[str, str]:
        """The works in quarantine, and why."""
        latest_ids = select(func.max(_quarantines.c.id)).group_by(_quarantines.c.work)
        query = select(_quarantines).where(_quarantines.c.id.in_(latest_ids), _quarantines.c.held == 1)
        with read_connection(self._engine) as connection:
            return {row.work: row.why for row in connection.execute(query.order_by(_quarantines.c.work))}

    def set_quarantine(self, work: str, held: bool, why: str, by: str, at: datetime) -> None:
        """Put a work into quarantine (`held`), or release it."""
        row = {"work": work, "held": int(held), "why": why, "by": by, "at": at}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_quarantines).values(**row))

    def last_release_time(self, work: str) -> datetime | None:
        """When a work was last released from quarantine; None if never."""
        query = select(func.max(_quarantines.c.at)).where(_quarantines.c.work == work, _quarantines.c.held == 0)
        with read_connection(self._engine) as connection:
            return connection.execute(query).scalar()

    def official_shops(self) -> list[OfficialShop]:
        """Official shops that are not withdrawn, in the order of their numbers."""
        query = select(_official).where(_official.c.withdrawn_at.is_(None)).order_by(_official.c.id)
        with read_connection(self._engine) as connection:
            return [
                OfficialShop(id=row.id, owner=row.owner, licence=_licence_from_row(row))
                for row in connection.execute(query)
            ]

    def add_official_shop(self, owner: str, licence: Licence, at: datetime) -> int:
        """Add an official shop; returns its number."""
        terms = {name: getattr(licence, name) for name in ("platform", "seller", "territory")}
        terms |= {name: day.isoformat() if (day := getattr(licence, name)) else None for name in ("since", "until")}
        with write_transaction(self._engine) as connection:
            inserted_row = connection.execute(insert(_official).values(owner=owner, at=at, **terms))
            return int(inserted_row.inserted_primary_key[0])  # type: ignore[index]

    def withdraw_official_shop(self, number: int, at: datetime) -> str | None:
        """Withdraw an official shop; returns its owner, None if there is none of this number."""
        is_current = (_official.c.id == number, _official.c.withdrawn_at.is_(None))
        with write_transaction(self._engine) as connection:
            owner = connection.execute(select(_official.c.owner).where(*is_current)).scalar()
            connection.execute(update(_official).where(*is_current).values(withdrawn_at=at))
            return owner

    def price_medians(self) -> dict[tuple[str, str], tuple[Decimal, str, int]]:
        """(work, platform) -> median price, its currency, number of listings."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_medians))
            return {
                (row.work, row.platform): (Decimal(row.price), row.currency, int(row._mapping["count"])) for row in rows
            }

    def update_price_medians(self) -> int:
        """Compute the median prices again from all stored listings; returns how many there are."""
        price, currency = _listings.c.value["price"].as_string(), _listings.c.value["currency"].as_string()
        query = select(_hits.c.work, _hits.c.platform, price.label("price"), currency.label("currency")).join(_listings)
        query = query.where(_hits.c.identity >= MIN_MEDIAN_IDENTITY, price.is_not(None), currency.is_not(None))
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
    """A row for each work and platform, in the currency that most listings have."""
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
