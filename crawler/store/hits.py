"""Stored hits: all that a HitQuery selects, one page by rank, and batches to be decided again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import ColumnElement, Connection, Row, Select, select, true, tuple_, update

from crawler.items import AssessedListing, Assessment, Decision, Finding, Hit, Listing, Unit, Verdict
from crawler.store import schema
from crawler.store.database import Repository, from_json, listing_id, read_connection, to_json, write_transaction
from crawler.store.hit_query import (
    GONE_OUTCOMES,
    UP_OUTCOMES,
    HitQuery,
    SavedQueries,
    all_clauses,
    clauses_without_decision,
)
from crawler.store.listings import StoredDecision
from crawler.store.work_queue import check_claim
from crawler.store.write import (
    delete_other_hits,
    hit_ids_of_listings,
    hit_rank,
    hit_row,
    write_hits,
    write_listings,
)

_ID_BATCH_SIZE = 500
_IS_UP_BY_OUTCOME = {**dict.fromkeys(UP_OUTCOMES, True), **dict.fromkeys(GONE_OUTCOMES, False)}
_hits, _listings, _shares = schema.hits, schema.listings, schema.shares

ShareStates = Mapping[tuple[str, str], str]  # (platform, share) -> last known state


@frozen(kw_only=True)
class HitSummary:
    """A hit without its listing. `is_new`: it was seen once only, and nobody has judged it."""

    id: str
    work: str
    platform: str
    is_new: bool


@frozen(kw_only=True)
class StoredHit:
    """A stored hit with its listing as last seen, its findings, and what was decided before."""

    id: str
    work: str
    listing: Listing
    findings: tuple[Finding, ...]
    previous_decision: StoredDecision
    first_seen: datetime


class HitSearch(Repository):
    """Reading hits."""

    def find_hits(self, hit_query: HitQuery) -> Iterator[Hit]:
        """All hits of a query, by id."""
        for rows, states in self.find_rows(hit_query):
            yield from (_hit_from_row(row, states) for row in rows)

    def find_rows(self, hit_query: HitQuery) -> Iterator[tuple[Sequence[Row[Any]], ShareStates]]:
        """The rows of all hits of a query, by id, in batches, each with the last known states of the shares in it."""
        with read_connection(self._engine) as connection:
            ids = sorted(connection.execute(select(_hits.c.id).where(*all_clauses(hit_query))).scalars())
        for start in range(0, len(ids), _ID_BATCH_SIZE):
            batch_ids = ids[start : start + _ID_BATCH_SIZE]
            with read_connection(self._engine) as connection:
                rows_by_id = _rows_by_id(connection, batch_ids)
                rows = [rows_by_id[hit_id] for hit_id in batch_ids if hit_id in rows_by_id]
                states = _share_states(connection, rows)
            yield rows, states

    def find_page(self, hit_query: HitQuery, limit: int, offset: int = 0) -> list[Hit]:
        """At most `limit` hits of a query from `offset` on, by rank, then by id."""
        with read_connection(self._engine) as connection:
            ids = _first_ids(connection, hit_query, limit + offset)[offset:]
            rows = _rows_by_id(connection, ids)
            states = _share_states(connection, list(rows.values()))
            return [_hit_from_row(rows[hit_id], states) for hit_id in ids]

    def find_summaries(self, hit_query: HitQuery) -> Iterator[HitSummary]:
        """Summaries of all hits of a query, by id."""
        query = select(
            _hits.c.id, _hits.c.work, _hits.c.platform, _hits.c.first_seen, _hits.c.last_seen, _hits.c.judged
        )
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.where(*all_clauses(hit_query)).order_by(_hits.c.id))
            for row in rows.yield_per(_ID_BATCH_SIZE):
                is_new = row.first_seen == row.last_seen and row.judged is None
                yield HitSummary(id=row.id, work=row.work, platform=row.platform, is_new=is_new)

    def find_by_id_prefix(self, id_prefix: str) -> list[Hit]:
        """The hits whose id begins with `id_prefix`."""
        with read_connection(self._engine) as connection:
            query = _select_hits().where(_hits.c.id.startswith(id_prefix, autoescape=True)).order_by(_hits.c.id)
            rows = connection.execute(query).all()
            states = _share_states(connection, rows)
            return [_hit_from_row(row, states) for row in rows]

    def get_many(self, ids: Iterable[str]) -> dict[str, Hit]:
        """The hits of these ids that exist, by id."""
        with read_connection(self._engine) as connection:
            rows = _rows_by_id(connection, list(ids))
            states = _share_states(connection, list(rows.values()))
            return {key: _hit_from_row(row, states) for key, row in rows.items()}

    def all_batches(self) -> Iterator[list[StoredHit]]:
        """All hits by id, in batches."""
        yield from self._batches(true())

    def batches_of_works(self, works: Sequence[str]) -> Iterator[list[StoredHit]]:
        """The hits of these works, in batches."""
        for start in range(0, len(works), _ID_BATCH_SIZE):
            yield from self._batches(_hits.c.work.in_(works[start : start + _ID_BATCH_SIZE]))

    def _batches(self, where: ColumnElement[bool]) -> Iterator[list[StoredHit]]:
        last_id = ""
        query = select(_hits, _listings.c.value).join(_listings).order_by(_hits.c.id).limit(_ID_BATCH_SIZE)
        while True:
            with read_connection(self._engine) as connection:
                rows = connection.execute(query.where(where, _hits.c.id > last_id)).all()
            if not rows:
                return
            last_id = rows[-1].id
            yield [_stored_hit_from_row(row) for row in rows]

    def evidence_digests(self) -> set[str]:
        """The digests of all bytes that are evidence of hits, pictures drawn for their findings included."""
        with read_connection(self._engine) as connection:
            return hit_evidence(connection)


class HitWriter(Repository):
    """Writing hits: of a crawl with their listings, of a rematch, and of hits decided again."""

    def write_batch(self, batch: Sequence[AssessedListing], unit: Unit, now: datetime) -> None:
        """Store a unit's listings and hits, all or nothing. Raises ClaimLost if another worker took the unit over."""
        with write_transaction(self._engine) as connection:
            check_claim(connection, unit)
            write_listings(connection, batch, unit.run, now)

    def replace_hits(self, batch: Sequence[AssessedListing], now: datetime) -> None:
        """Replace the hits of stored listings (a batch at most); those that a person judged stay."""
        keys = [listing_id(assessed.listing.url) for assessed in batch]
        with write_transaction(self._engine) as connection:
            query = select(_listings.c.id, _listings.c.run).where(_listings.c.id.in_(keys))
            runs = {row.id: row.run for row in connection.execute(query)}
            hit_ids = hit_ids_of_listings(connection, keys)
            rows = [
                hit_row(key, assessed.listing, assessment, runs[key], now)
                for key, assessed in zip(keys, batch, strict=True)
                for assessment in assessed.assessments
            ]
            for row in rows:  # a hit that was listed again under a new address keeps its id
                row["id"] = hit_ids.get((row["listing"], row["work"]), row["id"])
            delete_other_hits(connection, keys, [row["id"] for row in rows])
            write_hits(connection, rows, now)

    def update_decisions(self, changed: Sequence[tuple[StoredHit, Assessment]], now: datetime) -> None:
        """Store new decisions about hits."""
        with write_transaction(self._engine) as connection:
            for stored, assessment in changed:
                values: dict[str, Any] = {
                    "decision": assessment.decision.value,
                    "identity": assessment.identity,
                    "offence": assessment.offence,
                    "findings": to_json(assessment.findings),
                    "rank": hit_rank(assessment.harm, stored.first_seen),
                }
                if assessment.decision.value != stored.previous_decision[0]:
                    values["changed_at"] = now
                connection.execute(update(_hits).where(_hits.c.id == stored.id).values(**values))


