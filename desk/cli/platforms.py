"""`swordnet platforms`: lists the platforms."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from desk.cli._options import ConfigFile, Json, Quiet, command_context, print_json


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
    from desk.platforms import accepted_inputs
    from desk.platforms import platforms_markdown as render_page
    from spiders.catalogue import platforms

    spiders = platforms().values()
    if markdown:
        typer.echo(render_page(), nl=False)
    elif json:
        print_json(
            [{"name": spider.name, "kind": spider.kind.value, "domains": spider.allowed_domains} for spider in spiders]
        )
    else:
        ctx = command_context(config, quiet)
        table = Table("platform", "kind", "asked by", "addresses")
        for spider in spiders:
            table.add_row(
                spider.name, spider.kind.value, accepted_inputs(spider), ", ".join(spider.allowed_domains) or "*"
            )
        ctx.console.print(table)
