"""Finding stored hits and their listings: all that a HitQuery selects, or one page in order of rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from attrs import evolve, fields, frozen
from sqlalchemy import Connection, Engine, Row, Select, select, tuple_

from crawler.items import AssessedListing, Decision, Finding, Hit, Judgement, Listing, Outcome, Unit, Verdict
from crawler.store import schema
from crawler.store.database import from_json, listing_id, read_connection, write_transaction
from crawler.store.hit_query import HitQuery, all_clauses, clauses_without_decision
from crawler.store.reviews import Reviews
from crawler.store.work_queue import check_claim
from crawler.store.write import write_listings

_ID_BATCH_SIZE = 500
_IS_UP_BY_OUTCOME = {Outcome.LIVE.value: True, Outcome.UNCHANGED.value: True, Outcome.GONE.value: False}
_hits, _listings, _shares = schema.hits, schema.listings, schema.shares


@frozen(kw_only=True)
class HitSummary:
    """A hit without its listing. `is_new`: it was never seen before, and nobody judged it."""

    id: str
    work: str
    platform: str
    is_new: bool


class Hits:
    """Stored listings and what was decided about them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_hits(self, hit_query: HitQuery) -> Iterator[Hit]:
        """Hits by id."""
        for rows, states in self.find_rows(hit_query):
            yield from (_hit_from_row(row, states) for row in rows)

    def find_rows(self, hit_query: HitQuery) -> Iterator[tuple[Sequence[Row[Any]], Mapping[tuple[str, str], str]]]:
        """The same as they are stored, in portions, each with the last known states of the shares in it."""
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
        """So many hits from `offset` on, by expected harm, then by id."""
        with read_connection(self._engine) as connection:
            ids = self._first_ids(connection, hit_query, limit + offset)[offset:]
            rows = _rows_by_id(connection, ids)
            states = _share_states(connection, list(rows.values()))
            return [_hit_from_row(rows[hit_id], states) for hit_id in ids]

    def _first_ids(self, connection: Connection, hit_query: HitQuery, count: int) -> list[str]:
        """The ids of the first hits: each decision by itself, so that an index gives them in their order."""
        decisions = list(Decision) if not hit_query.decisions else list(hit_query.decisions)
        query = select(_hits.c.rank, _hits.c.id).where(*clauses_without_decision(hit_query))
        query = query.order_by(_hits.c.rank.desc(), _hits.c.id).limit(count)
        rows_by_decision = [
            connection.execute(query.where(_hits.c.decision == decision.value)).all() for decision in decisions
        ]
        ordered = merge(*rows_by_decision, key=lambda row: (-row.rank, row.id))
        return [row.id for row in islice(ordered, count)]

    def find_summaries(self, hit_query: HitQuery) -> Iterator[HitSummary]:
        """Hits by id, no more of them than their own row."""
        query = select(
            _hits.c.id, _hits.c.work, _hits.c.platform, _hits.c.first_seen, _hits.c.last_seen, _hits.c.judged
        )
        with read_connection(self._engine) as connection:
            rows = connection.execute(query.where(*all_clauses(hit_query)).order_by(_hits.c.id))
            for row in rows.yield_per(_ID_BATCH_SIZE):
                yield HitSummary(
                    id=row.id,
                    work=row.work,
                    platform=row.platform,
                    is_new=row.first_seen == row.last_seen and row.judged is None,
                )

    def find_by_id_prefix(self, id_prefix: str) -> list[Hit]:
        """The hits whose id begins with `id_prefix`."""
        with read_connection(self._engine) as connection:
            query = _select_hits().where(_hits.c.id.startswith(id_prefix, autoescape=True)).order_by(_hits.c.id)
            rows = connection.execute(query).all()
            states = _share_states(connection, rows)
            return [_hit_from_row(row, states) for row in rows]

    def get_many(self, ids: Iterable[str]) -> dict[str, Hit]:
        """The hits of these ids that exist."""
        with read_connection(self._engine) as connection:
            rows = _rows_by_id(connection, list(ids))
            states = _share_states(connection, list(rows.values()))
            return {key: _hit_from_row(row, states) for key, row in rows.items()}

    def get_listing(self, address: str) -> Listing | None:
        """The stored listing of an address, None if it was never seen."""
        query = select(_listings.c.value).where(_listings.c.id == listing_id(address))
        with read_connection(self._engine) as connection:
            value = connection.execute(query).scalar()
        return None if value is None else from_json(value, Listing)

    def get_listings(self, addresses: Iterable[str]) -> dict[str, Listing]:
        """The stored listings of these addresses, by their ids."""
        listing_ids = [listing_id(address) for address in addresses]
        listings: dict[str, Listing] = {}
        if listing_ids:
            with read_connection(self._engine) as connection:
                for start in range(0, len(listing_ids), _ID_BATCH_SIZE):
                    query = select(_listings.c.id, _listings.c.value)
                    rows = connection.execute(
                        query.where(_listings.c.id.in_(listing_ids[start : start + _ID_BATCH_SIZE]))
                    )
                    listings |= {row.id: from_json(row.value, Listing) for row in rows}
        return listings

    def merge_stored_listing(self, listing: Listing) -> Listing:
        """One listing, as `merge_stored_listings` gives it."""
        return self.merge_stored_listings([listing])[0]

    def merge_stored_listings(self, listings: Sequence[Listing]) -> list[Listing]:
        """The listings with what only their own pages say, where these were read before and this is a row of a list.

        A share that can no longer be opened keeps the title and the files that were seen in it.
        """
        stored = self.get_listings(listing.url for listing in listings if _may_lack_details(listing))
        return [_merge_listing(listing, stored.get(listing_id(listing.url))) for listing in listings]

    def write_batch(self, batch: Sequence[AssessedListing], unit: Unit, now: datetime) -> None:
        """Store what a unit found, all or nothing. Raises ClaimLost if the unit was taken over by another worker."""
        with write_transaction(self._engine) as connection:
            check_claim(connection, unit)
            write_listings(connection, batch, unit.run, now)

    def add_judgement(self, judgement: Judgement) -> None:
        """Add a judgement."""
        Reviews(self._engine).add_judgement(judgement)

    def current_judgements(self, hits: Sequence[str]) -> Mapping[str, Judgement]:
        """The judgement that stands of each of these hits that has one."""
        return Reviews(self._engine).current_judgements(hits)

    def evidence_digests(self) -> set[str]:
        """The digests of all bytes that hits stand on, pictures drawn for their findings included."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_hits.c.evidence, _hits.c.findings))
            return {digest for row in rows for digest in (*row.evidence, *_drawn_picture_digests(row.findings))}


def _select_hits() -> Select[Any]:
    return select(_hits, _listings.c.value, _listings.c.outcome).join(_listings)


def _rows_by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    rows_by_id: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _ID_BATCH_SIZE):
        query = _select_hits().where(_hits.c.id.in_(ids[start : start + _ID_BATCH_SIZE]))
        rows_by_id |= {row.id: row for row in connection.execute(query)}
    return rows_by_id


def _share_states(connection: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], str]:
    """The last known states of the shares in these rows, by platform and share."""
    share_keys = {(link["platform"], link["share_id"]) for row in rows for link in row.value.get("links", ())}
    if not share_keys:
        return {}
    query = select(_shares).where(tuple_(_shares.c.platform, _shares.c.share_id).in_(sorted(share_keys)))
    return {(row.platform, row.share_id): row.state for row in connection.execute(query)}


def listing_share_states(value: Mapping[str, Any], states: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """The states of a stored listing's shares, in the order of its links."""
    links = value.get("links", ())
    return tuple(states.get((link["platform"], link["share_id"]), "unknown") for link in links)


