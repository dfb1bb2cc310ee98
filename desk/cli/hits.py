"""`swordnet hits`: what was found, what people say of it, and files of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.items import Hit
from crawler.store import Check, listing_id
from desk.cli import _exporting, _judging
from desk.cli._filters import (
    Audit,
    Decisions,
    Platforms,
    Save,
    Saved,
    Sellers,
    Since,
    Until,
    Verdicts,
    Works,
    filter_of,
)
from desk.cli._hit import one
from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk, print_json

SHOWN = 100  # hits of one list


def add(app: typer.Typer) -> None:
    """Register the commands."""
    hits = typer.Typer(no_args_is_help=True, help="What was found, and what people say of it.")
    hits.command("list", epilog="Example: swordnet hits list --platform kongfz --verdict none")(list_hits)
    hits.command("show", epilog="Example: swordnet hits show 3f2a9c")(show)
    hits.command("recheck", epilog="Example: swordnet hits recheck 3f2a9c")(recheck)
    _judging.add(hits)
    _exporting.add(hits)
    app.add_typer(hits, name="hits")


def list_hits(
    platform: Platforms = None,
    work: Works = None,
    decision: Decisions = None,
    since: Since = None,
    until: Until = None,
    seller: Sellers = None,
    verdict: Verdicts = None,
    audit: Audit = False,
    saved: Saved = None,
    save_filter: Save = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.", metavar="N")] = SHOWN,
    offset: Annotated[int, typer.Option(min=0, help="Leave out the first ones.", metavar="N")] = 0,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Hits and what waits for review (or the decisions asked for), by the harm that is expected of them."""
    from attrs import asdict, evolve

    from desk.hitlist import SHOWN as DECISIONS
    from desk.hitlist import hit_table, rows_of

    desk = at_desk(config, quiet, now)
    given = {"platforms": platform, "works": work, "decisions": decision, "since": since, "until": until}
    with desk.store() as store:
        wanted = filter_of(desk, store, saved, **given, sellers=seller, verdicts=verdict, audit=audit)
        if save_filter:
            store.views.save(save_filter, wanted.plain(), desk.now())
        if not wanted.decisions and not wanted.audit:
            wanted = evolve(wanted, decisions=DECISIONS)
        found = store.hits.page(wanted, limit, offset)
        if json:
            print_json([asdict(row) for row in rows_of(store, found, desk.config.language)])
            return
        desk.console.print(hit_table(store, found, desk.config.language))
        waiting = store.audits.waiting()
    if waiting and not audit:
        desk.say("audit_waits", count=waiting)
    if len(found) == limit:
        desk.say("hits_more", offset=offset + limit)


def show(
    hit_id: Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its beginning.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """One hit: which work and why, what is wrong with the offer, how sure, what would change it, who judged it."""
    from desk.telling_hit import told

    desk = at_desk(config, quiet)
    with desk.store() as store:
        hit = one(desk, store.hits.get(hit_id), hit_id)
        lines = list(told(store, hit, desk.config.language))
        again = store.checks.of(listing_id(hit.listing.url))
    for line in lines:
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
        found = [one(desk, store.hits.get(each), each) for each in hit_id]
    told = ask_again(desk.config, found, desk.now, replay)
    if json:
        print_json([_checked(hit, check) for hit, check in told])
        return
    for hit, check in told:
        state = desk.word(f"check_{check.state.value if check else 'unknown'}")
        status = (check.status or check.outcome.value) if check else "-"
        desk.say("recheck_told", id=hit.id[:8], state=state, status=status, at=check.at if check else "-")


def _checked(hit: Hit, check: Check | None) -> dict[str, object]:
    proof = {name: getattr(check, name, None) for name in ("status", "endpoint", "digest", "told", "at")}
    return {"hit": hit.id, "url": hit.listing.url, "state": check.state.value if check else "unknown", **proof}
