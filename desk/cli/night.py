"""`swordnet night`: every platform that is enabled, with the questions of the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import NothingToDo
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
    csv: Annotated[Path | None, typer.Option(help="Write the hits here (.csv, .xlsx, .jsonl).", metavar="FILE")] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Plan, crawl in waves, and say how each platform did."""
    from desk import crawling

    desk = at_desk(config, quiet or json, now)
    for name in only or ():
        crawling.platform(name, desk.config.language)
    with desk.store() as store:
        works = list(store.works.all())
    plan = crawling.night_plan(works, desk.config, only or ())
    if not plan.asks:
        raise NothingToDo(desk.word("works_none"))
    ran = crawling.crawl(desk.config, plan, now=desk.now, replay=replay, progress=_progress(desk))
    _tell(desk, ran, csv, json)
