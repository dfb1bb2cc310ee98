"""What a run is doing, for people: a live table by platform on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from crawler.config import Config
from crawler.health import PlatformCounts, counted
from crawler.items import Unit
from crawler.messages import say
from crawler.store import Store
from crawler.store.clocks import Clock
from crawler.web.session import Tally

COLUMNS = ("platform", "units", "pages", "listings", "found", "blocked", "pace", "waits")
EVERY = 1.0  # seconds between two looks at the store


def run_table(store: Store, run: str, now: datetime, language: str, minutes: float = 0.0) -> Table:
    """How far each platform of a run is; `minutes` it has run so far, for the pace."""
    table = Table(*(say("desk.cli", f"progress_{name}", language) for name in COLUMNS))
    units = store.units.outcomes(run)
    waits = until_when(store.clocks.waiting(now))
    for counts in counted(units):
        table.add_row(*_row(counts, units, minutes), waits.get(counts.platform, ""))
    for key, told in sorted(waits.items()):
        if ":" in key or "." in key:
            table.add_row(key, *[""] * (len(COLUMNS) - 2), told)
    return table


def workers_told(store: Store, run: str, now: datetime, config: Config) -> list[dict[str, Any]]:
    """Everybody who has worked on a run; `silent` are the seconds since the last sign of life of one that holds units.

    `alive` is False where that is longer than `cluster.stale` (`crawl.lease` on one machine): its units go to others.
    """
    told, longest = [], config.cluster.stale if config.cluster.hand_out else config.crawl.lease
    for hand in store.units.workers(run, config.crawl.lease):
        silent = None if hand.seen is None else max(0.0, round((now - hand.seen).total_seconds(), 1))
        alive = silent is None or silent <= longest
        told.append({"worker": hand.name, "done": hand.done, "doing": hand.doing, "silent": silent, "alive": alive})
    return told


def worker_table(store: Store, run: str, now: datetime, config: Config) -> Table:
    """The same for people; who is silent for too long is marked."""
    table = Table(*(say("desk.cli", f"worker_{name}", config.language) for name in ("name", "done", "doing", "silent")))
    for each in workers_told(store, run, now, config):
        silent = "" if each["silent"] is None else f"{each['silent']:.0f} s"
        mark = "" if each["alive"] else f" {say('desk.cli', 'worker_dead', config.language)}"
        table.add_row(each["worker"], str(each["done"]), ", ".join(each["doing"]), silent + mark)
    return table


def until_when(clocks: Iterable[Clock]) -> dict[str, str]:
    """Who is left alone until when and why, by platform or host."""
    return {
        clock.key.partition(":")[2]: f"{clock.not_before:%H:%M:%S} UTC {clock.why}".strip()
        for clock in clocks
        if clock.why != "pace"
    }


def _row(counts: PlatformCounts, units: Sequence[tuple[str, str, str, object]], minutes: float) -> list[str]:
    states = [state for spider, _, state, _ in units if spider == counts.platform]
    done = sum(state in ("done", "failed", "skipped") for state in states)
    pages = sum(counts.pages.values())
    pace = f"{pages / minutes:.0f}/min" if minutes else ""
    numbers = (f"{done}/{len(states)}", pages, counts.listings, counts.hits, counts.blocked)
    return [counts.platform, *map(str, numbers), pace]


@contextmanager
def shown(
    console: Console, store: Callable[[], Store], language: str, plain: Callable[[Unit, Tally], None], quiet: bool
) -> Iterator[Callable[[Unit, Tally], None]]:
    """What to call after each unit: redraws the table on a terminal, prints a line elsewhere."""
    if quiet or not console.is_terminal:
        yield plain
        return
    begun, last = time.monotonic(), 0.0
    opened = store()
    with Live(console=console, auto_refresh=False) as live:

        def redraw(unit: Unit, _tally: Tally) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY:
                last = time.monotonic()
                minutes = (last - begun) / 60
                live.update(run_table(opened, unit.run, datetime.now().astimezone(), language, minutes), refresh=True)

        try:
            yield redraw
        finally:
            opened.close()
