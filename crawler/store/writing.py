"""What crawls and rematches found is written: listings, their hits, the shares they sell, in one transaction.

Hits are upserts on (work, listing). What was found first stays as it was, what a person judged or an audit drew stays
even if nothing is left of it, and a hit notes when it became what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from crawler.items import Assessed, Assessment, Listing, Picture
from crawler.pictures.hashing import PHASH
from crawler.ranking import rank
from crawler.shapes.states import OPEN
from crawler.store import schema
from crawler.store.engine import upsert
from crawler.store.joining import identified, note_return
from crawler.store.shares import says_more, write_sellers, write_shares
from crawler.store.values import hit_id, listing_id, plain
from crawler.text import fold
from crawler.urls import canonical

KEPT_TEXT = 600  # characters of a listing's text in its key: as much as a rematch after new works looks through
_BATCH = 500
_KEEP = ("first_seen", "judged")
_hits = schema.hits


def write(connection: Connection, batch: Sequence[Assessed], run: str, now: datetime) -> None:
    """Store assessed listings inside a transaction; hits a listing no longer is go, unless a person judged them."""
    kept = [each for each in batch if says_more(connection, each.listing)]
    kept.sort(key=lambda each: each.listing.share_state in OPEN)  # of two codes for one share, the one that opened it
    unique = {listing_id(each.listing.url): each for each in kept}
    rows = [listing_row(key, each.listing, run, now) for key, each in unique.items()]
    hits = [hit_row(key, each.listing, part, run, now) for key, each in unique.items() for part in each.assessments]
    upsert(connection, schema.listings, rows, keep=("first_seen",))
    listings = {key: each.listing for key, each in unique.items()}
    for old, new in identified(connection, hits, listings):
        listing = listings[new]
        note_return(connection, old, listing, listing.seen_at or now, run, listing.page_digest or "")
    for start in range(0, len(rows), _BATCH):
        delete_others(connection, [row["id"] for row in rows[start : start + _BATCH]], [hit["id"] for hit in hits])
    write_hits(connection, hits, now)
    write_shares(connection, [each.listing for each in batch], run, now)
    write_sellers(connection, [each.listing for each in kept])


def write_hits(connection: Connection, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Upsert hits; each keeps when it was found, and notes when it became what it is now."""
    known = _known(connection, [row["id"] for row in rows])
    for row in rows:
        old = known.get(row["id"])
        row["rank"] = rank(row["rank"], old.first_seen if old else row["first_seen"])
        row["changed_at"] = old.changed_at if old and old.decision == row["decision"] else now
    upsert(connection, _hits, rows, keep=_KEEP)


def delete_others(connection: Connection, listings: Sequence[str], ids: Sequence[str]) -> None:
    """Delete the hits of these listings that are none of these, unless somebody judged them or an audit drew them."""
    needed = or_(
        _hits.c.id.in_(select(schema.judgements.c.hit)),
        _hits.c.id.in_(select(schema.samples.c.hit)),
    )
    gone = delete(_hits).where(_hits.c.listing.in_(listings), _hits.c.id.not_in(ids))
    connection.execute(gone.where(~needed))


def hit_row(key: str, listing: Listing, part: Assessment, run: str, now: datetime) -> dict[str, Any]:
    """The row of a hit: `part` is the assessment, `key` the id of its listing. Its rank is its harm yet."""
    evidence = [mark for mark in (listing.page_digest, *(picture.sha256 for picture in listing.pictures)) if mark]
    return {
        "id": hit_id(part.work_id, listing.url),
        "listing": key,
        "work": part.work_id,
        "platform": listing.platform,
        "identity": part.identity,
        "offence": part.offence,
        "decision": part.decision.value,
        "findings": plain(part.findings),
        "evidence": evidence,
        "first_seen": listing.seen_at or now,
        "last_seen": listing.seen_at or now,
        "run": run,
        "seller": listing.seller_id or listing.seller,
        "rank": part.harm,
        "judged": None,
    }


def looks_of(pictures: Iterable[Picture]) -> bytes:
    """The hashes of 64 bits of pictures, eight bytes each, in their order."""
    hashes = (each.value for picture in pictures for each in picture.hashes if each.hasher == PHASH)
    return b"".join(int(value, 16).to_bytes(8, "big") for value in hashes)


def key_of(listing: Listing) -> str:
    """What a rematch after new works looks through."""
    return fold(f"{listing.title}\n{listing.text[:KEPT_TEXT]}")


def _known(connection: Connection, ids: Sequence[str]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for start in range(0, len(ids), _BATCH):
        query = select(_hits.c.id, _hits.c.decision, _hits.c.first_seen, _hits.c.changed_at)
        rows = connection.execute(query.where(_hits.c.id.in_(ids[start : start + _BATCH])))
        found |= {row.id: row for row in rows}
    return found


def listing_row(key: str, listing: Listing, run: str, now: datetime) -> dict[str, Any]:
    """The row of a listing under this id."""
    return {
        "id": key,
        "address": canonical(listing.url),
        "platform": listing.platform,
        "kind": listing.kind.value,
        "outcome": listing.outcome.value,
        "value": plain(listing),
        "first_seen": listing.seen_at or now,
        "last_seen": listing.seen_at or now,
        "run": run,
        "key": key_of(listing),
        "looks": looks_of(listing.pictures) or None,
    }
