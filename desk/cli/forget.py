"""`swordnet forget`: removes what is stored about a person or shop."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Quiet, command_context, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet forget 'Old Quay Books' --platform kongfz")(forget)


def forget(
    seller: Annotated[str, typer.Argument(metavar="SELLER", help="The seller's number or name, as listings state it.")],
    platform: Annotated[str | None, typer.Option("--platform", help="Only there.")] = None,
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
        listing_ids = store.admin.listings_of_seller(seller, platform)
        names = {rule.value for rule in store.reviews.all_rules(include_withdrawn=True)}
        names |= {outlet.value for outlet in store.outlets.confirmed_outlets(include_withdrawn=True)}
        if not listing_ids and seller not in names:
            raise NothingToDo(ctx.message("forget_unknown", seller=seller))
        if dry_run:
            ctx.say("forget_would", seller=seller, count=len(listing_ids))
            return
        removed = store.admin.forget_seller(seller, platform)
        needed = store.hits.evidence_digests() | store.rechecks.proof_digests()
        blobs = open_blobs(ctx.config.store)
        files = sum(blobs.remove(digest) for digest in removed.evidence if digest not in needed)
    if json:
        print_json({**asdict(removed, filter=lambda field, _: field.name != "evidence"), "files": files})
        return
    counts = {name: getattr(removed, name) for name in ("listings", "hits", "judgements", "checks", "rules", "outlets")}
    ctx.say("forgotten", seller=seller, files=files, **counts)
