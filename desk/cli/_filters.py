"""Options that say which hits are wanted, and how they become a filter: given ones, on top of a saved one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from attrs import evolve

from crawler.errors import BadInput, Problem
from crawler.items import Decision, Verdict
from crawler.store import Filter, Store
from crawler.store.filters import UNJUDGED, made_filter
from desk.cli._options import Desk

Platforms = Annotated[list[str] | None, typer.Option("--platform", help="Only this platform (repeatable).")]
Works = Annotated[list[str] | None, typer.Option("--work", help="Only this work (repeatable).", metavar="ID")]
Decisions = Annotated[list[Decision] | None, typer.Option("--decision", help="Only this decision (repeatable).")]
Since = Annotated[str | None, typer.Option(help="Last seen on or after this day (YYYY-MM-DD).", metavar="DAY")]
Until = Annotated[str | None, typer.Option(help="Last seen on or before this day (YYYY-MM-DD).", metavar="DAY")]
Sellers = Annotated[
    list[str] | None, typer.Option("--seller", help="Only this seller's, by number or name (repeatable).")
]
Verdicts = Annotated[
    list[str] | None,
    typer.Option("--verdict", help="Judged infringing, not or unsure, or none: not judged (repeatable)."),
]
Audit = Annotated[bool, typer.Option("--audit", help="Only pairs drawn for an audit that nobody judged yet.")]
Saved = Annotated[str | None, typer.Option("--filter", help="Begin with the filter saved under this name.")]
Save = Annotated[str | None, typer.Option("--save-filter", help="Keep these filters under this name.")]


LISTS = ("platforms", "works", "decisions", "sellers")


def filter_of(desk: Desk, store: Store, saved: str | None, **given: Any) -> Filter:
    """The filter that the options ask for. Raises BadInput."""
    base = Filter(zone=desk.config.zone)
    if saved is not None:
        kept = store.views.get(saved)
        if kept is None:
            known = ", ".join(store.views.all()) or "-"
            raise BadInput(Problem(file="--filter", message=desk.word("no_filter", name=saved, known=known)))
        base = made_filter(kept, desk.config.zone)
    changes: dict[str, Any] = {name: tuple(given[name]) for name in LISTS if given.get(name)}
    changes |= {name: _day(desk, f"--{name}", given[name]) for name in ("since", "until") if given.get(name)}
    if given.get("verdicts"):
        changes["verdicts"] = tuple(_verdict(desk, each) for each in given["verdicts"])
    return evolve(base, **changes, audit=bool(given.get("audit")) or base.audit)


def _verdict(desk: Desk, text: str) -> str:
    known = [*(verdict.value for verdict in Verdict), UNJUDGED]
    if text not in known:
        raise BadInput(Problem(file="--verdict", message=desk.word("no_verdict", text=text, known=", ".join(known))))
    return text


def _day(desk: Desk, name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(Problem(file=name, message=desk.word("not_a_day", text=text))) from None
