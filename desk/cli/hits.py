"""`swordnet hits`: lists, shows, rechecks, judges and exports hits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.items import Hit
from crawler.store import NO_VERDICT, Recheck, listing_id
from desk.cli import _hits_export, _hits_judge
from desk.cli._hit_filters import (
    Audit,
    Decisions,
    Gone,
    New,
    Platforms,
    SavedFilter,
    SaveFilter,
    Sellers,
    Since,
    Until,
    Up,
    Verdicts,
    Works,
    build_filter,
)
from desk.cli._options import ConfigFile, Json, Now, Quiet, command_context, find_hit, print_json

DEFAULT_LIMIT = 100  # hits of one list


def add(app: typer.Typer) -> None:
    """Register the commands."""
    hits = typer.Typer(no_args_is_help=True, help="What was found, and what people say of it.")
    hits.command("list", epilog="Example: swordnet hits list --platform kongfz --verdict none")(list_hits)
    hits.command("show", epilog="Example: swordnet hits show 3f2a9c41")(show)
    hits.command("recheck", epilog="Example: swordnet hits recheck 3f2a9c41")(recheck)
    _hits_judge.add(hits)
    _hits_export.add(hits)
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
    gone: Gone = False,
    up: Up = False,
    new: New = False,
    saved: SavedFilter = None,
    save_filter: SaveFilter = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.", metavar="N")] = DEFAULT_LIMIT,
    offset: Annotated[int, typer.Option(min=0, help="Leave out the first ones.", metavar="N")] = 0,
    wide: Annotated[bool, typer.Option("--wide", help="As a table with reasons, however narrow the terminal.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Hits and what waits for review (or the decisions or verdicts asked for), by the harm that is expected of them."""
    from attrs import asdict, evolve

    from desk.export.rows import rows_of_hits
    from desk.hit_table import DEFAULT_DECISIONS as DECISIONS
    from desk.hit_table import print_hits

    ctx = command_context(config, quiet, now)
    options: dict[str, Any] = {
        "platforms": platform,
        "works": work,
        "decisions": decision,
        "since": since,
        "until": until,
    }
    options |= {"sellers": seller, "verdicts": verdict, "audit": audit, "gone": gone, "up": up, "new": new}
    with ctx.store() as store:
        query = build_filter(ctx, store, saved, **options)
        if save_filter:
            store.hits.save_query(save_filter, query.to_dict(), ctx.now())
        if not query.decisions and not query.audit and not set(query.verdicts) - {NO_VERDICT}:
            query = evolve(query, decisions=DECISIONS)  # what a person judged may have any decision
        hits = store.hits.find_page(query, limit, offset)
        if json:
            print_json([asdict(row) for row in rows_of_hits(store, hits, ctx.config.language)])
            return
        print_hits(ctx.console, store, hits, ctx.config.language, wide)
        if not hits:
            ctx.say("hits_not_listed")
        waiting = store.reviews.count_open_samples()
    if waiting and not audit:
        ctx.say("audit_waits", count=waiting)
    if len(hits) == limit:
        ctx.say("hits_more", offset=offset + limit)


def show(
    hit_id: Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its first 8 characters.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """One hit: which work and why, what is wrong with the offer, how sure, what would change it, who judged it."""
    from desk.review.explain import explain_hit
    from desk.review.explanation_text import explanation_lines

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        hit = find_hit(ctx, store, hit_id)
        explanation = explain_hit(store, hit)
        checks = store.rechecks.recheck_history(listing_id(hit.listing.url))
    for line in explanation_lines(explanation, ctx.config.language, ctx.config.zone):
        typer.echo(line)
    for check in checks:
        state = ctx.message(f"check_{check.state.value}")
        typer.echo(f"  {ctx.local_time(check.at)} {state} {check.status} {check.told} {check.digest[:12]}".rstrip())


def recheck(
    hit_id: Annotated[
        list[str], typer.Argument(metavar="ID", help="The hit's id, or its first 8 characters (repeatable).")
    ],
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
    from desk.crawling import recheck_hits as ask_again

    ctx = command_context(config, quiet or json, now)
    with ctx.store() as store:
        hits = [find_hit(ctx, store, prefix) for prefix in hit_id]
    results = ask_again(ctx.config, hits, ctx.now, replay)
    if json:
        print_json([_check_json(hit, check) for hit, check in results])
        return
    for hit, check in results:
        state = ctx.message(f"check_{check.state.value if check else 'unknown'}")
        status = (check.status or check.outcome.value) if check else "-"
        ctx.say(
            "recheck_told",
            id=hit.id[:8],
            state=state,
            status=status,
            at=ctx.local_time(check.at, "seconds") if check else "-",
        )


def _check_json(hit: Hit, check: Recheck | None) -> dict[str, object]:
    proof = {name: getattr(check, name, None) for name in ("status", "endpoint", "digest", "told", "at")}
    return {"hit": hit.id, "url": hit.listing.url, "state": check.state.value if check else "unknown", **proof}
