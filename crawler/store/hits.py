"""Stored hits and listings read again: all that a filter wants, or the first of them in the order of work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from attrs import evolve, fields, frozen
from sqlalchemy import Connection, Engine, Row, Select, select, tuple_

from crawler.items import Assessed, Decision, Finding, Hit, Judgement, Listing, Outcome, Unit, Verdict
from crawler.store import schema
from crawler.store.engine import reading, writing
from crawler.store.filters import Filter, conditions, decided
from crawler.store.judgements import Judgements
from crawler.store.units import fence
from crawler.store.values import listing_id, made
from crawler.store.writing import write

_BATCH = 500
_UP = {Outcome.LIVE.value: True, Outcome.UNCHANGED.value: True, Outcome.GONE.value: False}
_hits, _listings, _shares = schema.hits, schema.listings, schema.shares


@frozen(kw_only=True)
class Brief:
    """A hit without its listing. `is_new`: it was never seen before, and nobody judged it."""

    id: str
    work: str
    platform: str
    is_new: bool


class Hits:
    """Stored listings and what was decided about them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, wanted: Filter) -> Iterator[Hit]:
        """Hits by id."""
        for rows, states in self.rows(wanted):
            yield from (_hit(row, states) for row in rows)

    def rows(self, wanted: Filter) -> Iterator[tuple[Sequence[Row[Any]], Mapping[tuple[str, str], str]]]:
        """The same as they are stored, in portions, each with the last known states of the shares in it."""
        with reading(self._engine) as connection:
            ids = sorted(connection.execute(select(_hits.c.id).where(*decided(wanted))).scalars())
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            with reading(self._engine) as connection:
                found = _by_ids(connection, part)
                rows = [found[each] for each in part if each in found]
                states = _share_states(connection, rows)
            yield rows, states

    def page(self, wanted: Filter, limit: int, offset: int = 0) -> list[Hit]:
        """So many hits from `offset` on, by expected harm, then by id."""
        with reading(self._engine) as connection:
            ids = self._first(connection, wanted, limit + offset)[offset:]
            rows = _by_ids(connection, ids)
            states = _share_states(connection, list(rows.values()))
            return [_hit(rows[each], states) for each in ids]

    def _first(self, connection: Connection, wanted: Filter, count: int) -> list[str]:
        """The ids of the first hits: each decision by itself, so that an index gives them in their order."""
        every = list(Decision) if not wanted.decisions else list(wanted.decisions)
        query = select(_hits.c.rank, _hits.c.id).where(*conditions(wanted))
        query = query.order_by(_hits.c.rank.desc(), _hits.c.id).limit(count)
        parts = [connection.execute(query.where(_hits.c.decision == each.value)).all() for each in every]
        ordered = merge(*parts, key=lambda row: (-row.rank, row.id))
        return [row.id for row in islice(ordered, count)]

    def brief(self, wanted: Filter) -> Iterator[Brief]:
        """Hits by id, no more of them than their own row."""
        query = select(
            _hits.c.id, _hits.c.work, _hits.c.platform, _hits.c.first_seen, _hits.c.last_seen, _hits.c.judged
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(*decided(wanted)).order_by(_hits.c.id))
            for row in rows.yield_per(_BATCH):
                yield Brief(
                    id=row.id,
                    work=row.work,
                    platform=row.platform,
                    is_new=row.first_seen == row.last_seen and row.judged is None,
                )

    def get(self, hit_id: str) -> list[Hit]:
        """The hits whose id begins with `hit_id`."""
        with reading(self._engine) as connection:
            query = _whole().where(_hits.c.id.startswith(hit_id, autoescape=True)).order_by(_hits.c.id)
            rows = connection.execute(query).all()
            states = _share_states(connection, rows)
            return [_hit(row, states) for row in rows]

    def some(self, ids: Iterable[str]) -> dict[str, Hit]:
        """The hits of these ids that exist."""
        with reading(self._engine) as connection:
            rows = _by_ids(connection, list(ids))
            states = _share_states(connection, list(rows.values()))
            return {key: _hit(row, states) for key, row in rows.items()}

    def listing(self, address: str) -> Listing | None:
        """The stored listing of an address, None if it was never seen."""
        query = select(_listings.c.value).where(_listings.c.id == listing_id(address))
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
                    query = select(_listings.c.id, _listings.c.value)
                    rows = connection.execute(query.where(_listings.c.id.in_(wanted[start : start + _BATCH])))
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

    def judge(self, judgement: Judgement) -> None:
        """Add a judgement."""
        Judgements(self._engine).add(judgement)

    def judgements(self, hits: Sequence[str]) -> Mapping[str, Judgement]:
        """The judgement that stands of each of these hits that has one."""
        return Judgements(self._engine).standing(hits)

    def evidence(self) -> set[str]:
        """The digests of all bytes that hits stand on, pictures drawn for their findings included."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_hits.c.evidence, _hits.c.findings))
            return {mark for row in rows for mark in (*row.evidence, *_drawn(row.findings))}


def _whole() -> Select[Any]:
    return select(_hits, _listings.c.value, _listings.c.outcome).join(_listings)


def _by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _BATCH):
        query = _whole().where(_hits.c.id.in_(ids[start : start + _BATCH]))
        found |= {row.id: row for row in connection.execute(query)}
    return found


def _share_states(connection: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], str]:
    """The last known states of the shares in these rows, by platform and share."""
    wanted = {(link["platform"], link["share_id"]) for row in rows for link in row.value.get("links", ())}
    if not wanted:
        return {}
    query = select(_shares).where(tuple_(_shares.c.platform, _shares.c.share_id).in_(sorted(wanted)))
    return {(row.platform, row.share_id): row.state for row in connection.execute(query)}


def states_of(value: Mapping[str, Any], states: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """The states of a stored listing's shares, in the order of its links."""
    links = value.get("links", ())
    return tuple(states.get((link["platform"], link["share_id"]), "unknown") for link in links)


def is_up(outcome: str) -> bool | None:
    """Whether a listing with this outcome is up; None where that is not known."""
    return _UP.get(outcome)


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


def _drawn(findings: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (drawn for each in findings if (drawn := (each.get("sighting") or {}).get("beside")))


def _hit(row: Row[Any], states: Mapping[tuple[str, str], str]) -> Hit:
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
        still_up=is_up(row.outcome),
        share_states=states_of(row.value, states),
        evidence=tuple(row.evidence),
        rank=row.rank,
        judged=Verdict(row.judged) if row.judged else None,
    )
