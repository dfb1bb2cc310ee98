"""What crawls and rematches found is written: listings, their hits, the shares they sell, in one transaction.

Hits are upserts on (work, listing). What was found first stays as it was, what a person judged or an audit drew stays
even if nothing is left of it, and a hit notes when it became what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from crawler.items import AssessedListing, Assessment, Listing, Picture
from crawler.pictures.hashing import PHASH
from crawler.ranking import hit_rank
from crawler.shapes.states import OPEN_STATES
from crawler.store import schema
from crawler.store.engine import upsert
from crawler.store.joining import assign_hit_ids, record_return
from crawler.store.shares import is_more_definite, write_sellers, write_shares
from crawler.store.values import hit_id, listing_id, to_json
from crawler.text import fold
from crawler.urls import canonicalize_url

MAX_KEY_TEXT_CHARS = 600  # characters of a listing's text, and of the names of its files, that a key holds
_ID_BATCH_SIZE = 500
_PRESERVED_COLUMNS = ("first_seen", "judged")
_hits = schema.hits


def write_listings(connection: Connection, batch: Sequence[AssessedListing], run: str, now: datetime) -> None:
    """Store assessed listings inside a transaction; hits a listing no longer is go, unless a person judged them."""
    definite = [assessed for assessed in batch if is_more_definite(connection, assessed.listing)]
    definite.sort(
        key=lambda assessed: assessed.listing.share_state in OPEN_STATES
    )  # of two codes for one share, the one that opened it
    assessed_by_id = {listing_id(assessed.listing.url): assessed for assessed in definite}
    rows = [listing_row(key, assessed.listing, run, now) for key, assessed in assessed_by_id.items()]
    hits = [
        hit_row(key, assessed.listing, assessment, run, now)
        for key, assessed in assessed_by_id.items()
        for assessment in assessed.assessments
    ]
    upsert(connection, schema.listings, rows, keep=("first_seen",))
    listings = {key: assessed.listing for key, assessed in assessed_by_id.items()}
    for old_id, new_id in assign_hit_ids(connection, hits, listings):
        listing = listings[new_id]
        record_return(connection, old_id, listing, listing.seen_at or now, run, listing.page_digest or "")
    for start in range(0, len(rows), _ID_BATCH_SIZE):
        delete_other_hits(
            connection, [row["id"] for row in rows[start : start + _ID_BATCH_SIZE]], [hit["id"] for hit in hits]
        )
    write_hits(connection, hits, now)
    write_shares(connection, [assessed.listing for assessed in batch], run, now)
    write_sellers(connection, [assessed.listing for assessed in definite])


def write_hits(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Upsert hits; each keeps when it was found, and notes when it became what it is now."""
    stored_hits = _stored_hits(connection, [row["id"] for row in rows])
    for row in rows:
        stored = stored_hits.get(row["id"])
        row["rank"] = hit_rank(row["rank"], stored.first_seen if stored else row["first_seen"])
        row["changed_at"] = stored.changed_at if stored and stored.decision == row["decision"] else now
    upsert(connection, _hits, rows, keep=_PRESERVED_COLUMNS)


def delete_other_hits(connection: Connection, listings: Sequence[str], ids: Sequence[str]) -> None:
    """Delete the hits of these listings that are none of these, unless somebody judged them or an audit drew them."""
    is_needed = or_(
        _hits.c.id.in_(select(schema.judgements.c.hit)),
        _hits.c.id.in_(select(schema.samples.c.hit)),
    )
    unlisted = delete(_hits).where(_hits.c.listing.in_(listings), _hits.c.id.not_in(ids))
    connection.execute(unlisted.where(~is_needed))


def hit_row(listing_key: str, listing: Listing, assessment: Assessment, run: str, now: datetime) -> dict[str, Any]:
    """The row of a hit: `assessment` is the assessment, `listing_key` the id of its listing. Its rank is its harm
    yet.
    """
    evidence = [digest for digest in (listing.page_digest, *(picture.sha256 for picture in listing.pictures)) if digest]
    return {
        "id": hit_id(assessment.work_id, listing.url),
        "listing": listing_key,
        "work": assessment.work_id,
        "platform": listing.platform,
        "identity": assessment.identity,
        "offence": assessment.offence,
        "decision": assessment.decision.value,
        "findings": to_json(assessment.findings),
        "evidence": evidence,
        "first_seen": listing.seen_at or now,
        "last_seen": listing.seen_at or now,
        "run": run,
        "seller": listing.seller_id or listing.seller,
        "rank": assessment.harm,
        "judged": None,
    }


def picture_hash_bytes(pictures: Iterable[Picture]) -> bytes:
    """The hashes of 64 bits of pictures, eight bytes each, in their order."""
    hashes = (
        picture_hash.value for picture in pictures for picture_hash in picture.hashes if picture_hash.hasher == PHASH
    )
    return b"".join(int(value, 16).to_bytes(8, "big") for value in hashes)


def screening_key(listing: Listing) -> str:
    """What a rematch after new works looks through: the folded title, then a line of all else that may name a work."""
    names = " ".join(file.name for file in listing.files)[:MAX_KEY_TEXT_CHARS]
    numbers = " ".join(value for values in listing.identifiers.values() for value in values)
    return f"{fold(listing.title)}\n{fold(f'{listing.text[:MAX_KEY_TEXT_CHARS]} {names} {numbers}')}"


def _stored_hits(connection: Connection, ids: Sequence[str]) -> Mapping[str, Any]:
    rows_by_id: dict[str, Any] = {}
    for start in range(0, len(ids), _ID_BATCH_SIZE):
        query = select(_hits.c.id, _hits.c.decision, _hits.c.first_seen, _hits.c.changed_at)
        rows = connection.execute(query.where(_hits.c.id.in_(ids[start : start + _ID_BATCH_SIZE])))
        rows_by_id |= {row.id: row for row in rows}
    return rows_by_id


def listing_row(key: str, listing: Listing, run: str, now: datetime) -> dict[str, Any]:
    """The row of a listing under this id."""
    return {
        "id": key,
        "address": canonicalize_url(listing.url),
        "platform": listing.platform,
        "kind": listing.kind.value,
        "outcome": listing.outcome.value,
        "value": to_json(listing),
        "first_seen": listing.seen_at or now,
        "last_seen": listing.seen_at or now,
        "run": run,
        "key": screening_key(listing),
        "looks": picture_hash_bytes(listing.pictures) or None,
    }
