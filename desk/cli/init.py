"""`swordnet init`: a folder to work in."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.config import CONFIG_FILE_NAME, Config, load_config
from crawler.config_text import render_config
from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from crawler.store import Store
from desk.cli._options import Quiet

SAMPLE_WORKS = "works.csv"


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet init watch && cd watch")(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder; made where it is missing.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Write a commented swordnet.toml, an empty database and a sample list of works; overwrite nothing."""
    existing = [folder / name for name in (CONFIG_FILE_NAME, SAMPLE_WORKS) if (folder / name).exists()]
    if existing:
        raise BadInput(
            [Problem(file=str(path), message=render_message("desk.cli", "already_there")) for path in existing]
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG_FILE_NAME).write_text(render_config(), encoding="utf-8")
        sample = resources.files("fixtures") / "works" / SAMPLE_WORKS
        (folder / SAMPLE_WORKS).write_bytes(sample.read_bytes())
    except OSError as error:
        raise BadInput(Problem(file=str(folder), message=error.strerror or str(error))) from None
    Store.open(load_config(folder / CONFIG_FILE_NAME).store.url).close()
    if not quiet:
        typer.echo(render_message("desk.cli", "init_done", Config().language, folder=folder.resolve()))
