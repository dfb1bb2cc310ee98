"""`swordnet hits export` and `swordnet hits filters`: hits as files, whole or what is new since the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from desk.cli._filters import (
    Audit,
    Decisions,
    Platforms,
    Save,
    Saved,
    Sellers,
    Since,
    Until,
    Verdicts,
    Works,
    filter_of,
)
from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk, print_json
from desk.cli._people import By, person


def add(hits: typer.Typer) -> None:
    """Register the commands."""
    hits.command("export", epilog="Example: swordnet hits export hits.csv --decision hit --since-last")(export)
    hits.command("filters", epilog="Example: swordnet hits filters")(filters)


def export(
    file: Annotated[Path, typer.Argument(help="Where to, by suffix .csv, .xlsx or .jsonl.")],
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    seller: Sellers = None,
    verdict: Verdicts = None,
    audit: Audit = False,
    saved: Saved = None,
    save_filter: Save = None,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Only what is new or decided otherwise since your last such export.")
    ] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Into .xlsx: the pictures, side by side with the work's.")
    ] = True,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Write hits to a file, one row each; docs/export.md names the columns."""
    from attrs import evolve

    from desk.export import export_hits
    from desk.hitlist import rows
    from desk.sidebyside import pairs_of

    desk = at_desk(config, quiet, now)
    who, at = person(by), desk.now()
    given = {"platforms": platform, "works": work, "decisions": decision, "since": since, "until": until}
    with desk.store() as store:
        wanted = filter_of(desk, store, saved, **given, sellers=seller, verdicts=verdict, audit=audit)
        kept = wanted.plain()
        if save_filter:
            store.views.save(save_filter, kept, at)
        if since_last:
            wanted = evolve(wanted, changed_after=store.views.last_export(who, kept))
        shown = pairs_of(store, desk.config) if pictures and file.suffix.lower() == ".xlsx" else None
        found = list(rows(store, wanted, desk.config.language))
        if not found:
            raise NothingToDo(desk.word("hits_none"))
        count = export_hits(file, found, shown)
        store.views.exported(who, kept, str(file), count, at)
    desk.say("hits_exported", count=count, file=file)


def filters(
    remove: Annotated[
        str | None, typer.Option("--remove", help="Forget the filter of this name.", metavar="NAME")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The filters saved with --save-filter."""
    desk = at_desk(config, quiet)
    with desk.store() as store:
        if remove is not None and not store.views.remove(remove):
            known = ", ".join(store.views.all()) or "-"
            raise BadInput(Problem(file="--remove", message=desk.word("no_filter", name=remove, known=known)))
        found = store.views.all()
    if json:
        print_json(found)
        return
    for name, value in found.items():
        words = (
            f"{key}={', '.join(map(str, each)) if isinstance(each, list) else each}" for key, each in value.items()
        )
        typer.echo(f"{name}: {'; '.join(words)}")
