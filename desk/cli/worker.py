"""`swordnet worker`: a worker that does units of a night handed out to many machines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Now, Quiet, command_context, named_platforms
from desk.cli.crawl import unit_printer


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
    from crawler.cluster import ClusterWorker
    from crawler.items import UnitKind
    from desk import crawling
    from desk.rematch_units import rematch_unit
    from spiders import catalogue

    ctx = command_context(config, quiet, now)
    platform_names = named_platforms([name.strip() for name in re.split("[,，、]", platforms) if name.strip()]) or []
    for name in platform_names:
        crawling.require_platform(name, ctx.config)
    crawling.require_contact(ctx.config, replay)
    with ctx.new_store() as store:
        machine = ClusterWorker(
            config=ctx.config,
            store=store,
            spiders=catalogue.all_platforms(ctx.config),
            tasks={UnitKind.REMATCH: rematch_unit},
            progress=unit_printer(ctx),
            archive=open_archive(replay) if replay else None,
            session_clock=ctx.now,
        )
        ctx.say("worker_waits", platforms=", ".join(platform_names) or "*")
        machine.serve(platform_names)
