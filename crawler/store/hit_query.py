"""Which hits are wanted: the query behind `hits list`, `hits export` and reports, and its SQL conditions.

Queries can be saved under a name, and exports are recorded, so that the next export contains only what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import Factory, frozen
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select

from crawler.items import Decision, Outcome, Verdict
from crawler.store import schema
from crawler.store.database import Repository, read_connection, upsert, write_transaction

NO_VERDICT = "none"  # among `verdicts`: hits that nobody has judged
UP_OUTCOMES = (Outcome.LIVE.value, Outcome.UNCHANGED.value)  # of a listing that was there when last looked at
GONE_OUTCOMES = (Outcome.GONE.value,)
_hits, _samples, _listings = schema.hits, schema.samples, schema.listings
_filters, _exports = schema.filters, schema.exports


@frozen(kw_only=True)
class HitQuery:
    """Which hits: empty fields allow all. `since` and `until` are inclusive days of last_seen in `zone`.

    `verdicts` are values of Verdict or NO_VERDICT; `sellers` are numbers or names; `changed_after` leaves out hits that
    have not changed since; `audit` selects samples of an audit that nobody has judged yet; `still_up` those whose
    listing was up (True) or gone (False) when last looked at. `new` asks the caller to set `first_seen_since`, which
    leaves out hits that were seen before.
    """

    platforms: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    since: date | None = None
    until: date | None = None
    zone: ZoneInfo = Factory(lambda: ZoneInfo("UTC"))
    run: str | None = None
    sellers: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    changed_after: datetime | None = None
    audit: bool = False
    still_up: bool | None = None
    new: bool = False
    first_seen_since: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields that can be saved: all but `zone`, `run`, `changed_after` and `first_seen_since`."""
        saved_fields: dict[str, Any] = {name: list(getattr(self, name)) for name in _LIST_FIELDS if getattr(self, name)}
        saved_fields |= {name: getattr(self, name).isoformat() for name in ("since", "until") if getattr(self, name)}
        saved_fields |= {name: True for name in ("audit", "new") if getattr(self, name)}
        return saved_fields | ({} if self.still_up is None else {"still_up": self.still_up})


_LIST_FIELDS = ("platforms", "works", "decisions", "sellers", "verdicts")


def query_from_dict(saved: Mapping[str, Any], zone: ZoneInfo) -> HitQuery:
    """The query whose fields `HitQuery.to_dict` saved."""
    return HitQuery(
        platforms=tuple(saved.get("platforms", ())),
        works=tuple(saved.get("works", ())),
        sellers=tuple(saved.get("sellers", ())),
        verdicts=tuple(saved.get("verdicts", ())),
        decisions=tuple(Decision(decision) for decision in saved.get("decisions", ())),
        since=date.fromisoformat(saved["since"]) if saved.get("since") else None,
        until=date.fromisoformat(saved["until"]) if saved.get("until") else None,
        zone=zone,
        audit=bool(saved.get("audit")),
        still_up=saved.get("still_up"),
        new=bool(saved.get("new")),
    )


def clauses_without_decision(hit_query: HitQuery) -> list[ColumnElement[bool]]:
    """The query's conditions on columns of hits, without the one on the decision."""
    columns = _hits.c
    value_filters = (
        (hit_query.platforms, columns.platform),
        (hit_query.works, columns.work),
        (hit_query.sellers, columns.seller),
    )
    clauses = [column.in_(names) if len(names) > 1 else column == names[0] for names, column in value_filters if names]
    if hit_query.run:
        clauses.append(columns.run == hit_query.run)
    if hit_query.verdicts:
        clauses.append(_verdict_clause(hit_query.verdicts))
    if hit_query.audit:
        clauses.append(and_(columns.judged.is_(None), columns.id.in_(select(_samples.c.hit))))
    if hit_query.still_up is not None:
        outcomes = UP_OUTCOMES if hit_query.still_up else GONE_OUTCOMES
        clauses.append(columns.listing.in_(select(_listings.c.id).where(_listings.c.outcome.in_(outcomes))))
    return [*clauses, *_time_clauses(hit_query)]


def _time_clauses(hit_query: HitQuery) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if hit_query.since:
        clauses.append(_hits.c.last_seen >= datetime.combine(hit_query.since, time(), hit_query.zone))
    if hit_query.until:
        clauses.append(
            _hits.c.last_seen < datetime.combine(hit_query.until + timedelta(days=1), time(), hit_query.zone)
        )
    if hit_query.first_seen_since:
        clauses.append(_hits.c.first_seen >= hit_query.first_seen_since)
    if hit_query.changed_after:
        clauses.append(_hits.c.changed_at > hit_query.changed_after)
    return clauses


def all_clauses(hit_query: HitQuery) -> list[ColumnElement[bool]]:
    """All the query's conditions on columns of hits."""
    clauses = clauses_without_decision(hit_query)
    if hit_query.decisions:
        clauses.append(_hits.c.decision.in_([decision.value for decision in hit_query.decisions]))
    return clauses


def _verdict_clause(verdicts: tuple[str, ...]) -> ColumnElement[bool]:
    verdict_values = [Verdict(verdict).value for verdict in verdicts if verdict != NO_VERDICT]
    clauses: list[ColumnElement[bool]] = [_hits.c.judged.in_(verdict_values)] if verdict_values else []
    if NO_VERDICT in verdicts:
        clauses.append(_hits.c.judged.is_(None))
    return or_(*clauses)


class SavedQueries(Repository):
    """Queries saved under a name, and past exports."""

    def save_query(self, name: str, value: Mapping[str, Any], at: datetime) -> None:
        """Save a query under a name; an older one of this name is replaced."""
        with write_transaction(self._engine) as connection:
            upsert(connection, _filters, [{"name": name, "value": dict(value), "at": at}])

    def get_saved_query(self, name: str) -> Mapping[str, Any] | None:
        """The query saved under a name; None if there is none."""
        with read_connection(self._engine) as connection:
            saved_query: Mapping[str, Any] | None = connection.execute(
                select(_filters.c.value).where(_filters.c.name == name)
            ).scalar()
            return saved_query

    def all_saved_queries(self) -> dict[str, Mapping[str, Any]]:
        """All saved queries by name."""
        with read_connection(self._engine) as connection:
            rows = connection.execute(select(_filters).order_by(_filters.c.name))
            return {row.name: row.value for row in rows}

    def remove_saved_query(self, name: str) -> bool:
        """Remove a saved query; False if there is none of this name."""
        with write_transaction(self._engine) as connection:
            return bool(connection.execute(delete(_filters).where(_filters.c.name == name)).rowcount)

    def record_export(self, by: str, filter_fields: Mapping[str, Any], file: str, count: int, at: datetime) -> None:
        """Record an export, after which the next one with these filter fields begins."""
        row = {"by": by, "filter": dict(filter_fields), "file": file, "count": count, "at": at}
        with write_transaction(self._engine) as connection:
            connection.execute(insert(_exports).values(**row))

    def last_export_time(self, by: str, filter_fields: Mapping[str, Any]) -> datetime | None:
        """When this person's last recorded export with these filter fields was; None if never."""
        query = select(_exports.c.filter, _exports.c.at).where(_exports.c.by == by).order_by(_exports.c.id.desc())
        with read_connection(self._engine) as connection:
            return next((row.at for row in connection.execute(query) if row.filter == dict(filter_fields)), None)
