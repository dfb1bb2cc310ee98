"""`swordnet night`: crawls every enabled platform with the questions of the registry and rechecks known hits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from desk.cli._options import ConfigFile, Json, Now, Quiet, command_context, named_platforms
from desk.cli.crawl import print_result, tick_printer, unit_printer


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet night --only kongfz")(night)


def night(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this platform (repeatable).", metavar="PLATFORM", callback=named_platforms),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="Answer every request from this HAR, WARC, WACZ or folder.", envvar="SWORDNET_REPLAY"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Another night, although tonight's has run.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the hits here (.csv, .xlsx, .jsonl).", metavar="FILE")] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Plan, crawl in waves, check known hits again, report; goes on where a stopped night was."""
    from desk import crawling
    from desk.nightly import notify, run
    from desk.nightly.metrics import Metrics, run_metrics_updater, unit_metrics_updater
    from desk.nightly.progress import live_progress

    ctx = command_context(config, quiet or json, now)
    for name in only or ():
        crawling.require_platform(name, ctx.config)
    if not ctx.config.cluster.hand_out:  # a night on many machines waits for its database
        ctx.store().close()  # without a database there are no works to ask for: none is created
    metrics = Metrics(ctx.warn)
    if ctx.config.night.metrics_port:
        metrics.serve(ctx.config.night.metrics_port)
    with live_progress(
        ctx.console, ctx.store, ctx.config.language, unit_printer(ctx), ctx.quiet, ctx.config.zone
    ) as progress:
        update_metrics = run_metrics_updater(ctx.store, metrics, ctx.config)
        print_progress = tick_printer(ctx)

        def on_tick(run_id: str, running: Any) -> None:
            update_metrics(run_id)
            print_progress(run_id, running)

        result = run.run_night(
            ctx.config,
            now=ctx.now,
            only=only or (),
            rerun=again,
            replay=replay,
            progress=unit_metrics_updater(progress, metrics, ctx.config, update_metrics),
            on_tick=on_tick,
            show_message=ctx.say,
        )
    with ctx.store() as store:
        notify.deliver_results(store, result, ctx.config, metrics, ctx.say, ctx.warn)
    print_result(ctx, result, csv, json)
