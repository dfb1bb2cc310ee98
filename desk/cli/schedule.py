"""`swordnet schedule`: nights by the clock, for machines without cron or systemd."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from desk.cli._options import ConfigFile, Quiet, at_desk


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet schedule --config swordnet.toml")(schedule)


def schedule(
    show: Annotated[bool, typer.Option("--show", help="Only say when the next night begins.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Run a night every day at night.at; one that was missed is caught up. Ends with Ctrl-C."""
    from crawler.store.runs import NIGHT
    from desk import scheduling

    desk = at_desk(config, quiet)
    if show:
        at = scheduling.trigger(desk.config).get_next_fire_time(None, datetime.now(desk.config.zone))
        desk.say("schedule_next", at=at)
        return
    with desk.store() as store:
        last = next(iter(store.runs.latest(1, NIGHT)), None)
    with suppress(KeyboardInterrupt):
        scheduling.schedule(desk.config, config, last, datetime.now(UTC), desk.say)
