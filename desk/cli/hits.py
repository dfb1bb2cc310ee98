"""`swordnet hits`: what was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Decision, Hit
from crawler.store import Check, Filter, listing_id
from desk.cli._options import ConfigFile, Desk, Json, Now, Quiet, at_desk, print_json

Platforms = Annotated[list[str] | None, typer.Option("--platform", help="Only this platform (repeatable).")]
Works = Annotated[list[str] | None, typer.Option("--work", help="Only this work (repeatable).", metavar="ID")]
Decisions = Annotated[list[Decision] | None, typer.Option("--decision", help="Only this decision (repeatable).")]
Since = Annotated[str | None, typer.Option(help="Last seen on or after this day (YYYY-MM-DD).", metavar="DAY")]
Until = Annotated[str | None, typer.Option(help="Last seen on or before this day (YYYY-MM-DD).", metavar="DAY")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    hits = typer.Typer(no_args_is_help=True, help="What was found.")
    hits.command("list", epilog="Example: swordnet hits list --platform kongfz")(list_hits)
    hits.command("show", epilog="Example: swordnet hits show 3f2a9c")(show)
    hits.command("recheck", epilog="Example: swordnet hits recheck 3f2a9c")(recheck)
    hits.command("export", epilog="Example: swordnet hits export hits.csv --decision hit")(export)
    app.add_typer(hits, name="hits")


def list_hits(
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Hits and what waits for review (or the decisions asked for), surest first."""
    from attrs import asdict

    from desk.hitlist import SHOWN, hit_table, rows

    desk = at_desk(config, quiet)
    shown = tuple(decision or SHOWN)
    wanted = _filter(desk, platform, work, list(shown), since, until)
    with desk.store() as store:
        if json:
            print_json([asdict(row) for row in rows(store, wanted, desk.config.language)])
        else:
            desk.console.print(hit_table(store, list(store.hits.find(wanted)), desk.config.language, shown))


def show(
    hit_id: Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its beginning.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """One hit: which work, why, what is wrong with the offer, how sure."""
    from desk.hitlist import told

    desk = at_desk(config, quiet)
    with desk.store() as store:
        hit = _one(desk, store.hits.get(hit_id), hit_id)
        work = store.works.some([hit.work_id])[hit.work_id]
        checks = store.shares.history(hit.listing.links)
        again = store.checks.of(listing_id(hit.listing.url))
    for line in told(hit, work, desk.config.language, checks):
        typer.echo(line)
    for check in again:
        state = desk.word(f"check_{check.state.value}")
        typer.echo(f"  {check.at:%Y-%m-%d %H:%M} UTC {state} {check.status} {check.told} {check.digest[:12]}".rstrip())


def recheck(
    hit_id: Annotated[list[str], typer.Argument(metavar="ID", help="The hit's id, or its beginning (repeatable).")],
    replay: Annotated[
        Path | None,
        typer.Option(help="Answer every request from this HAR, WARC, WACZ or folder.", envvar="SWORDNET_REPLAY"),
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Ask for hits now: still up, changed, gone, or blocked to us; the answer is kept as proof."""
    from desk.rechecking import recheck as ask_again

    desk = at_desk(config, quiet or json, now)
    with desk.store() as store:
        found = [_one(desk, store.hits.get(each), each) for each in hit_id]
    told = ask_again(desk.config, found, desk.now, replay)
    if json:
        print_json([_checked(hit, check) for hit, check in told])
        return
    for hit, check in told:
        state = desk.word(f"check_{check.state.value if check else 'unknown'}")
        status = (check.status or check.outcome.value) if check else "-"
        desk.say("recheck_told", id=hit.id[:8], state=state, status=status, at=check.at if check else "-")


def _one(desk: Desk, found: list[Hit], hit_id: str) -> Hit:
    if len(found) != 1:
        message = desk.word("many_hits" if found else "no_hit", id=hit_id, count=len(found))
        raise BadInput(Problem(file="hits", field="id", message=message))
    return found[0]


def _checked(hit: Hit, check: Check | None) -> dict[str, object]:
    proof = {name: getattr(check, name, None) for name in ("status", "endpoint", "digest", "told", "at")}
    return {"hit": hit.id, "url": hit.listing.url, "state": check.state.value if check else "unknown", **proof}


def export(
    file: Annotated[Path, typer.Argument(help="Where to, by suffix .csv, .xlsx or .jsonl.")],
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Write hits to a file, one row each; docs/export.md names the columns."""
    from desk.export import export_hits
    from desk.hitlist import rows

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = list(rows(store, _filter(desk, platform, work, decision, since, until), desk.config.language))
    if not found:
        raise NothingToDo(desk.word("hits_none"))
    export_hits(file, found)
    desk.say("hits_exported", count=len(found), file=file)


def _filter(
    desk: Desk,
    platform: list[str] | None,
    work: list[str] | None,
    decision: list[Decision] | None,
    since: str | None,
    until: str | None,
) -> Filter:
    return Filter(
        platforms=tuple(platform or ()),
        works=tuple(work or ()),
        decisions=tuple(decision or ()),
        since=_day(desk, "--since", since),
        until=_day(desk, "--until", until),
        zone=desk.config.zone,
    )


def _day(desk: Desk, name: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput(Problem(file=name, message=desk.word("not_a_day", text=text))) from None
