"""`swordnet worker`: one of many machines that do a night's work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Now, Quiet, at_desk
from desk.cli.crawl import _progress


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet worker --platforms kongfz,goofish")(worker)


def worker(
    platforms: Annotated[
        str, typer.Option(help="Only units of these platforms, separated by commas.", metavar="NAMES")
    ] = "",
    replay: Annotated[
        Path | None,
        typer.Option(help="Do units of replays only, answered from this HAR, WARC, WACZ or folder.", metavar="ARCHIVE"),
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Do the units that `swordnet night` hands out, until stopped; any number of workers, on any machine.

    With --replay those of `swordnet demo --workers`, and nothing is asked of the live web.
    """
    from crawler.archives import open_archive
    from crawler.cluster import Machine
    from crawler.items import UnitKind
    from desk import crawling
    from pipelines._rematching import rematch
    from spiders._claims import spiders_by_name

    desk = at_desk(config, quiet, now)
    named = [name.strip() for name in platforms.split(",") if name.strip()]
    for name in named:
        crawling.platform(name, desk.config.language)
    crawling.may_go_live(desk.config, replay)
    with desk.store() as store:
        machine = Machine(
            config=desk.config,
            store=store,
            spiders=spiders_by_name(),
            tasks={UnitKind.REMATCH: rematch},
            progress=_progress(desk),
            archive=open_archive(replay) if replay else None,
            told=desk.now,
        )
        desk.say("worker_waits", platforms=", ".join(named) or "*")
        machine.serve(named)
