"""`swordnet status` and `swordnet runs`: the progress of the current run, and the results of past ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from crawler.errors import NothingToDo
from desk.cli._options import ConfigFile, Json, Quiet, command_context, print_json


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(epilog="Example: swordnet status")(status)
    app.command(epilog="Example: swordnet runs --limit 7")(runs)


def status(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """The run that started last: how far each platform is, and who is left alone until when."""
    from desk.nightly.progress import describe_pauses, run_table, worker_states, worker_table

    ctx = command_context(config, quiet)
    now = datetime.now(UTC)
    with ctx.store() as store:
        last = store.runs.last_run_id()
        run = store.runs.get_run(last) if last else None
        if run is None:
            raise NothingToDo(ctx.message("runs_none"))
        units = store.queue.unit_outcomes(run.id)
        if json:
            states = [state for _, _, state, _ in units]
            waiting = describe_pauses(store.queue.active_backoffs(now), datetime.isoformat)
            counts = {state: states.count(state) for state in sorted(set(states))}
            stand = store.runs.run_progress(run.id, now, run.started)
            summary: dict[str, Any] = {"run": run.id, "night": run.night, "outcome": _outcome(run), "units": counts}
            summary |= {
                "left_alone": waiting,
                "units_per_minute": round(stand.total_units_per_minute, 1),
                "oldest_waiting": stand.longest_wait,
            }
            summary |= {"platforms": {name: dict(by_state) for name, by_state in sorted(stand.states.items())}}
            print_json(summary | {"workers": worker_states(store, run.id, now, ctx.config)})
            return
        minutes = 0.0 if run.finished else (now - run.started).total_seconds() / 60
        ctx.say(
            "status_told",
            run=run.id,
            started=ctx.local_time(run.started, "seconds"),
            outcome=ctx.message(f"run_{_outcome(run)}"),
        )
        ctx.console.print(run_table(store, run.id, now.astimezone(ctx.config.zone), ctx.config.language, minutes))
        if run.finished is None:
            stand = store.runs.run_progress(run.id, now, run.started)
            platform, seconds = stand.longest_wait or ("-", 0.0)
            ctx.say(
                "status_pace", pace=f"{stand.total_units_per_minute:.1f}", platform=platform, seconds=f"{seconds:.0f}"
            )
            ctx.console.print(worker_table(store, run.id, now, ctx.config))


def runs(
    limit: Annotated[int, typer.Option(help="So many, the latest first.", min=1)] = 20,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The last runs: nights and crawls on demand, what they found, how they ended."""
    from rich.table import Table

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        stored_runs = store.runs.latest_runs(limit)
    if not stored_runs:
        raise NothingToDo(ctx.message("runs_none"))
    if json:
        print_json([_run_json(run) for run in stored_runs])
        return
    table = Table(*(ctx.message(f"runs_{name}") for name in ("run", "started", "took", "pages", "hits", "outcome")))
    for run in stored_runs:
        row = _run_json(run)
        table.add_row(
            run.id,
            ctx.local_time(run.started, "seconds"),
            str(run.finished - run.started).partition(".")[0] if run.finished else "",
            str(row["pages"]),
            str(row["hits"]),
            ctx.message(f"run_{row['outcome']}"),
        )
    ctx.console.print(table)


def _run_json(run: Any) -> dict[str, Any]:
    pages = sum(sum(counts.get("pages", {}).values()) for counts in run.counts.values())
    hits = sum(counts.get("hits", 0) for counts in run.counts.values())
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
