"""Listings, hits, shares and judgements in the database; written in batches by crawler.store.writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import Factory, evolve, fields, frozen
from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select

from crawler.items import Assessed, Decision, Finding, Hit, Judgement, Listing, Outcome, Unit, Verdict
from crawler.shapes.states import OPEN
from crawler.store import schema
from crawler.store.engine import reading, upsert, writing
from crawler.store.joining import identified, note_return
from crawler.store.shares import says_more, write_sellers, write_shares
from crawler.store.units import fence
from crawler.store.values import hit_id, listing_id, made, plain
from crawler.urls import canonical

_BATCH = 500


@frozen(kw_only=True)
class Filter:
    """Which hits: empty fields allow all. `since` and `until` are inclusive days of last_seen in `zone`."""

    platforms: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    since: date | None = None
    until: date | None = None
    zone: ZoneInfo = Factory(lambda: ZoneInfo("UTC"))
    run: str | None = None


class Hits:
    """Stored listings and what was decided about them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, wanted: Filter) -> Iterator[Hit]:
        """Hits by id."""
        query = select(schema.hits, schema.listings.c.value, schema.listings.c.outcome).join(schema.listings)
        with reading(self._engine) as connection:
            for row in connection.execute(_narrowed(query, wanted).order_by(schema.hits.c.id)):
                yield _hit(row, _share_states(connection, row))

    def get(self, hit_id: str) -> list[Hit]:
        """The hits whose id begins with `hit_id`."""
        query = select(schema.hits, schema.listings.c.value, schema.listings.c.outcome).join(schema.listings)
        with reading(self._engine) as connection:
            rows = connection.execute(
                query.where(schema.hits.c.id.startswith(hit_id, autoescape=True)).order_by(schema.hits.c.id)
            )
            return [_hit(row, _share_states(connection, row)) for row in rows]

    def listing(self, address: str) -> Listing | None:
        """The stored listing of an address, None if it was never seen."""
        query = select(schema.listings.c.value).where(schema.listings.c.id == listing_id(address))
        with reading(self._engine) as connection:
            value = connection.execute(query).scalar()
        return None if value is None else made(value, Listing)

    def listings(self, addresses: Iterable[str]) -> dict[str, Listing]:
        """The stored listings of these addresses, by their ids."""
        wanted = [listing_id(address) for address in addresses]
        found: dict[str, Listing] = {}
        if wanted:
            with reading(self._engine) as connection:
                for start in range(0, len(wanted), _BATCH):
                    query = select(schema.listings.c.id, schema.listings.c.value)
                    rows = connection.execute(query.where(schema.listings.c.id.in_(wanted[start : start + _BATCH])))
                    found |= {row.id: made(row.value, Listing) for row in rows}
        return found

    def merged(self, listing: Listing) -> Listing:
        """One listing, as `all_merged` gives it."""
        return self.all_merged([listing])[0]

    def all_merged(self, listings: Sequence[Listing]) -> list[Listing]:
        """The listings with what only their own pages say, where these were read before and this is a row of a list.

        A share that can no longer be opened keeps the title and the files that were seen in it.
        """
        known = self.listings(each.url for each in listings if _says_less(each))
        return [_with_known(each, known.get(listing_id(each.url))) for each in listings]

    def write(self, batch: Sequence[Assessed], unit: Unit, now: datetime) -> None:
        """Store what a unit found, all or nothing. Raises ClaimLost if the unit was taken over by another worker."""
        with writing(self._engine) as connection:
            fence(connection, unit)
            write(connection, batch, unit.run, now)

    def evidence(self) -> set[str]:
        """The digests of all bytes that hits stand on, pictures drawn for their findings included."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(schema.hits.c.evidence, schema.hits.c.findings))
            return {mark for row in rows for mark in (*row.evidence, *_drawn(row.findings))}

    def judge(self, judgement: Judgement) -> None:
        """Add a judgement."""
        with writing(self._engine) as connection:
            connection.execute(insert(schema.judgements).values(**plain(judgement) | {"at": judgement.at}))

    def judgements(self, hits: Sequence[str]) -> Mapping[str, Judgement]:
        """The last judgement of each of these hits that has one."""
        query = select(schema.judgements).where(schema.judgements.c.hit.in_(hits)).order_by(schema.judgements.c.id)
        with reading(self._engine) as connection:
            return {
                row.hit: Judgement(hit=row.hit, verdict=Verdict(row.verdict), reason=row.reason, by=row.by, at=row.at)
                for row in connection.execute(query)
            }


def write(connection: Connection, batch: Sequence[Assessed], run: str, now: datetime) -> None:
    """Store assessed listings inside a transaction; hits a listing no longer is go, unless a person judged them."""
    kept = [each for each in batch if says_more(connection, each.listing)]
    kept.sort(key=lambda each: each.listing.share_state in OPEN)  # of two codes for one share, the one that opened it
    unique = {listing_id(each.listing.url): each for each in kept}
    rows = [_listing_row(key, each.listing, run, now) for key, each in unique.items()]
    hits = [hit_row(key, each.listing, part, run, now) for key, each in unique.items() for part in each.assessments]
    upsert(connection, schema.listings, rows, keep=("first_seen",))
    listings = {key: each.listing for key, each in unique.items()}
    for old, new in identified(connection, hits, listings):
        listing = listings[new]
        note_return(connection, old, listing, listing.seen_at or now, run, listing.page_digest or "")
    for start in range(0, len(rows), _BATCH):
        keys = [row["id"] for row in rows[start : start + _BATCH]]
        judged = select(schema.judgements.c.hit)
        gone = delete(schema.hits).where(
            schema.hits.c.listing.in_(keys), schema.hits.c.id.not_in([h["id"] for h in hits])
        )
        connection.execute(gone.where(schema.hits.c.id.not_in(judged)))
    upsert(connection, schema.hits, hits, keep=("first_seen",))
    write_shares(connection, [each.listing for each in batch], run, now)
    write_sellers(connection, [each.listing for each in kept])


def _says_less(listing: Listing) -> bool:
    """Whether what is stored may say more: of a row of a list, of a share that cannot be opened."""
    return not listing.whole or (listing.share_state is not None and not listing.files)


def _with_known(listing: Listing, known: Listing | None) -> Listing:
    if known is None or not _says_less(listing):
        return listing
    return _opened(listing, known) if listing.share_state is not None and not listing.files else _merged(listing, known)


def _opened(listing: Listing, known: Listing) -> Listing:
    return evolve(listing, title=listing.title or known.title, files=known.files, seller=listing.seller or known.seller)


def _merged(listing: Listing, known: Listing | None) -> Listing:
    """What is new, with what only the listing's own page says kept where the new one is a row of a list."""
    if known is None or listing.whole or not known.whole:
        return listing
    empty: tuple[Any, ...] = (None, "", (), {})
    kept = {
        part.name: getattr(known, part.name)
        for part in fields(Listing)
        if getattr(listing, part.name) in empty and getattr(known, part.name) not in empty
    }
    return evolve(listing, **kept, whole=True)


