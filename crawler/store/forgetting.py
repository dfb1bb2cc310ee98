"""What is kept about a person or shop is removed: their listings, and everything that hangs on them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import Connection, Engine, Select, delete, or_, select

from crawler.store import schema
from crawler.store.engine import reading, writing

_listings, _hits = schema.listings, schema.hits
_BATCH = 500


@frozen(kw_only=True)
class Forgotten:
    """How much of what was removed, and the digests of bytes that were kept for it."""

    listings: int = 0
    hits: int = 0
    judgements: int = 0
    checks: int = 0
    rules: int = 0
    evidence: tuple[str, ...] = ()


class Forgetting:
    """Removal of what is kept about a seller."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, seller: str, platform: str | None = None) -> list[str]:
        """The listings of a seller, by number or name."""
        with reading(self._engine) as connection:
            return [str(each) for each in connection.execute(_of_seller(seller, platform)).scalars()]

    def forget(self, seller: str, platform: str | None = None) -> Forgotten:
        """Remove all of it in one transaction."""
        with writing(self._engine) as connection:
            ids = [str(each) for each in connection.execute(_of_seller(seller, platform)).scalars()]
            counts = {"listings": 0, "hits": 0, "judgements": 0, "checks": 0}
            marks: set[str] = set()
            for start in range(0, len(ids), _BATCH):
                marks |= _removed(connection, ids[start : start + _BATCH], counts)
            rules = delete(schema.rules).where(schema.rules.c.kind == "seller", schema.rules.c.value == seller)
            if platform:
                rules = rules.where(schema.rules.c.platform == platform)
            return Forgotten(**counts, rules=connection.execute(rules).rowcount, evidence=tuple(sorted(marks)))


def _of_seller(seller: str, platform: str | None) -> Select[tuple[str]]:
    value = _listings.c.value
    query = select(_listings.c.id).where(
        or_(value["seller"].as_string() == seller, value["seller_id"].as_string() == seller)
    )
    query = query if platform is None else query.where(_listings.c.platform == platform)
    return query.order_by(_listings.c.id)


def _removed(connection: Connection, ids: Sequence[str], counts: dict[str, int]) -> set[str]:
    hits = list(connection.execute(select(_hits.c.id, _hits.c.evidence).where(_hits.c.listing.in_(ids))))
    keys = [row.id for row in hits]
    for table in (schema.samples, schema.judgements):
        done = connection.execute(delete(table).where(table.c.hit.in_(keys))).rowcount
        counts["judgements"] += done if table is schema.judgements else 0
    addresses = select(_listings.c.address).where(_listings.c.id.in_(ids))
    connection.execute(
        delete(schema.rules).where(schema.rules.c.kind == "listing", schema.rules.c.value.in_(addresses))
    )
    connection.execute(delete(_hits).where(_hits.c.listing.in_(ids)))
    for table in (schema.hit_checks, schema.watched, schema.share_sellers, schema.known_positives):
        done = connection.execute(delete(table).where(table.c.listing.in_(ids))).rowcount
        counts["checks"] += done if table is schema.hit_checks else 0
    counts["listings"] += connection.execute(delete(_listings).where(_listings.c.id.in_(ids))).rowcount
    counts["hits"] += len(hits)
    return {mark for row in hits for mark in row.evidence}
