"""`swordnet report`: what a night did, and how good decisions are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from desk.cli._options import ConfigFile, Json, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the commands."""
    report = typer.Typer(no_args_is_help=True, help="What a night did, how good decisions are.")
    report.callback()(_report)
    report.command("quality", epilog="Example: swordnet report quality")(quality)
    report.command("night", epilog="Example: swordnet report night -o night.html")(night)
    app.add_typer(report, name="report")


def _report() -> None:
    """What a night did."""


def night(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="The run (default: the last night).")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it here (.html, .md, .json).", metavar="FILE")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """For each platform: what was asked, answered, found, new, gone, blocked, and what to do."""
    from crawler.store.runs import NIGHT
    from desk.nightwords import as_json, as_markdown, ran_of, save

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = store.runs.get(run) if run else next(iter(store.runs.latest(1, NIGHT)), None)
        if found is None and run:
            raise BadInput(Problem(file="RUN", message=desk.word("no_run", run=run)))
        if found is None:
            raise NothingToDo(desk.word("runs_none"))
        ran = ran_of(found)
        if output is not None:
            save(output, store, ran, desk.config)
            desk.say("report_written", file=output)
        elif json:
            print_json(as_json(ran))
        else:
            typer.echo(as_markdown(ran, desk.config.language))


def quality(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """How precise hits are and how many are missed, by platform, from audits and judgements, with intervals."""
    from desk.quality import as_json, as_lines, quality_of

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = quality_of(store)
    if json:
        print_json(as_json(found))
        return
    for line in as_lines(found, desk.config.language):
        typer.echo(line)
