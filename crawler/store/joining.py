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
from crawler.store.values import hit_id, made

_hits, _listings = schema.hits, schema.listings
_SHOWN = (Decision.HIT.value, Decision.REVIEW.value)
_BATCH = 500

Key = tuple[str, str]  # listing, work


def known_ids(connection: Connection, listings: Sequence[str]) -> dict[Key, str]:
    """The hits that stored listings have."""
    found: dict[Key, str] = {}
    for start in range(0, len(listings), _BATCH):
        query = select(_hits.c.id, _hits.c.listing, _hits.c.work)
        query = query.where(_hits.c.listing.in_(listings[start : start + _BATCH]))
        found |= {(row.listing, row.work): row.id for row in connection.execute(query)}
    return found


def taken_by(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Which listings have the hits of these ids."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), _BATCH):
        query = select(_hits.c.id, _hits.c.listing).where(_hits.c.id.in_(ids[start : start + _BATCH]))
        found |= {row.id: row.listing for row in connection.execute(query)}
    return found


def identified(
    connection: Connection, rows: Sequence[dict[str, Any]], listings: Mapping[str, Listing]
) -> list[tuple[str, str]]:
    """Give rows of hits their ids; returns (old listing, new listing) of those that came back under a new address.

    A row comes with the id that is its own: the digest of its work and address.
    """
    known = known_ids(connection, list(listings))
    taken = taken_by(connection, [row["id"] for row in rows])
    returned = []
    for row in rows:
        key, work = row["listing"], row["work"]
        if (key, work) in known:
            row["id"] = known[key, work]
        elif row["decision"] in _SHOWN and (old := _gone_before(connection, key, listings[key], work)):
            row["id"] = old[0]
            returned.append((old[1], key))
        elif taken.get(row["id"], key) != key:
            row["id"] = hit_id(work, f"{listings[key].url}\0again")
    return returned


def note_return(connection: Connection, old: str, listing: Listing, at: datetime, run: str, digest: str) -> None:
    """Record with the old listing that its offer came back, and where."""
    row = {"listing": old, "state": "returned", "outcome": Outcome.LIVE.value, "status": "", "endpoint": listing.url}
    row |= {"digest": digest, "told": listing.title[:300]}
    connection.execute(insert(schema.hit_checks).values(**row, run=run, at=at))


def _gone_before(connection: Connection, key: str, listing: Listing, work: str) -> tuple[str, str] | None:
    query = select(_hits.c.id, _hits.c.listing, _listings.c.value).join(_listings, _listings.c.id == _hits.c.listing)
    query = query.where(_hits.c.work == work, _hits.c.platform == listing.platform, _hits.c.listing != key)
    query = query.where(_listings.c.outcome == Outcome.GONE.value, _hits.c.decision.in_(_SHOWN))
    for row in connection.execute(query.order_by(_hits.c.last_seen.desc(), _hits.c.id)):
        if _same_offer(made(row.value, Listing), listing):
            return row.id, row.listing
    return None


def _same_offer(old: Listing, new: Listing) -> bool:
    shares = {(link.platform, link.share_id) for link in old.links}
    if shares & {(link.platform, link.share_id) for link in new.links}:
        return True
    sellers = {name for name in (old.seller_id, old.seller) if name}
    same_seller = bool(sellers & {new.seller_id, new.seller})
    pictures = {picture.sha256 for picture in old.pictures if picture.sha256}
    return same_seller and bool(pictures & {picture.sha256 for picture in new.pictures})
