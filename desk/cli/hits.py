"""`swordnet hits`: what was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Decision
from crawler.store import Filter
from desk.cli._options import ConfigFile, Desk, Json, Quiet, at_desk, print_json

Platforms = Annotated[list[str] | None, typer.Option("--platform", help="Only this platform (repeatable).")]
Works = Annotated[list[str] | None, typer.Option("--work", help="Only this work (repeatable).", metavar="ID")]
Decisions = Annotated[list[Decision] | None, typer.Option("--decision", help="Only this decision (repeatable).")]
Since = Annotated[str | None, typer.Option(help="Last seen on or after this day (YYYY-MM-DD).", metavar="DAY")]
Until = Annotated[str | None, typer.Option(help="Last seen on or before this day (YYYY-MM-DD).", metavar="DAY")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    hits = typer.Typer(no_args_is_help=True, help="What was found.")
    hits.command("list", epilog="Example: swordnet hits list --platform kongfz")(list_hits)
    hits.command("show", epilog="Example: swordnet hits show 3f2a9c")(show)
    hits.command("export", epilog="Example: swordnet hits export hits.csv --decision hit")(export)
    app.add_typer(hits, name="hits")


def list_hits(
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Hits and what waits for review (or the decisions asked for), surest first."""
    from attrs import asdict

    from desk.hitlist import SHOWN, hit_table, rows

    desk = at_desk(config, quiet)
    shown = tuple(decision or SHOWN)
    wanted = _filter(desk, platform, work, list(shown), since, until)
    with desk.store() as store:
        if json:
            print_json([asdict(row) for row in rows(store, wanted, desk.config.language)])
        else:
            desk.console.print(hit_table(store, list(store.hits.find(wanted)), desk.config.language, shown))


def show(
    hit_id: Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its beginning.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """One hit: which work, why, what is wrong with the offer, how sure."""
    from desk.hitlist import told

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = store.hits.get(hit_id)
        if len(found) != 1:
            message = desk.word("many_hits" if found else "no_hit", id=hit_id, count=len(found))
            raise BadInput(Problem(file="hits", field="id", message=message))
        work = store.works.some([found[0].work_id])[found[0].work_id]
        checks = store.shares.history(found[0].listing.links)
    for line in told(found[0], work, desk.config.language, checks):
        typer.echo(line)


def export(
    file: Annotated[Path, typer.Argument(help="Where to, by suffix .csv, .xlsx or .jsonl.")],
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Write hits to a file, one row each; docs/export.md names the columns."""
    from desk.export import export_hits
    from desk.hitlist import rows

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = list(rows(store, _filter(desk, platform, work, decision, since, until), desk.config.language))
    if not found:
        raise NothingToDo(desk.word("hits_none"))
    export_hits(file, found)
    desk.say("hits_exported", count=len(found), file=file)


def _filter(
    desk: Desk,
    platform: list[str] | None,
    work: list[str] | None,
    decision: list[Decision] | None,
    since: str | None,
    until: str | None,
) -> Filter:
    return Filter(
        platforms=tuple(platform or ()),
        works=tuple(work or ()),
        decisions=tuple(decision or ()),
        since=_day(desk, "--since", since),
        until=_day(desk, "--until", until),
        zone=desk.config.zone,
    )


def _day(desk: Desk, name: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput(Problem(file=name, message=desk.word("not_a_day", text=text))) from None
