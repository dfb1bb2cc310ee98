"""`swordnet rematch`: stored listings against the registry as it is now. Nothing is asked of the web."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from desk.cli._filters import day_of
from desk.cli._options import ConfigFile, Desk, Json, Now, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet rematch --since 2026-11-20")(rematch)


def rematch(
    index: Annotated[
        Path | None, typer.Option(help="Keep the index of titles in this folder, as swordnet match does.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes to work with; 0 is one for each core.", metavar="N")
    ] = 0,
    since: Annotated[
        str | None,
        typer.Option(help="Only for works that came or changed on or after this day: far quicker.", metavar="DAY"),
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    as_json: Json = False,
    now: Now = None,
) -> None:
    """Compare stored listings with the works again, after works or licences changed; what changed is written.

    On many machines (cluster.hand_out) the workers do it, unless --since says that little is to be done.
    """
    from desk.cores import cores
    from desk.rematching import rematch as rematched
    from desk.rematching import rematch_new
    from matchers.assess import Assessor
    from matchers.titles import keep_engine
    from matchers.weigh import STORED
    from pipelines._knowing import context_of

    desk = at_desk(config, quiet, now)
    with desk.store() as store:
        if desk.config.cluster.hand_out and since is None:
            from desk.rematching_apart import rematch_apart

            _told(desk, rematch_apart(store, desk.config, desk.now), as_json)
            return
        works = store.registry()
        if index is not None:
            keep_engine(works, index)
        context = context_of(store, desk.now(), desk.config.language)
        if since is None:
            done = rematched(store, Assessor(works, STORED), context, workers or cores())
        else:
            midnight = datetime.combine(day_of(desk, "--since", since), time(), desk.config.zone)
            ids = store.works.changed(midnight)
            new = [work for work in works if work.id in ids]
            done = rematch_new(store, new, lambda: Assessor(works, STORED), context, workers or cores())
    _told(desk, done, as_json)


def _told(desk: Desk, done: Any, as_json: bool) -> None:
    if as_json:
        print_json({"listings": done.listings, "changed": done.changed, "hits": done.hits})
    else:
        desk.say("rematched", listings=done.listings, changed=done.changed, hits=done.hits)
