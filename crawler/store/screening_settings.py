"""What screening takes into account besides the registry: quarantined works, official shops, median prices, outlets.

Outlets are places that only pass on copies: a seller of a platform, a host, or a platform. One is proposed if people
judged enough of its offers infringing and none innocent; a host or platform only without several sellers, since with
them it is a market place. Nothing is confirmed but by a person, and a confirmed outlet is withdrawn by a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from attrs import Factory, define, frozen
from sqlalchemy import Connection, delete, func, insert, select, update

from crawler.items import Licence, ListingKind, Verdict
from crawler.store import schema
from crawler.store.database import Repository, read_connection, write_transaction
from crawler.urls import url_host

MIN_MEDIAN_IDENTITY = 0.8  # identity at and above which a listing's price counts for the median
MIN_MEDIAN_PRICES = 5  # prices needed for a median
PLACE_FIELDS = ("seller", "host", "platform")
# What a proposal needs, estimates: five copies of three works are no accident of one work or one night.
MIN_JUDGED_COPIES = 5
MIN_JUDGED_WORKS = 3
MIN_COPY_SHARE = 0.8  # of the judged offers, undecided ones included
MAX_PLACE_SELLERS = 1  # named sellers of a host or platform that is an outlet rather than a market place
_official, _medians, _quarantines = schema.official, schema.medians, schema.quarantines
_hits, _listings, _outlets = schema.hits, schema.listings, schema.outlets


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


@frozen(kw_only=True)
class Place:
    """Where offers come from: `field` is one of PLACE_FIELDS; `platform` is that of a seller, else ""."""

    field: str
    platform: str = ""
    value: str


@define(kw_only=True)
class PlaceRecord:
    """How the offers of a place were judged, of which works, and the works of all its stored hits."""

    place: Place
    infringing: int = 0
    innocent: int = 0
    unsure: int = 0
    judged_works: set[str] = Factory(set)
    works: set[str] = Factory(set)
    sellers: set[str] = Factory(set)

    @property
    def copy_share(self) -> float:
        """The share (0..1) of judged offers that were judged infringing; 0 without any."""
        judged = self.infringing + self.innocent + self.unsure
        return self.infringing / judged if judged else 0.0

    @property
    def is_proposed(self) -> bool:
        """Whether the record suggests an outlet that only passes on copies."""
        return (
            self.innocent == 0
            and self.infringing >= MIN_JUDGED_COPIES
            and len(self.judged_works) >= MIN_JUDGED_WORKS
            and self.copy_share >= MIN_COPY_SHARE
            and (self.place.field == "seller" or len(self.sellers) <= MAX_PLACE_SELLERS)
        )


@frozen(kw_only=True)
class StoredOutlet:
    """A confirmed outlet, with the record it was confirmed on: copies judged, of how many works."""

    id: int
    field: str
    platform: str
    value: str
    copies: int
    works: int
    reason: str
    by: str
    at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


class OutletRecords(Repository):
    """Records of places, and the outlets confirmed from them."""

    def place_records(self) -> list[PlaceRecord]:
        """The record of every place with a judged offer, the most infringing offers first."""
        query = select(_hits.c.platform, _hits.c.seller, _hits.c.work, _hits.c.judged)
        query = query.add_columns(_listings.c.address, _listings.c.kind).join(_listings)
        records: dict[Place, PlaceRecord] = {}
        with read_connection(self._engine) as connection:
            for row in connection.execute(query):
                for place in _places_of(row):
                    _add_hit(records.setdefault(place, PlaceRecord(place=place)), row)
        judged_records = [record for record in records.values() if record.judged_works]
        return sorted(judged_records, key=lambda record: (-record.infringing, *_place_key(record.place)))

    def proposed_outlets(self) -> list[PlaceRecord]:
        """The places that the judged hits suggest and that are not confirmed yet: sellers, then hosts, then platforms.

        A place with the same record as a narrower one that is proposed is left out: it is the same outlet.
        """
        confirmed = {(outlet.field, outlet.platform, outlet.value) for outlet in self.confirmed_outlets()}
        proposed: list[PlaceRecord] = []
        proposed_fields: dict[tuple[frozenset[str], int], str] = {}
        for record in sorted(self.place_records(), key=lambda record: PLACE_FIELDS.index(record.place.field)):
            if not record.is_proposed or _place_key(record.place) in confirmed:
                continue
            key = (frozenset(record.judged_works), record.infringing)
            if proposed_fields.setdefault(key, record.place.field) == record.place.field:
                proposed.append(record)
        return proposed

    def confirmed_outlets(self, include_withdrawn: bool = False) -> list[StoredOutlet]:
        """Confirmed outlets in the order of their numbers; withdrawn ones only with `include_withdrawn`."""
        query = select(_outlets).order_by(_outlets.c.id)
        if not include_withdrawn:
            query = query.where(_outlets.c.withdrawn_at.is_(None))
        with read_connection(self._engine) as connection:
            return [StoredOutlet(**row._mapping) for row in connection.execute(query)]

    def confirm_outlet(self, record: PlaceRecord, reason: str, by: str, at: datetime) -> int:
        """Confirm an outlet; returns its number, or that of the same outlet already confirmed."""
        place = {"field": record.place.field, "platform": record.place.platform, "value": record.place.value}
        is_same = [_outlets.c[name] == value for name, value in place.items()]
        with write_transaction(self._engine) as connection:
            existing_id = connection.execute(
                select(_outlets.c.id).where(*is_same, _outlets.c.withdrawn_at.is_(None))
            ).scalar()
            if existing_id is not None:
                return int(existing_id)
            values: dict[str, Any] = {"copies": record.infringing, "works": len(record.judged_works), "reason": reason}
            inserted_row = connection.execute(insert(_outlets).values(**place, **values, by=by, at=at))
            return int(inserted_row.inserted_primary_key[0])  # type: ignore[index]

    def withdraw_outlet(self, number: int, by: str, at: datetime) -> StoredOutlet | None:
        """Withdraw a confirmed outlet; returns it, None if there is none of this number in force."""
        is_current = (_outlets.c.id == number, _outlets.c.withdrawn_at.is_(None))
        with write_transaction(self._engine) as connection:
            row = connection.execute(select(_outlets).where(*is_current)).first()
            connection.execute(update(_outlets).where(*is_current).values(withdrawn_at=at, withdrawn_by=by))
            return None if row is None else StoredOutlet(**row._mapping)


def delete_seller_outlets(connection: Connection, names: Iterable[str], platform: str | None) -> int:
    """Delete, inside a transaction, the confirmed outlets that are these sellers; returns how many."""
    query = delete(_outlets).where(_outlets.c.field == "seller", _outlets.c.value.in_(list(names)))
    return connection.execute(query if platform is None else query.where(_outlets.c.platform == platform)).rowcount


def _places_of(row: Any) -> Iterator[Place]:
    """The places of a hit. A share's host and platform are the drive's, which holds what everybody puts there."""
    if row.seller:
        yield Place(field="seller", platform=row.platform, value=row.seller)
    if row.kind != ListingKind.SHARE.value:
        host = url_host(row.address).removeprefix("www.")
        if host:
            yield Place(field="host", value=host)
        yield Place(field="platform", value=row.platform)


def _add_hit(record: PlaceRecord, row: Any) -> None:
    record.works.add(row.work)
    if row.seller:
        record.sellers.add(row.seller)
    if row.judged is None:
        return
    record.judged_works.add(row.work)
    if row.judged == Verdict.INFRINGING.value:
        record.infringing += 1
    elif row.judged == Verdict.NOT.value:
        record.innocent += 1
    else:
        record.unsure += 1


def _place_key(place: Place) -> tuple[str, str, str]:
    return place.field, place.platform, place.value
