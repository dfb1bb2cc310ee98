"""Shows the progress of a run: a live table by platform on a terminal, elsewhere plain lines (one after each unit, and
one a minute), and the state of each worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar

from rich.console import Console
from rich.live import Live
from rich.progress import track
from rich.table import Table

from crawler.config import Config
from crawler.health import PlatformCounts, count_by_platform
from crawler.items import Unit, UnitKind, UnitState
from crawler.messages import render_message
from crawler.store import Backoff, Store
from crawler.web.session import CrawlStats

T = TypeVar("T")
PROGRESS_COLUMNS = ("platform", "units", "pages", "queried", "listings", "opened", "found", "blocked", "pace", "waits")
REDRAW_SECONDS = 1.0  # at least between two reads of the store
LINE_INTERVAL_SECONDS = 60.0  # between two lines that sum the run up, so that a log shows that it lives


def run_table(store: Store, run: str, now: datetime, language: str, minutes: float = 0.0) -> Table:
    """The progress of a run by platform, with active pauses in the zone of `now`; `minutes` is how long it has run."""
    table = Table(*(render_message("desk.cli", f"progress_{name}", language) for name in PROGRESS_COLUMNS))
    units = store.queue.unit_outcomes(run)
    zone = now.tzinfo or UTC
    pauses = describe_pauses(store.queue.active_backoffs(now), lambda moment: f"{moment.astimezone(zone):%H:%M:%S %Z}")
    for counts in count_by_platform(units):
        table.add_row(*_row(counts, units, minutes), pauses.get(counts.platform, ""))
    for key, pause in sorted(pauses.items()):
        if ":" in key or "." in key:
            table.add_row(key, *[""] * (len(PROGRESS_COLUMNS) - 2), pause)
    return table


def worker_states(store: Store, run: str, now: datetime, config: Config) -> list[dict[str, Any]]:
    """The workers of a run. `silent`: seconds since the last sign of life of a worker that holds units, else None.

    `alive` is False if that is longer than `cluster.stale` (`crawl.lease` on one machine): its units go to others.
    """
    states, max_silence = [], config.cluster.stale if config.cluster.hand_out else config.crawl.lease
    for worker in store.queue.worker_activity(run, config.crawl.lease):
        silent = None if worker.last_seen is None else max(0.0, round((now - worker.last_seen).total_seconds(), 1))
        alive = silent is None or silent <= max_silence
        states.append(
            {
                "worker": worker.name,
                "done": worker.ended_units,
                "doing": worker.platforms,
                "silent": silent,
                "alive": alive,
            }
        )
    return states


def worker_table(store: Store, run: str, now: datetime, config: Config) -> Table:
    """The workers of a run as a table; those that are silent for too long are marked."""
    table = Table(
        *(render_message("desk.cli", f"worker_{name}", config.language) for name in ("name", "done", "doing", "silent"))
    )
    for worker in worker_states(store, run, now, config):
        silent = "" if worker["silent"] is None else f"{worker['silent']:.0f} s"
        mark = "" if worker["alive"] else f" {render_message('desk.cli', 'worker_dead', config.language)}"
        table.add_row(worker["worker"], str(worker["done"]), ", ".join(worker["doing"]), silent + mark)
    return table


def describe_pauses(backoffs: Iterable[Backoff], time_text: Callable[[datetime], str]) -> dict[str, str]:
    """The active pauses by platform or host: until when, as `time_text` writes it, and why."""
    return {
        backoff.key.partition(":")[2]: f"{time_text(backoff.not_before)} {backoff.why}".strip()
        for backoff in backoffs
        if backoff.why != "pace"
    }


def _row(counts: PlatformCounts, units: Sequence[tuple[str, UnitKind, UnitState, object]], minutes: float) -> list[str]:
    states = [state for spider, _, state, _ in units if spider == counts.platform]
    ended_units = sum(state not in (UnitState.OPEN, UnitState.DOING) for state in states)
    pages = sum(counts.pages.values())
    pace = f"{pages / minutes:.0f}/min" if minutes else ""
    queried = f"{counts.queried}/{counts.planned}" if counts.planned else ""  # of the questions
    opened = f"{counts.opened}/{counts.candidates}" if counts.candidates else ""  # of the candidates
    numbers = (f"{ended_units}/{len(states)}", pages, queried, counts.listings, opened, counts.hits, counts.blocked)
    return [counts.platform, *map(str, numbers), pace]


def line_printer(
    store: Callable[[], Store],
    language: str,
    print_line: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[str, Collection[CrawlStats]], None]:
    """A callback for the id of a run and the stats of units that are running here: every `LINE_INTERVAL_SECONDS` of
    `clock` (in seconds) it prints a line that sums the run up, the first one interval after the first call.
    """
    last_line: float | None = None
    opened: list[Store] = []

    def on_tick(run: str, running: Collection[CrawlStats]) -> None:
        nonlocal last_line
        if last_line is None:
            last_line = clock()
        if clock() - last_line >= LINE_INTERVAL_SECONDS:
            last_line = clock()
            opened[:] = opened or [store()]
            print_line(progress_line(opened[0], run, language, running))

    return on_tick


def count_progress(
    items: Iterable[T],
    total: int,
    console: Console,
    print_count: Callable[[int], None],
    quiet: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """The items as they come: under a bar on a terminal; elsewhere `print_count` gets their number every
    `LINE_INTERVAL_SECONDS` of `clock` (in seconds), unless `quiet`.
    """
    if console.is_terminal and not quiet:
        yield from track(items, "", total, console=console, transient=True)
        return
    last_line = clock()
    for count, item in enumerate(items, start=1):
        if not quiet and (now := clock()) - last_line >= LINE_INTERVAL_SECONDS:
            last_line = now
            print_count(count)
        yield item


def progress_line(store: Store, run: str, language: str, running: Collection[CrawlStats] = ()) -> str:
    """A run in one line: units ended of those planned so far, pages, listings, hits, and the platforms being asked.

    `running` are the stats of units that have not ended, which the store does not know yet.
    """
    units = store.queue.unit_outcomes(run)
    counts = count_by_platform(units)
    ended = sum(state not in (UnitState.OPEN, UnitState.DOING) for _, _, state, _ in units)
    platforms = sorted({spider for spider, _, state, _ in units if state is UnitState.DOING})
    return render_message(
        "desk.cli",
        "progress_line",
        language,
        ended=ended,
        planned=len(units),
        pages=sum(sum(count.pages.values()) for count in counts) + sum(sum(each.outcomes.values()) for each in running),
        listings=sum(count.listings for count in counts) + sum(each.listings for each in running),
        hits=sum(count.hits for count in counts) + sum(each.hits for each in running),
        platforms=", ".join(platforms) or "-",
    )


@contextmanager
def live_progress(
    console: Console,
    store: Callable[[], Store],
    language: str,
    print_unit: Callable[[Unit, CrawlStats], None],
    quiet: bool,
    zone: tzinfo = UTC,
) -> Iterator[Callable[[Unit, CrawlStats], None]]:
    """A callback for after each unit: redraws the table on a terminal, otherwise (or if `quiet`) calls `print_unit`."""
    if quiet or not console.is_terminal:
        yield print_unit
        return
    started, last_redraw = time.monotonic(), 0.0
    open_store = store()
    with Live(console=console, auto_refresh=False) as live:

        def redraw(unit: Unit, _stats: CrawlStats) -> None:
            nonlocal last_redraw
            if time.monotonic() - last_redraw >= REDRAW_SECONDS:
                last_redraw = time.monotonic()
                minutes = (last_redraw - started) / 60
                live.update(run_table(open_store, unit.run, datetime.now(zone), language, minutes), refresh=True)

        try:
            yield redraw
        finally:
            open_store.close()
