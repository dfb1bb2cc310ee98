"""Erasing a seller with their listings, or works with their hits, and everything that depends on them, in one
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen
from sqlalchemy import Connection, Select, delete, or_, select

from crawler.store import schema
from crawler.store.database import Repository, read_connection, write_transaction
from crawler.store.hits import hit_evidence
from crawler.store.screening_settings import delete_seller_outlets

_ID_BATCH_SIZE = 500
_listings, _hits, _checks = schema.listings, schema.hits, schema.hit_checks


@frozen(kw_only=True)
class ErasureCounts:
    """How many rows of each kind were removed, and the digests of the bytes kept for them alone (`evidence`)."""

    listings: int = 0
    hits: int = 0
    judgements: int = 0
    checks: int = 0
    rules: int = 0
    outlets: int = 0
    evidence: tuple[str, ...] = ()


class SellerErasure(Repository):
    """Removal of everything kept about a seller."""

    def listings_of_seller(self, seller: str, platform: str | None = None) -> list[str]:
        """The ids of a seller's listings; `seller` is a number or a name."""
        with read_connection(self._engine) as connection:
            return _ids_of_seller(connection, seller, platform)

    def forget_seller(self, seller: str, platform: str | None = None, dry_run: bool = False) -> ErasureCounts:
        """Remove a seller's listings, the hits, judgements, samples and checks on them, the rules and outlets.

        With `dry_run` all of it is counted and nothing removed.
        """
        with write_transaction(self._engine) as connection, connection.begin_nested() as savepoint:
            ids = _ids_of_seller(connection, seller, platform)
            counts = {"listings": 0, "hits": 0, "judgements": 0, "checks": 0, "rules": 0}
            digests: set[str] = set()
            for start in range(0, len(ids), _ID_BATCH_SIZE):
                digests |= _delete_listings(connection, ids[start : start + _ID_BATCH_SIZE], counts)
            rules = delete(schema.rules).where(schema.rules.c.kind == "seller", schema.rules.c.value == seller)
            if platform:
                rules = rules.where(schema.rules.c.platform == platform)
            counts["rules"] += connection.execute(rules).rowcount
            outlets = delete_seller_outlets(connection, [seller], platform)
            evidence = digests - hit_evidence(connection) - set(connection.execute(select(_checks.c.digest)).scalars())
            if dry_run:
                savepoint.rollback()
            return ErasureCounts(**counts, outlets=outlets, evidence=tuple(sorted(evidence)))


@frozen(kw_only=True)
class WorkErasureCounts:
    """How many rows of each kind went with works, and the digests of the bytes kept for their hits alone."""

    works: int = 0
    hits: int = 0
    judgements: int = 0
    rules: int = 0
    known_positives: int = 0
    evidence: tuple[str, ...] = ()


class WorkErasure(Repository):
    """Removal of works. Listings stay, since other works may be in them; nothing is checked again for these hits."""

    def delete_works(self, ids: Sequence[str], dry_run: bool = False) -> WorkErasureCounts:
        """Remove works with their hits, judgements, samples, rules, quarantines, market prices and must-find entries.

        With `dry_run` all of it is counted and nothing removed.
        """
        counts = {"works": 0, "hits": 0, "judgements": 0, "rules": 0, "known_positives": 0}
        digests: set[str] = set()
        with write_transaction(self._engine) as connection, connection.begin_nested() as savepoint:
            for start in range(0, len(ids), _ID_BATCH_SIZE):
                digests |= _delete_works(connection, ids[start : start + _ID_BATCH_SIZE], counts)
            evidence = digests - hit_evidence(connection) - set(connection.execute(select(_checks.c.digest)).scalars())
            if dry_run:
                savepoint.rollback()
        return WorkErasureCounts(**counts, evidence=tuple(sorted(evidence)))


def _delete_works(connection: Connection, ids: Sequence[str], counts: dict[str, int]) -> set[str]:
    """Delete works and what depends on them, add to `counts`; returns the digests of their hits' evidence."""
    is_of_works = _hits.c.work.in_(ids)
    digests = hit_evidence(connection, is_of_works)
    hit_ids = select(_hits.c.id).where(is_of_works)
    listings = select(_hits.c.listing).where(is_of_works)
    shared = select(_hits.c.listing).where(_hits.c.work.not_in(ids))
    for table in (schema.samples, schema.judgements):
        deleted_rows = connection.execute(delete(table).where(table.c.hit.in_(hit_ids))).rowcount
        counts["judgements"] += deleted_rows if table is schema.judgements else 0
    watched = schema.watched.c.listing
    connection.execute(delete(schema.watched).where(watched.in_(listings), watched.not_in(shared)))
    counts["hits"] += connection.execute(delete(_hits).where(is_of_works)).rowcount
    for table in (schema.rules, schema.known_positives, schema.quarantines, schema.medians):
        deleted_rows = connection.execute(delete(table).where(table.c.work.in_(ids))).rowcount
        if table.name in counts:
            counts[table.name] += deleted_rows
    counts["works"] += connection.execute(delete(schema.works).where(schema.works.c.id.in_(ids))).rowcount
    return digests


def _ids_of_seller(connection: Connection, seller: str, platform: str | None) -> list[str]:
    return [str(listing_id) for listing_id in connection.execute(_select_seller_listings(seller, platform)).scalars()]


def _select_seller_listings(seller: str, platform: str | None) -> Select[tuple[str]]:
    value = _listings.c.value
    query = select(_listings.c.id).where(
        or_(value["seller"].as_string() == seller, value["seller_id"].as_string() == seller)
    )
    query = query if platform is None else query.where(_listings.c.platform == platform)
    return query.order_by(_listings.c.id)


def _delete_listings(connection: Connection, ids: Sequence[str], counts: dict[str, int]) -> set[str]:
    """Delete listings and what depends on them, add to `counts`; returns the digests of their evidence."""
    is_of_listings = _hits.c.listing.in_(ids)
    hit_ids = list(connection.execute(select(_hits.c.id).where(is_of_listings)).scalars())
    digests = hit_evidence(connection, is_of_listings)
    digests |= set(connection.execute(select(_checks.c.digest).where(_checks.c.listing.in_(ids))).scalars()) - {""}
    for table in (schema.samples, schema.judgements):
        deleted_rows = connection.execute(delete(table).where(table.c.hit.in_(hit_ids))).rowcount
        counts["judgements"] += deleted_rows if table is schema.judgements else 0
    addresses = select(_listings.c.address).where(_listings.c.id.in_(ids))
    listing_rules = delete(schema.rules).where(schema.rules.c.kind == "listing", schema.rules.c.value.in_(addresses))
    counts["rules"] += connection.execute(listing_rules).rowcount
    connection.execute(delete(_hits).where(_hits.c.listing.in_(ids)))
    for table in (schema.hit_checks, schema.watched, schema.share_sellers, schema.known_positives):
        deleted_rows = connection.execute(delete(table).where(table.c.listing.in_(ids))).rowcount
        counts["checks"] += deleted_rows if table is schema.hit_checks else 0
    counts["listings"] += connection.execute(delete(_listings).where(_listings.c.id.in_(ids))).rowcount
    counts["hits"] += len(hit_ids)
    return digests
