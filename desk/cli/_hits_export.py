"""`swordnet hits export` and `swordnet hits filters`: exports of hits, all or new since the last one; saved filters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from desk.cli._hit_filters import (
    Audit,
    Decisions,
    Gone,
    New,
    Platforms,
    SavedFilter,
    SaveFilter,
    Sellers,
    Since,
    Until,
    Up,
    Verdicts,
    Works,
    build_filter,
)
from desk.cli._options import By, ConfigFile, Json, Now, Quiet, acting_user, command_context, print_json


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
    gone: Gone = False,
    up: Up = False,
    new: New = False,
    saved: SavedFilter = None,
    save_filter: SaveFilter = None,
    since_last: Annotated[
        bool,
        typer.Option("--since-last", help="Only what is new or decided otherwise since your last export with this."),
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-pictures", help="Into .xlsx: the pictures of listing and work, beside their row."
        ),
    ] = True,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Write hits to a file, one row each; docs/export.md names the columns."""
    from attrs import evolve

    from desk.export.formats import export_hits
    from desk.export.rows import export_rows
    from desk.export.xlsx import picture_pairs

    ctx = command_context(config, quiet, now)
    user, at = acting_user(by), ctx.now()
    options: dict[str, Any] = {
        "platforms": platform,
        "works": work,
        "decisions": decision,
        "since": since,
        "until": until,
    }
    options |= {"sellers": seller, "verdicts": verdict, "audit": audit, "gone": gone, "up": up, "new": new}
    with ctx.store() as store:
        query = build_filter(ctx, store, saved, **options)
        saved_query = query.to_dict()
        if save_filter:
            store.hits.save_query(save_filter, saved_query, at)
        if since_last:
            query = evolve(query, changed_after=store.hits.last_export_time(user, saved_query))
        pairs = picture_pairs(store, ctx.config) if pictures and file.suffix.lower() == ".xlsx" else None
        hit_rows = list(export_rows(store, query, ctx.config.language))
        if not hit_rows:
            raise NothingToDo(ctx.message("hits_none"))
        count = export_hits(file, hit_rows, pairs)
        if since_last:
            store.hits.record_export(user, saved_query, str(file), count, at)
    ctx.say("hits_exported", count=count, file=file)


def filters(
    remove: Annotated[
        str | None, typer.Option("--remove", help="Forget the filter of this name.", metavar="NAME")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The filters saved with --save-filter."""
    ctx = command_context(config, quiet)
    with ctx.store() as store:
        if remove is not None and not store.hits.remove_saved_query(remove):
            names = ", ".join(store.hits.all_saved_queries()) or "-"
            raise BadInput(Problem(file="--remove", message=ctx.message("no_filter", name=remove, known=names)))
        saved_filters = store.hits.all_saved_queries()
    if json:
        print_json(saved_filters)
        return
    for name, value in saved_filters.items():
        settings = (
            f"{key}={', '.join(map(str, setting)) if isinstance(setting, list) else setting}"
            for key, setting in value.items()
        )
        typer.echo(f"{name}: {'; '.join(settings)}")
