"""`swordnet rematch`: stored listings against the registry as it is now. Nothing is asked of the web."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet rematch")(rematch)


def rematch(
    index: Annotated[
        Path | None, typer.Option(help="Keep the index of titles in this folder, as swordnet match does.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes to work with; 0 is one for each core.", metavar="N")
    ] = 0,
    config: ConfigFile = None,
    quiet: Quiet = False,
    as_json: Json = False,
    now: Now = None,
) -> None:
    """Compare stored listings with the works again, after works or licences changed; what changed is written."""
    from attrs import asdict

    from desk.cores import cores
    from desk.rematching import rematch as rematched
    from matchers.assess import Assessor
    from matchers.titles import keep_engine
    from matchers.weigh import STORED
    from pipelines._knowing import context_of

    desk = at_desk(config, quiet, now)
    with desk.store() as store:
        works = store.registry()
        if index is not None:
            keep_engine(works, index)
        context = context_of(store, desk.now(), desk.config.language)
        done = rematched(store, Assessor(works, STORED), context, workers or cores())
    if as_json:
        print_json(asdict(done))
    else:
        desk.say("rematched", listings=done.listings, changed=done.changed, hits=done.hits)
