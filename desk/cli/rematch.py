"""`swordnet rematch`: matches stored listings with the current registry. No requests are sent."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from desk.cli._hit_filters import parse_day
from desk.cli._options import CommandContext, ConfigFile, Json, Now, Quiet, command_context, print_json


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
    from contextlib import ExitStack

    from matchers.assessor import Assessor
    from matchers.decision import MIN_STORED_IDENTITY
    from screening.match_context import build_context
    from screening.parallel import available_cores, shared_index_folder, worker_count
    from screening.rematch_listings import rematch_all as rematch_stored
    from screening.rematch_listings import rematch_new_works

    ctx = command_context(config, quiet, now)
    with ctx.store() as store, ExitStack() as stack:
        if ctx.config.cluster.hand_out and since is None:
            from desk.rematch_units import rematch_on_cluster

            _print_counts(ctx, rematch_on_cluster(store, ctx.config, ctx.now), as_json)
            return
        works = store.works.registered_works()
        workers = worker_count(store.listings.count(), len(works), workers or available_cores())
        index_folder = stack.enter_context(shared_index_folder(index, workers))
        context = build_context(store, ctx.now())
        if since is None:
            assessor = Assessor(works, MIN_STORED_IDENTITY, index_folder)
            counts = rematch_stored(store, assessor, context, workers)
        else:
            midnight = datetime.combine(parse_day(ctx, "--since", since), time(), ctx.config.zone)
            changed_ids = store.works.changed_since(midnight)
            new_works = [work for work in works if work.id in changed_ids]
            counts = rematch_new_works(
                store, new_works, lambda: Assessor(works, MIN_STORED_IDENTITY, index_folder), context, workers
            )
    _print_counts(ctx, counts, as_json)


def _print_counts(ctx: CommandContext, counts: Any, as_json: bool) -> None:
    if as_json:
        print_json({"listings": counts.listings, "changed": counts.changed, "hits": counts.hits})
    else:
        ctx.say("rematched", listings=counts.listings, changed=counts.changed, hits=counts.hits)
