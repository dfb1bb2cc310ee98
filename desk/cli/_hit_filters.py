"""Options that filter hits, and the query built from them, on top of a saved filter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer
from attrs import evolve

from crawler.errors import BadInput, Problem
from crawler.items import Decision, Verdict
from crawler.store import NIGHT_RUN, NO_VERDICT, HitQuery, Store, query_from_dict
from desk.cli._options import CommandContext, named_platforms

Platforms = Annotated[
    list[str] | None,
    typer.Option("--platform", help="Only this platform (repeatable).", callback=named_platforms),
]
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
Gone = Annotated[bool, typer.Option("--gone", help="Only those that were gone when last looked at.")]
Up = Annotated[bool, typer.Option("--up", help="Only those that were still up when last looked at.")]
New = Annotated[bool, typer.Option("--new", help="Only those first seen in the last night, or since.")]
SavedFilter = Annotated[str | None, typer.Option("--filter", help="Begin with the filter saved under this name.")]
SaveFilter = Annotated[str | None, typer.Option("--save-filter", help="Keep these filters under this name.")]


LIST_FIELDS = ("platforms", "works", "decisions", "sellers")


def build_filter(ctx: CommandContext, store: Store, saved: str | None, **given: Any) -> HitQuery:
    """The query for the options given, based on the filter `saved`, if any. Raises BadInput."""
    base = HitQuery(zone=ctx.config.zone)
    if saved is not None:
        stored_filter = store.hits.get_saved_query(saved)
        if stored_filter is None:
            names = ", ".join(store.hits.all_saved_queries()) or "-"
            raise BadInput(Problem(file="--filter", message=ctx.message("no_filter", name=saved, known=names)))
        base = query_from_dict(stored_filter, ctx.config.zone)
    changes: dict[str, Any] = {name: tuple(given[name]) for name in LIST_FIELDS if given.get(name)}
    changes |= {name: parse_day(ctx, f"--{name}", given[name]) for name in ("since", "until") if given.get(name)}
    if given.get("verdicts"):
        changes["verdicts"] = tuple(_check_verdict(ctx, text) for text in given["verdicts"])
    if given.get("gone") and given.get("up"):
        raise BadInput(Problem(file="--gone", message=ctx.message("gone_or_up")))
    if given.get("gone") or given.get("up"):
        changes["still_up"] = bool(given.get("up"))
    changes |= {name: True for name in ("audit", "new") if given.get(name)}
    query = evolve(base, **changes)
    return evolve(query, first_seen_since=_last_night(store)) if query.new else query


def _last_night(store: Store) -> datetime | None:
    """When the last night began, or the last run where no night has run; None if nothing has."""
    runs = store.runs.latest_runs(1, NIGHT_RUN) or store.runs.latest_runs(1)
    return runs[0].started if runs else None


def _check_verdict(ctx: CommandContext, text: str) -> str:
    allowed = [*(verdict.value for verdict in Verdict), NO_VERDICT]
    if text not in allowed:
        raise BadInput(
            Problem(file="--verdict", message=ctx.message("no_verdict", text=text, known=", ".join(allowed)))
        )
    return text


def parse_day(ctx: CommandContext, name: str, text: str) -> date:
    """The day given by an option called `name`. Raises BadInput."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(Problem(file=name, message=ctx.message("not_a_day", text=text))) from None
