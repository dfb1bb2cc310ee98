"""Which hit a listing's assessment belongs to: the one it had, the one of a listing that went and came back elsewhere.

A seller whose offer was taken down lists it again under a new address; same seller and picture, or the same share, on
the same platform make it the old hit, if the old address is gone. So its judgements and its history stay with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from crawler.items import Decision, Listing, Outcome
from crawler.store import schema
from crawler.store.values import from_json, hit_id

_hit_table, _listing_table = schema.hits, schema.listings
_SHOWN_DECISIONS = (Decision.HIT.value, Decision.REVIEW.value)
_LOOKUP_BATCH_SIZE = 500

HitKey = tuple[str, str]  # listing, work


def hit_ids_of_listings(connection: Connection, listings: Sequence[str]) -> dict[HitKey, str]:
    """The hits that stored listings have."""
    hit_ids: dict[HitKey, str] = {}
    for start in range(0, len(listings), _LOOKUP_BATCH_SIZE):
        query = select(_hit_table.c.id, _hit_table.c.listing, _hit_table.c.work)
        query = query.where(_hit_table.c.listing.in_(listings[start : start + _LOOKUP_BATCH_SIZE]))
        hit_ids |= {(row.listing, row.work): row.id for row in connection.execute(query)}
    return hit_ids


def listings_of_hit_ids(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Which listings have the hits of these ids."""
    listings_by_hit: dict[str, str] = {}
    for start in range(0, len(ids), _LOOKUP_BATCH_SIZE):
        query = select(_hit_table.c.id, _hit_table.c.listing).where(
            _hit_table.c.id.in_(ids[start : start + _LOOKUP_BATCH_SIZE])
        )
        listings_by_hit |= {row.id: row.listing for row in connection.execute(query)}
    return listings_by_hit


def assign_hit_ids(
    connection: Connection, rows: Sequence[dict[str, Any]], listings: Mapping[str, Listing]
) -> list[tuple[str, str]]:
    """Give rows of hits their ids; returns (old listing, new listing) of those that came back under a new address.

    A row comes with the id that is its own: the digest of its work and address.
    """
    hit_ids = hit_ids_of_listings(connection, list(listings))
    listings_by_hit = listings_of_hit_ids(connection, [row["id"] for row in rows])
    returned = []
    for row in rows:
        key, work = row["listing"], row["work"]
        if (key, work) in hit_ids:
            row["id"] = hit_ids[key, work]
        elif row["decision"] in _SHOWN_DECISIONS and (
            relisted_hit := _find_relisted_hit(connection, key, listings[key], work)
        ):
            row["id"] = relisted_hit[0]
            returned.append((relisted_hit[1], key))
        elif listings_by_hit.get(row["id"], key) != key:
            row["id"] = hit_id(work, f"{listings[key].url}\0again")
    return returned


def record_return(
    connection: Connection, old_listing: str, listing: Listing, at: datetime, run: str, digest: str
) -> None:
    """Record with the old listing that its offer came back, and where."""
    row = {
        "listing": old_listing,
        "state": "returned",
        "outcome": Outcome.LIVE.value,
        "status": "",
        "endpoint": listing.url,
    }
    row |= {"digest": digest, "told": listing.title[:300]}
    connection.execute(insert(schema.hit_checks).values(**row, run=run, at=at))


def _find_relisted_hit(connection: Connection, key: str, listing: Listing, work: str) -> tuple[str, str] | None:
    query = select(_hit_table.c.id, _hit_table.c.listing, _listing_table.c.value).join(
        _listing_table, _listing_table.c.id == _hit_table.c.listing
    )
    query = query.where(
        _hit_table.c.work == work, _hit_table.c.platform == listing.platform, _hit_table.c.listing != key
    )
    query = query.where(_listing_table.c.outcome == Outcome.GONE.value, _hit_table.c.decision.in_(_SHOWN_DECISIONS))
    for row in connection.execute(query.order_by(_hit_table.c.last_seen.desc(), _hit_table.c.id)):
        if _is_same_offer(from_json(row.value, Listing), listing):
            return row.id, row.listing
    return None


def _is_same_offer(old: Listing, new: Listing) -> bool:
    shares = {(link.platform, link.share_id) for link in old.links}
    if shares & {(link.platform, link.share_id) for link in new.links}:
        return True
    sellers = {name for name in (old.seller_id, old.seller) if name}
    same_seller = bool(sellers & {new.seller_id, new.seller})
    pictures = {picture.sha256 for picture in old.pictures if picture.sha256}
    return same_seller and bool(pictures & {picture.sha256 for picture in new.pictures})
