"""Writing what crawls and rematches found: listings, their hits and the shares they sell, in one transaction.

Hits are upserts on (work, listing). `first_seen` never changes, and a hit that a person judged or an audit drew stays
even if no assessment supports it any more. A seller whose offer was taken down may list it again under a new address:
the same seller and picture, or the same share, on the same platform make it the old hit if the old address is gone, so
that its judgements and history stay with it. Rank combines expected harm and age: harm counts in powers of two, and
RANK_HALF_LIFE_DAYS of age halve it; the stored sum stays valid as time passes, since all hits age alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from crawler.items import AssessedListing, Assessment, Decision, Listing, Outcome, Picture
from crawler.pictures.hashing import PHASH
from crawler.shapes.share_states import OPEN_STATES
from crawler.store import schema
from crawler.store.calibration import is_reviewed_hit
from crawler.store.database import from_json, hit_id, listing_id, to_json, upsert
from crawler.store.rechecks import RecheckState
from crawler.store.shares import is_more_definite, write_sellers, write_shares
from crawler.text import fold
from crawler.urls import canonicalize_url

MAX_KEY_TEXT_CHARS = 600  # characters of a listing's text, and of its file names, that a screening key holds
RANK_HALF_LIFE_DAYS = 14.0  # estimate: an offer found two weeks ago has done half of its harm
_RANK_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_ID_BATCH_SIZE = 500
_PRESERVED_COLUMNS = ("first_seen", "judged")
_SHOWN_DECISIONS = (Decision.HIT.value, Decision.REVIEW.value)
_hits, _listings = schema.hits, schema.listings

HitKey = tuple[str, str]  # listing, work


def write_listings(connection: Connection, batch: Sequence[AssessedListing], run: str, now: datetime) -> None:
    """Store assessed listings inside a transaction, and delete hits without an assessment that nobody judged."""
    definite = [assessed for assessed in batch if is_more_definite(connection, assessed.listing)]
    # Later ones win: of two codes for one share, the one that opened it.
    definite.sort(key=lambda assessed: assessed.listing.share_state in OPEN_STATES)
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
    """Upsert hits inside a transaction; each keeps `first_seen`, and `changed_at` says when its decision changed."""
    stored_hits = _stored_hits(connection, [row["id"] for row in rows])
    for row in rows:
        stored = stored_hits.get(row["id"])
        row["rank"] = hit_rank(row["rank"], stored.first_seen if stored else row["first_seen"])
        row["changed_at"] = stored.changed_at if stored and stored.decision == row["decision"] else now
    upsert(connection, _hits, rows, keep=_PRESERVED_COLUMNS)


def delete_other_hits(connection: Connection, listings: Sequence[str], ids: Sequence[str]) -> None:
    """Delete the hits of these listings that are not among `ids`, unless somebody judged them or an audit drew them."""
    unlisted = delete(_hits).where(_hits.c.listing.in_(listings), _hits.c.id.not_in(ids))
    connection.execute(unlisted.where(~is_reviewed_hit()))


def hit_row(listing_key: str, listing: Listing, assessment: Assessment, run: str, now: datetime) -> dict[str, Any]:
    """The row of a hit; `listing_key` is the listing's id. `rank` is still the harm alone, see `hit_rank`."""
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
    """The 64-bit perceptual hashes of pictures, eight bytes each, in their order."""
    hashes = (
        picture_hash.value for picture in pictures for picture_hash in picture.hashes if picture_hash.hasher == PHASH
    )
    return b"".join(int(value, 16).to_bytes(8, "big") for value in hashes)


def screening_key(listing: Listing) -> str:
    """The text by which new works are prefiltered: the folded title, then a line of all else that may name a work."""
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
    """The row of a listing; `key` is its id."""
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


def hit_ids_of_listings(connection: Connection, listings: Sequence[str]) -> dict[HitKey, str]:
    """The ids of the hits of stored listings, by (listing, work)."""
    hit_ids: dict[HitKey, str] = {}
    for start in range(0, len(listings), _ID_BATCH_SIZE):
        query = select(_hits.c.id, _hits.c.listing, _hits.c.work)
        query = query.where(_hits.c.listing.in_(listings[start : start + _ID_BATCH_SIZE]))
        hit_ids |= {(row.listing, row.work): row.id for row in connection.execute(query)}
    return hit_ids


def listings_of_hit_ids(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The listings of hits, by hit id."""
    listings_by_hit: dict[str, str] = {}
    for start in range(0, len(ids), _ID_BATCH_SIZE):
        query = select(_hits.c.id, _hits.c.listing).where(_hits.c.id.in_(ids[start : start + _ID_BATCH_SIZE]))
        listings_by_hit |= {row.id: row.listing for row in connection.execute(query)}
    return listings_by_hit


def assign_hit_ids(
    connection: Connection, rows: Sequence[dict[str, Any]], listings: Mapping[str, Listing]
) -> list[tuple[str, str]]:
    """Give rows of hits the ids they are stored under; returns (old listing, new listing) of those listed again.

    A row comes with the id of a new hit: the digest of its work and address.
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
    """Record with the old listing that its offer returned, and under which address."""
    row = {
        "listing": old_listing,
        "state": RecheckState.RETURNED.value,
        "outcome": Outcome.LIVE.value,
        "status": "",
        "endpoint": listing.url,
    }
    row |= {"digest": digest, "told": listing.title[:300]}
    connection.execute(insert(schema.hit_checks).values(**row, run=run, at=at))


def _find_relisted_hit(connection: Connection, key: str, listing: Listing, work: str) -> tuple[str, str] | None:
    query = select(_hits.c.id, _hits.c.listing, _listings.c.value).join(_listings, _listings.c.id == _hits.c.listing)
    query = query.where(_hits.c.work == work, _hits.c.platform == listing.platform, _hits.c.listing != key)
    query = query.where(_listings.c.outcome == Outcome.GONE.value, _hits.c.decision.in_(_SHOWN_DECISIONS))
    for row in connection.execute(query.order_by(_hits.c.last_seen.desc(), _hits.c.id)):
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


def hit_rank(harm: float, first_seen: datetime) -> float:
    """A hit's rank in the order of work: higher ranks first."""
    return harm + (first_seen - _RANK_EPOCH).total_seconds() / 86_400 / RANK_HALF_LIFE_DAYS