def is_up(outcome: str) -> bool | None:
    """Whether a listing with this outcome is up; None where that is not known."""
    return _IS_UP_BY_OUTCOME.get(outcome)


def _may_lack_details(listing: Listing) -> bool:
    """Whether what is stored may say more: of a row of a list, of a share that cannot be opened."""
    return not listing.whole or (listing.share_state is not None and not listing.files)


def _merge_listing(listing: Listing, stored: Listing | None) -> Listing:
    if stored is None or not _may_lack_details(listing):
        return listing
    return (
        _merge_share(listing, stored)
        if listing.share_state is not None and not listing.files
        else _merge_details(listing, stored)
    )


def _merge_share(listing: Listing, stored: Listing) -> Listing:
    return evolve(
        listing, title=listing.title or stored.title, files=stored.files, seller=listing.seller or stored.seller
    )


def _merge_details(listing: Listing, stored: Listing | None) -> Listing:
    """What is new, with what only the listing's own page says kept where the new one is a row of a list."""
    if stored is None or listing.whole or not stored.whole:
        return listing
    empty: tuple[Any, ...] = (None, "", (), {})
    stored_details = {
        attribute.name: getattr(stored, attribute.name)
        for attribute in fields(Listing)
        if getattr(listing, attribute.name) in empty and getattr(stored, attribute.name) not in empty
    }
    return evolve(listing, **stored_details, whole=True)


def _drawn_picture_digests(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (digest for finding in findings if (digest := (finding.get("sighting") or {}).get("beside")))


def _hit_from_row(row: Row[Any], states: Mapping[tuple[str, str], str]) -> Hit:
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
