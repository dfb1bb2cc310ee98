"""`swordnet night`: every platform that is enabled, the questions of the registry, the known hits that are due."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk
from desk.cli.crawl import _progress, _tell


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet night --only kongfz")(night)


def night(
    only: Annotated[list[str] | None, typer.Option(help="Only this platform (repeatable).", metavar="PLATFORM")] = None,
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
    from desk import crawling, nightend, nights
    from desk.metrics import Metrics
    from desk.progress import shown

    desk = at_desk(config, quiet or json, now)
    for name in only or ():
        crawling.platform(name, desk.config.language)
    metrics = Metrics()
    if desk.config.night.metrics_port:
        metrics.serve(desk.config.night.metrics_port)
    with shown(desk.console, desk.store, desk.config.language, _progress(desk), desk.quiet) as progress:
        look = nightend.watched(desk.store, metrics, desk.config)
        ran = nights.night(
            desk.config,
            now=desk.now,
            only=only or (),
            again=again,
            replay=replay,
            progress=nightend.measured(progress, metrics, desk.config, look),
            look=look,
            tell=desk.say,
        )
    with desk.store() as store:
        nightend.leave(store, ran, desk.config, metrics, desk.say)
    _tell(desk, ran, csv, json)