def _listing_row(key: str, listing: Listing, run: str, now: datetime) -> dict[str, Any]:
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
    }


def _drawn(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (drawn for each in findings if (drawn := (each.get("sighting") or {}).get("beside")))


def hit_row(key: str, listing: Listing, part: Any, run: str, now: datetime) -> dict[str, Any]:
    """The row of a hit: `part` is the assessment, `key` the id of its listing."""
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
    }


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    columns = schema.hits.c
    if wanted.platforms:
        query = query.where(columns.platform.in_(wanted.platforms))
    if wanted.works:
        query = query.where(columns.work.in_(wanted.works))
    if wanted.decisions:
        query = query.where(columns.decision.in_([decision.value for decision in wanted.decisions]))
    if wanted.run:
        query = query.where(columns.run == wanted.run)
    if wanted.since:
        query = query.where(columns.last_seen >= datetime.combine(wanted.since, time(), wanted.zone))
    if wanted.until:
        query = query.where(columns.last_seen < datetime.combine(wanted.until + timedelta(days=1), time(), wanted.zone))
    return query


def _share_states(connection: Connection, row: Row[Any]) -> tuple[str, ...]:
    shares = schema.shares
    states = []
    for link in row.value.get("links", ()):
        query = select(shares.c.state).where(
            shares.c.platform == link["platform"], shares.c.share_id == link["share_id"]
        )
        states.append(connection.execute(query).scalar() or "unknown")
    return tuple(states)


def _hit(row: Row[Any], states: tuple[str, ...]) -> Hit:
    up = {Outcome.LIVE.value: True, Outcome.UNCHANGED.value: True, Outcome.GONE.value: False}
    return Hit(
        id=row.id,
        listing=made(row.value, Listing),
        work_id=row.work,
        identity=row.identity,
        offence=row.offence,
        decision=Decision(row.decision),
        findings=made(row.findings, tuple[Finding, ...]),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        still_up=up.get(row.outcome),
        share_states=states,
        evidence=tuple(row.evidence),
    )
