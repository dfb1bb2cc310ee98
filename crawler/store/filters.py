"""Which hits are wanted, as a query: what `hits list`, `hits export` and a report ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attrs import Factory, frozen
from sqlalchemy import ColumnElement, and_, or_, select

from crawler.items import Decision, Verdict
from crawler.store import schema

UNJUDGED = "none"  # as a verdict: hits that nobody judged
_hits, _samples = schema.hits, schema.samples


@frozen(kw_only=True)
class Filter:
    """Which hits: empty fields allow all. `since` and `until` are inclusive days of last_seen in `zone`.

    `verdicts` are values of Verdict or UNJUDGED; `sellers` numbers or names; `changed_after` leaves out what is since
    then as it was; `audit` asks for what was drawn for an audit and nobody judged yet.
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

    def plain(self) -> dict[str, Any]:
        """What can be saved of it: everything but the zone, the run and the time."""
        found: dict[str, Any] = {name: list(getattr(self, name)) for name in _LISTS if getattr(self, name)}
        found |= {name: getattr(self, name).isoformat() for name in ("since", "until") if getattr(self, name)}
        return found | ({"audit": True} if self.audit else {})


_LISTS = ("platforms", "works", "decisions", "sellers", "verdicts")


def made_filter(saved: Mapping[str, Any], zone: ZoneInfo) -> Filter:
    """The filter that `plain` gave."""
    return Filter(
        platforms=tuple(saved.get("platforms", ())),
        works=tuple(saved.get("works", ())),
        sellers=tuple(saved.get("sellers", ())),
        verdicts=tuple(saved.get("verdicts", ())),
        decisions=tuple(Decision(each) for each in saved.get("decisions", ())),
        since=date.fromisoformat(saved["since"]) if saved.get("since") else None,
        until=date.fromisoformat(saved["until"]) if saved.get("until") else None,
        zone=zone,
        audit=bool(saved.get("audit")),
    )


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What the columns of hits must be, but for the decision."""
    columns = _hits.c
    named = ((wanted.platforms, columns.platform), (wanted.works, columns.work), (wanted.sellers, columns.seller))
    found = [column.in_(names) if len(names) > 1 else column == names[0] for names, column in named if names]
    if wanted.run:
        found.append(columns.run == wanted.run)
    if wanted.verdicts:
        found.append(_judged(wanted.verdicts))
    if wanted.audit:
        found.append(and_(columns.judged.is_(None), columns.id.in_(select(_samples.c.hit))))
    return [*found, *_times(wanted)]


def _times(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since:
        found.append(_hits.c.last_seen >= datetime.combine(wanted.since, time(), wanted.zone))
    if wanted.until:
        found.append(_hits.c.last_seen < datetime.combine(wanted.until + timedelta(days=1), time(), wanted.zone))
    if wanted.changed_after:
        found.append(_hits.c.changed_at > wanted.changed_after)
    return found


def decided(wanted: Filter) -> list[ColumnElement[bool]]:
    """All conditions in one list."""
    found = conditions(wanted)
    if wanted.decisions:
        found.append(_hits.c.decision.in_([decision.value for decision in wanted.decisions]))
    return found


def _judged(verdicts: tuple[str, ...]) -> ColumnElement[bool]:
    named = [Verdict(each).value for each in verdicts if each != UNJUDGED]
    parts: list[ColumnElement[bool]] = [_hits.c.judged.in_(named)] if named else []
    if UNJUDGED in verdicts:
        parts.append(_hits.c.judged.is_(None))
    return or_(*parts)
