"""`swordnet report`: the results of a night, and the quality of decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from desk.cli._options import ConfigFile, Json, Quiet, command_context, print_json


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
    from crawler.store import NIGHT_RUN
    from desk.nightly.report import report_json, report_markdown, result_of_run, save_report

    ctx = command_context(config, quiet or json)
    with ctx.store() as store:
        stored_run = store.runs.get_run(run) if run else next(iter(store.runs.latest_runs(1, NIGHT_RUN)), None)
        if stored_run is None and run:
            raise BadInput(Problem(file="RUN", message=ctx.message("no_run", run=run)))
        if stored_run is None:
            raise NothingToDo(ctx.message("runs_none"))
        result = result_of_run(stored_run)
        if output is not None:
            save_report(output, store, result, ctx.config)
            ctx.say("report_written", file=output)
        if json:
            print_json(report_json(result))
        elif output is None:
            typer.echo(report_markdown(result, ctx.config.language, ctx.config.zone))


def quality(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """How precise hits are and how many are missed, by platform, from audits and judgements, with intervals."""
    from desk.nightly.quality import measure_quality, quality_json, quality_lines

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        figures = measure_quality(store)
    if json:
        print_json(quality_json(figures))
        return
    for line in quality_lines(figures, ctx.config.language):
        typer.echo(line)
