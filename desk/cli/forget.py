"""`swordnet forget`: what is kept about a person or shop is removed."""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Quiet, at_desk, print_json


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
    """Remove a seller's listings, hits, checks, judgements, rules and kept bytes, and say how many of each."""
    from attrs import asdict

    from crawler.blobs import blobs_of

    desk = at_desk(config, quiet or json)
    with desk.store() as store:
        known = store.forgetting.known(seller, platform)
        if not known and not any(rule.value == seller for rule in store.rules.all(withdrawn=True)):
            raise NothingToDo(desk.word("forget_unknown", seller=seller))
        if dry_run:
            desk.say("forget_would", seller=seller, count=len(known))
            return
        gone = store.forgetting.forget(seller, platform)
        needed = store.hits.evidence() | store.checks.digests()
        blobs = blobs_of(desk.config.store)
        files = sum(blobs.remove(digest) for digest in gone.evidence if digest not in needed)
    if json:
        print_json({**asdict(gone, filter=lambda field, _: field.name != "evidence"), "files": files})
        return
    counts = {name: getattr(gone, name) for name in ("listings", "hits", "judgements", "checks", "rules")}
    desk.say("forgotten", seller=seller, files=files, **counts)
