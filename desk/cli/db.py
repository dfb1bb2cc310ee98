"""`swordnet db`: upgrade, back up, restore and move the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.store import Store
from desk.cli._options import ConfigFile, Quiet, command_context


def add(app: typer.Typer) -> None:
    """Register the commands."""
    db = typer.Typer(no_args_is_help=True, help="The database itself.")
    db.command(epilog="Example: swordnet db upgrade")(upgrade)
    db.command(epilog="Example: swordnet db backup copy.db")(backup)
    db.command(epilog="Example: swordnet db restore copy.db")(restore)
    db.command(epilog="Example: swordnet db migrate postgresql+psycopg://swordnet@db.example/swordnet")(migrate)
    app.add_typer(db, name="db")


def upgrade(config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Bring the schema to this program's version."""
    ctx = command_context(config, quiet)
    with Store(ctx.config.store.url) as store:
        store.admin.upgrade()
    ctx.say("db_upgraded")


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")], config: ConfigFile = None, quiet: Quiet = False
) -> None:
    """A consistent copy, also while a crawl writes."""
    ctx = command_context(config, quiet)
    with ctx.store() as store:
        store.admin.backup(file)
    ctx.say("db_backed_up", file=file)


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that backup made.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Replace the database by a copy."""
    ctx = command_context(config, quiet)
    with Store(ctx.config.store.url) as store:
        store.admin.restore(file)
    ctx.say("db_restored", file=file)


def migrate(
    url: Annotated[str, typer.Argument(help="The database to move to; empty, or one that a move was cut off in.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Move everything to another database, usually from SQLite to PostgreSQL. Interrupted, it goes on where it was."""
    ctx = command_context(config, quiet)

    def print_progress(table: str, moved: int, total: int) -> None:
        ctx.say("db_moving", table=table, moved=moved, total=total)

    with ctx.store() as store:
        counts = store.admin.move_to(url, print_progress)
    ctx.say("db_moved", rows=sum(counts.values()), tables=len(counts))
