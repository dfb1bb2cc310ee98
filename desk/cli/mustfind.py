"""`swordnet must-find`: known listings that a healthy night must find, so that a night that could not see them is not
mistaken for one without hits.
"""

from __future__ import annotations

from typing import Annotated

import typer

from crawler.errors import BadInput, Problem
from desk.cli._options import By, ConfigFile, Json, Quiet, acting_user, command_context, print_json, typed_urls


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("must-find", epilog="Example: swordnet must-find W-001 https://book.kongfz.com/1/2/")(must_find)


def must_find(
    work: Annotated[str | None, typer.Argument(metavar="WORK", help="The work that the listing carries.")] = None,
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The listing's address.")] = None,
    drop: Annotated[str | None, typer.Option("--drop", help="Take this one back.", metavar="URL")] = None,
    teach_alias: Annotated[
        str, typer.Option("--teach-alias", help="People call the work so, which is why it was missed.", metavar="NAME")
    ] = "",
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Register a listing that every night must find as a hit; without arguments, list them."""
    from attrs import asdict

    from crawler.store import KnownPositive
    from crawler.urls import complete_url
    from desk.review.aliases import teach_alias as add_alias
    from spiders.catalogue import platform_for

    ctx = command_context(config, quiet or json)
    with ctx.store() as store:
        typed = [drop, complete_url(drop)] if drop is not None else []
        if drop is not None and not any(store.rechecks.remove_positive(address) for address in typed if address):
            raise BadInput(Problem(file="--drop", message=ctx.message("no_positive", url=drop)))
        if work is not None and url is not None:
            if store.works.get(work) is None:
                raise BadInput(Problem(file="works", field="id", message=ctx.message("no_work", id=work)))
            (url,) = typed_urls(ctx, "URL", [url])
            positive = KnownPositive(url=url, platform=platform_for(url, ctx.config).name, work=work)
            if teach_alias:
                user, language = acting_user(by), ctx.config.language
                number = add_alias(store, work, teach_alias, url, user, ctx.now(), language)
                ctx.say(
                    "alias_added",
                    work=work,
                    name=teach_alias,
                    number=number,
                    day=ctx.now().astimezone(ctx.config.zone).date(),
                )
            store.rechecks.add_positive(positive, ctx.now())
            ctx.say("positive_added", url=url, platform=positive.platform)
            if json:
                print_json([asdict(positive)])
            return
        positives = store.rechecks.all_positives()
    if json:
        print_json([asdict(row) for row in positives])
        return
    for row in positives:
        typer.echo(f"{row.platform}  {row.work}  {row.url}")
