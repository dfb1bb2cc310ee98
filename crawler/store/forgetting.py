"""What is kept about a person or shop is removed: their listings, and everything that hangs on them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import Connection, Engine, Select, delete, or_, select

from crawler.store import schema
from crawler.store.engine import read_connection, write_transaction

_listings, _hits = schema.listings, schema.hits
_ID_BATCH_SIZE = 500


@frozen(kw_only=True)
class ErasureCounts:
    """How much of what was removed, and the digests of bytes that were kept for it."""

    listings: int = 0
    hits: int = 0
    judgements: int = 0
    checks: int = 0
    rules: int = 0
    evidence: tuple[str, ...] = ()


class SellerErasure:
    """Removal of what is kept about a seller."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listings_of_seller(self, seller: str, platform: str | None = None) -> list[str]:
        """The listings of a seller, by number or name."""
        with read_connection(self._engine) as connection:
            return [
                str(listing_id)
                for listing_id in connection.execute(_select_seller_listings(seller, platform)).scalars()
            ]

    def forget_seller(self, seller: str, platform: str | None = None) -> ErasureCounts:
        """Remove all of it in one transaction."""
        with write_transaction(self._engine) as connection:
            ids = [
                str(listing_id)
                for listing_id in connection.execute(_select_seller_listings(seller, platform)).scalars()
            ]
            counts = {"listings": 0, "hits": 0, "judgements": 0, "checks": 0}
            digests: set[str] = set()
            for start in range(0, len(ids), _ID_BATCH_SIZE):
                digests |= _delete_listings(connection, ids[start : start + _ID_BATCH_SIZE], counts)
            rules = delete(schema.rules).where(schema.rules.c.kind == "seller", schema.rules.c.value == seller)
            if platform:
                rules = rules.where(schema.rules.c.platform == platform)
            return ErasureCounts(**counts, rules=connection.execute(rules).rowcount, evidence=tuple(sorted(digests)))


def _select_seller_listings(seller: str, platform: str | None) -> Select[tuple[str]]:
    value = _listings.c.value
    query = select(_listings.c.id).where(
        or_(value["seller"].as_string() == seller, value["seller_id"].as_string() == seller)
    )
    query = query if platform is None else query.where(_listings.c.platform == platform)
    return query.order_by(_listings.c.id)


def _delete_listings(connection: Connection, ids: Sequence[str], counts: dict[str, int]) -> set[str]:
    hits = list(connection.execute(select(_hits.c.id, _hits.c.evidence).where(_hits.c.listing.in_(ids))))
    hit_ids = [row.id for row in hits]
    for table in (schema.samples, schema.judgements):
        deleted_rows = connection.execute(delete(table).where(table.c.hit.in_(hit_ids))).rowcount
        counts["judgements"] += deleted_rows if table is schema.judgements else 0
    addresses = select(_listings.c.address).where(_listings.c.id.in_(ids))
    connection.execute(
        delete(schema.rules).where(schema.rules.c.kind == "listing", schema.rules.c.value.in_(addresses))
    )
    connection.execute(delete(_hits).where(_hits.c.listing.in_(ids)))
    for table in (schema.hit_checks, schema.watched, schema.share_sellers, schema.known_positives):
        deleted_rows = connection.execute(delete(table).where(table.c.listing.in_(ids))).rowcount
        counts["checks"] += deleted_rows if table is schema.hit_checks else 0
    counts["listings"] += connection.execute(delete(_listings).where(_listings.c.id.in_(ids))).rowcount
    counts["hits"] += len(hits)
    return {digest for row in hits for digest in row.evidence}
