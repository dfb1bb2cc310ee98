"""`swordnet platforms`: which platforms there are."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from desk.cli._options import ConfigFile, Json, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet platforms")(platforms)


def platforms(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/platforms.md.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The platforms, how each is asked, and which addresses it claims."""
    from desk.platforms import asked_by
    from desk.platforms import markdown as page
    from spiders._claims import spiders_by_name

    spiders = spiders_by_name().values()
    if markdown:
        typer.echo(page(), nl=False)
    elif json:
        print_json([{"name": each.name, "kind": each.kind.value, "domains": each.allowed_domains} for each in spiders])
    else:
        desk = at_desk(config, quiet)
        table = Table("platform", "kind", "asked by", "addresses")
        for each in spiders:
            table.add_row(each.name, each.kind.value, asked_by(each), ", ".join(each.allowed_domains) or "*")
        desk.console.print(table)
