"""`swordnet must-find`: listings that a healthy night must find, so that "no hits" is told from "blind"."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.errors import BadInput, Problem
from desk.cli._options import ConfigFile, Json, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("must-find", epilog="Example: swordnet must-find W-001 https://book.kongfz.com/1/2/")(must_find)


def must_find(
    work: Annotated[str | None, typer.Argument(metavar="WORK", help="The work that the listing carries.")] = None,
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The listing's address.")] = None,
    drop: Annotated[str | None, typer.Option("--drop", help="Take this one back.", metavar="URL")] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Register a listing that every night must find as a hit; without arguments, list them."""
    from attrs import asdict

    from crawler.store import KnownPositive
    from spiders._claims import claim

    desk = at_desk(config, quiet)
    with desk.store() as store:
        if drop is not None and not store.positives.drop(drop):
            raise BadInput(Problem(file="--drop", message=desk.word("no_positive", url=drop)))
        if work is not None and url is not None:
            if store.works.get(work) is None:
                raise BadInput(Problem(file="works", field="id", message=desk.word("no_work", id=work)))
            known = KnownPositive(url=url, platform=claim(url).name, work=work)
            store.positives.add(known, desk.now())
            desk.say("positive_added", url=url, platform=known.platform)
            return
        found = store.positives.all()
    if json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        typer.echo(f"{each.platform}  {each.work}  {each.url}")
