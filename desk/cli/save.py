"""`swordnet save`: a page from the live web or an archive becomes a fixture of its platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Json, Now, Quiet, command_context, named_platform, print_json, typed_urls

FIXTURES_FOLDER = Path("fixtures/pages")


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet save kongfz https://book.kongfz.com/1/2/ offer-sold --replay day.har")(save)


def save(
    platform: Annotated[str, typer.Argument(help="The platform whose page it is.", callback=named_platform)],
    url: Annotated[str, typer.Argument(help="Its address.")],
    case: Annotated[str, typer.Argument(help="Name of the case: small letters, digits, hyphens.")],
    replay: Annotated[
        Path | None,
        typer.Option(help="Take the page from this HAR, WARC, WACZ or folder.", envvar="SWORDNET_REPLAY"),
    ] = None,
    into: Annotated[Path, typer.Option(help="Folder of the fixtures.", metavar="FOLDER")] = FIXTURES_FOLDER,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Keep a page as a case for tests; the next test run writes what is read from it and fails until you commit it."""
    from desk.page_fixtures import save_page as save_case

    ctx = command_context(config, quiet or json, now)
    (address,) = typed_urls(ctx, "URL", [url])
    folders = save_case(ctx.config, platform, address, case, into, now=ctx.now, replay=replay)
    if json:
        print_json({"cases": [str(folder) for folder in folders]})
    for folder in folders:
        ctx.say("saved", place=folder)
    ctx.say("save_review")
