"""`swordnet forget`: removes what is stored about a person or shop."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Quiet, command_context, named_platform, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet forget 'Old Quay Books' --platform kongfz")(forget)


def forget(
    seller: Annotated[str, typer.Argument(metavar="SELLER", help="The seller's number or name, as listings state it.")],
    platform: Annotated[str | None, typer.Option("--platform", help="Only there.", callback=named_platform)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Remove a seller's listings, hits, checks, judgements, rules, outlets and kept bytes, and say how many of each."""
    from attrs import asdict

    from crawler.blobs import open_blobs

    ctx = command_context(config, quiet or json)
    with ctx.store() as store:
        names = {rule.value for rule in store.reviews.all_rules(include_withdrawn=True)}
        names |= {outlet.value for outlet in store.outlets.confirmed_outlets(include_withdrawn=True)}
        if not store.admin.listings_of_seller(seller, platform) and seller not in names:
            raise NothingToDo(ctx.message("forget_unknown", seller=seller))
        removed = store.admin.forget_seller(seller, platform, dry_run)
        works = store.works.all_works(include_retired=True)
        registered = {picture.sha256 for work in works for picture in work.images}
    digests = [digest for digest in removed.evidence if digest not in registered]
    blobs = open_blobs(ctx.config.store)
    files = [digest for digest in digests if (blobs.get(digest) is not None if dry_run else blobs.remove(digest))]
    counts = asdict(removed, filter=lambda field, _: field.name != "evidence")
    if json:
        about = {"seller": seller, "platform": platform, "dry_run": dry_run}
        print_json({**about, **counts, "files": len(files), "digests": files})
        return
    ctx.say("forget_would" if dry_run else "forgotten", seller=seller, files=len(files), **counts)
