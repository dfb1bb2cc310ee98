"""`swordnet schedule`: starts a night every day, for machines without cron or systemd."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Quiet, command_context


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet schedule --config swordnet.toml")(schedule)


def schedule(
    show: Annotated[bool, typer.Option("--show", help="Only say when the next night begins.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Run a night every day at night.at; one that was missed is caught up. Ends with Ctrl-C."""
    from crawler.store import NIGHT_RUN
    from desk.nightly import scheduling

    ctx = command_context(config, quiet)
    if show:
        ctx.say("schedule_next", at=scheduling.next_night(ctx.config))
        return
    with ctx.store() as store:
        last = next(iter(store.runs.latest_runs(1, NIGHT_RUN)), None)
    with suppress(KeyboardInterrupt):
        scheduling.schedule(ctx.config, config, last, datetime.now(UTC), ctx.say)
