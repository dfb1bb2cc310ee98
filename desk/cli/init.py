"""`swordnet init`: a folder to work in."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.config import FILE_NAME, Config, commented, load
from crawler.errors import BadInput, Problem
from crawler.messages import say
from crawler.store import Store
from desk.cli._options import Quiet

SAMPLE = "works.csv"


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet init watch && cd watch")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder; made where it is missing.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Write a commented swordnet.toml, an empty database and a sample list of works; overwrite nothing."""
    taken = [folder / name for name in (FILE_NAME, SAMPLE) if (folder / name).exists()]
    if taken:
        raise BadInput([Problem(file=str(path), message=say("desk.cli", "already_there")) for path in taken])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE_NAME).write_text(commented(), encoding="utf-8")
        sample = resources.files("fixtures") / "works" / SAMPLE
        (folder / SAMPLE).write_bytes(sample.read_bytes())
    except OSError as error:
        raise BadInput(Problem(file=str(folder), message=error.strerror or str(error))) from None
    Store.open(load(folder / FILE_NAME).store.url).close()
    if not quiet:
        typer.echo(say("desk.cli", "init_done", Config().language, folder=folder.resolve()))
