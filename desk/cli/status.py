"""`swordnet status` and `swordnet runs`: what runs, what ran, how it went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Quiet, at_desk, print_json


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(epilog="Example: swordnet status")(status)
    app.command(epilog="Example: swordnet runs --limit 7")(runs)


def status(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """The run that started last: how far each platform is, and who is left alone until when."""
    from desk.progress import run_table, until_when, worker_table, workers_told

    desk = at_desk(config, quiet)
    now = datetime.now(UTC)
    with desk.store() as store:
        last = store.runs.last()
        run = store.runs.get(last) if last else None
        if run is None:
            raise NothingToDo(desk.word("runs_none"))
        units = store.units.outcomes(run.id)
        if json:
            states = [state for _, _, state, _ in units]
            waiting = until_when(store.clocks.waiting(now))
            counts = {state: states.count(state) for state in sorted(set(states))}
            stand = store.standing.of(run.id, now, run.started)
            told: dict[str, Any] = {"run": run.id, "night": run.night, "outcome": _outcome(run), "units": counts}
            told |= {"left_alone": waiting, "units_per_minute": round(stand.pace, 1), "oldest_waiting": stand.oldest}
            told |= {"platforms": {name: dict(each) for name, each in sorted(stand.states.items())}}
            print_json(told | {"workers": workers_told(store, run.id, now, desk.config)})
            return
        minutes = 0.0 if run.finished else (now - run.started).total_seconds() / 60
        desk.say("status_told", run=run.id, started=_moment(run.started), outcome=desk.word(f"run_{_outcome(run)}"))
        desk.console.print(run_table(store, run.id, now, desk.config.language, minutes))
        if run.finished is None:
            stand = store.standing.of(run.id, now, run.started)
            platform, seconds = stand.oldest or ("-", 0.0)
            desk.say("status_pace", pace=f"{stand.pace:.1f}", platform=platform, seconds=f"{seconds:.0f}")
            desk.console.print(worker_table(store, run.id, now, desk.config))


def runs(
    limit: Annotated[int, typer.Option(help="So many, the latest first.", min=1)] = 20,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The last runs: nights and crawls on demand, what they found, how they ended."""
    from rich.table import Table

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = store.runs.latest(limit)
    if not found:
        raise NothingToDo(desk.word("runs_none"))
    if json:
        print_json([_told(run) for run in found])
        return
    table = Table(*(desk.word(f"runs_{name}") for name in ("run", "started", "took", "pages", "hits", "outcome")))
    for run in found:
        told = _told(run)
        table.add_row(
            run.id,
            _moment(run.started),
            str(run.finished - run.started).partition(".")[0] if run.finished else "",
            str(told["pages"]),
            str(told["hits"]),
            desk.word(f"run_{told['outcome']}"),
        )
    desk.console.print(table)


def _told(run: Any) -> dict[str, Any]:
    pages = sum(sum(each.get("pages", {}).values()) for each in run.counts.values())
    hits = sum(each.get("hits", 0) for each in run.counts.values())
    moments = {"started": run.started, "finished": run.finished}
    return {
        "run": run.id,
        "kind": run.kind,
        "night": run.night,
        **moments,
        "pages": pages,
        "hits": hits,
        "outcome": _outcome(run),
    }


def _outcome(run: Any) -> str:
    return run.outcome or "running"


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