class Hits(HitSearch, HitWriter, SavedQueries):
    """Hits: what was decided about listings; and saved queries for them."""


def is_up(outcome: str) -> bool | None:
    """Whether a listing with this outcome is up; None if that is not known."""
    return _IS_UP_BY_OUTCOME.get(outcome)


def listing_share_states(value: Mapping[str, Any], states: ShareStates) -> tuple[str, ...]:
    """The states of a stored listing's shares, in the order of its links."""
    links = value.get("links", ())
    return tuple(states.get((link["platform"], link["share_id"]), "unknown") for link in links)


def _select_hits() -> Select[Any]:
    return select(_hits, _listings.c.value, _listings.c.outcome).join(_listings)


def _first_ids(connection: Connection, hit_query: HitQuery, count: int) -> list[str]:
    """The ids of the first hits by rank: each decision by itself, so that an index gives them in their order."""
    decisions = list(Decision) if not hit_query.decisions else list(hit_query.decisions)
    query = select(_hits.c.rank, _hits.c.id).where(*clauses_without_decision(hit_query))
    query = query.order_by(_hits.c.rank.desc(), _hits.c.id).limit(count)
    rows_by_decision = [
        connection.execute(query.where(_hits.c.decision == decision.value)).all() for decision in decisions
    ]
    ordered = merge(*rows_by_decision, key=lambda row: (-row.rank, row.id))
    return [row.id for row in islice(ordered, count)]


def _rows_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    rows_by_id: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _ID_BATCH_SIZE):
        query = _select_hits().where(_hits.c.id.in_(ids[start : start + _ID_BATCH_SIZE]))
        rows_by_id |= {row.id: row for row in connection.execute(query)}
    return rows_by_id


def _share_states(connection: Connection, rows: Sequence[Row[Any]]) -> ShareStates:
    """The last known states of the shares in these rows."""
    share_keys = {(link["platform"], link["share_id"]) for row in rows for link in row.value.get("links", ())}
    if not share_keys:
        return {}
    query = select(_shares).where(tuple_(_shares.c.platform, _shares.c.share_id).in_(sorted(share_keys)))
    return {(row.platform, row.share_id): row.state for row in connection.execute(query)}


def hit_evidence(connection: Connection, where: ColumnElement[bool] | None = None) -> set[str]:
    """The digests of the bytes that are evidence of hits, pictures drawn for their findings included."""
    rows = connection.execute(select(_hits.c.evidence, _hits.c.findings).where(true() if where is None else where))
    return {digest for row in rows for digest in (*row.evidence, *_drawn_picture_digests(row.findings))}


def _drawn_picture_digests(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (digest for finding in findings if (digest := (finding.get("sighting") or {}).get("beside")))


def _hit_from_row(row: Row[Any], states: ShareStates) -> Hit:
    return Hit(
        id=row.id,
        listing=from_json(row.value, Listing),
        work_id=row.work,
        identity=row.identity,
        offence=row.offence,
        decision=Decision(row.decision),
        findings=from_json(row.findings, tuple[Finding, ...]),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        still_up=is_up(row.outcome),
        share_states=listing_share_states(row.value, states),
        evidence=tuple(row.evidence),
        rank=row.rank,
        judged=Verdict(row.judged) if row.judged else None,
    )


def _stored_hit_from_row(row: Row[Any]) -> StoredHit:
    return StoredHit(
        id=row.id,
        work=row.work,
        listing=evolve(from_json(row.value, Listing), seen_at=row.last_seen),
        findings=from_json(row.findings, tuple[Finding, ...]),
        previous_decision=(row.decision, row.identity, row.offence),
        first_seen=row.first_seen,
    )
