"""`swordnet outlets`: outlets that only pass on copies, proposed from judged hits and confirmed by a person."""

from __future__ import annotations

from typing import Annotated

import typer
from attrs import asdict
from rich.table import Table

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.store import MIN_JUDGED_COPIES, MIN_JUDGED_WORKS, PLACE_FIELDS, Place, PlaceRecord, Store
from desk.cli._options import (
    By,
    CommandContext,
    ConfigFile,
    Json,
    Now,
    Quiet,
    acting_user,
    command_context,
    named_platform,
    print_json,
)

Field = Annotated[str, typer.Argument(metavar="FIELD", help="seller, host or platform.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    outlets = typer.Typer(no_args_is_help=True, help="Outlets that only pass on copies.")
    outlets.command("list", epilog="Example: swordnet outlets list --shipped")(list_outlets)
    outlets.command("propose", epilog="Example: swordnet outlets propose --json")(propose)
    outlets.command("confirm", epilog="Example: swordnet outlets confirm host copies.example --reason 'only repacks'")(
        confirm
    )
    outlets.command("withdraw", epilog="Example: swordnet outlets withdraw 3")(withdraw)
    app.add_typer(outlets, name="outlets")


def list_outlets(
    shipped: Annotated[bool, typer.Option("--shipped", help="Those that the program knows, with sources.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Withdrawn ones too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Confirmed outlets; with --shipped the kinds of sellers and outlets that the program knows, with their sources."""
    ctx = command_context(config, quiet)
    if shipped:
        _list_shipped(ctx, json)
        return
    with ctx.store() as store:
        rows = store.outlets.confirmed_outlets(include_withdrawn=withdrawn)
    if json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        raise NothingToDo(ctx.message("outlets_none"))
    table = _table(ctx, "column_number", "column_place", "column_infringing", "column_works", "column_reason")
    table.add_column(ctx.message("column_by"))
    table.add_column(ctx.message("column_withdrawn"))
    for row in rows:
        place = _place_name(Place(field=row.field, platform=row.platform, value=row.value))
        withdrawal = f"{ctx.local_day(row.withdrawn_at)} {row.withdrawn_by}" if row.withdrawn_at else ""
        by = f"{ctx.local_day(row.at)} {row.by}"
        table.add_row(str(row.id), place, str(row.copies), str(row.works), row.reason, by, withdrawal)
    ctx.console.print(table)


def propose(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """Sellers, hosts and platforms whose judged offers infringe and none of which was judged innocent."""
    ctx = command_context(config, quiet)
    with ctx.store() as store:
        records = store.outlets.proposed_outlets()
    if json:
        print_json([_record_values(record) for record in records])
        return
    if not records:
        raise NothingToDo(ctx.message("outlets_nothing_proposed", copies=MIN_JUDGED_COPIES, works=MIN_JUDGED_WORKS))
    table = _table(ctx, "column_place", "column_infringing", "column_unsure", "column_works")
    for record in records:
        counts = (record.infringing, record.unsure, len(record.judged_works))
        table.add_row(_place_name(record.place), *map(str, counts))
    ctx.console.print(table)


def confirm(
    field: Field,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The seller's number or name, the host, the platform.")],
    platform: Annotated[
        str | None, typer.Option("--platform", help="The platform of a seller.", callback=named_platform)
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it only passes on copies.")] = "",
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Confirm that an outlet only passes on copies, which is a ground from then on; its stored hits are redecided."""
    ctx = command_context(config, quiet, now)
    place = _parse_place(ctx, field, value, platform)
    with ctx.store() as store:
        record = next((record for record in store.outlets.place_records() if record.place == place), None)
        if record is None:
            raise BadInput(Problem(file="outlets", message=ctx.message("outlet_unknown", place=_place_name(place))))
        if record.innocent:
            message = ctx.message("outlet_innocent", place=_place_name(place), innocent=record.innocent)
            raise BadInput(Problem(file="outlets", message=message))
        number = store.outlets.confirm_outlet(record, reason, acting_user(by), ctx.now())
        changed = _redecide(ctx, store, record)
    ctx.say("outlet_confirmed", number=number, changed=changed)


def withdraw(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number shown by `outlets list`.")],
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Take a confirmation back; the stored hits of the outlet are redecided."""
    ctx = command_context(config, quiet, now)
    with ctx.store() as store:
        outlet = store.outlets.withdraw_outlet(number, acting_user(by), ctx.now())
        if outlet is None:
            raise BadInput(Problem(file="outlets", message=ctx.message("no_outlet", number=number)))
        place = Place(field=outlet.field, platform=outlet.platform, value=outlet.value)
        record = next((record for record in store.outlets.place_records() if record.place == place), None)
        changed = 0 if record is None else _redecide(ctx, store, record)
    ctx.say("outlet_withdrawn", number=number, changed=changed)


def _redecide(ctx: CommandContext, store: Store, record: PlaceRecord) -> int:
    """Decide the stored hits of a place's works again; returns how many decisions changed."""
    from screening.match_context import build_context
    from screening.redecide_hits import redecide_hits

    return redecide_hits(store, sorted(record.works), build_context(store, ctx.now()))


def _parse_place(ctx: CommandContext, field: str, value: str, platform: str | None) -> Place:
    if field not in PLACE_FIELDS:
        raise BadInput(Problem(file="FIELD", message=ctx.message("outlet_field", field=field)))
    if field == "seller" and platform is None:
        raise BadInput(Problem(file="--platform", message=ctx.message("outlet_seller_platform")))
    name = value.strip().lower().removeprefix("www.") if field == "host" else value.strip()
    name = named_platform(name) or name if field == "platform" else name
    return Place(field=field, platform=platform or "" if field == "seller" else "", value=name)


def _place_name(place: Place) -> str:
    """A place as a person types it behind `confirm`."""
    return f"{place.field} {place.value}" + (f" --platform {place.platform}" if place.platform else "")


def _record_values(record: PlaceRecord) -> dict[str, object]:
    counts = {"infringing": record.infringing, "innocent": record.innocent, "unsure": record.unsure}
    return {**asdict(record.place), **counts, "works": sorted(record.judged_works), "hits_works": len(record.works)}


def _list_shipped(ctx: CommandContext, json: bool) -> None:
    from matchers.signals.outlets import load_outlets

    outlets = load_outlets()
    if json:
        print_json([asdict(outlet) for outlet in outlets])
        return
    table = _table(ctx, "column_kind", "column_place", "column_source")
    for outlet in outlets:
        table.add_row(outlet.kind.value, f"{outlet.field} {outlet.pattern}", f"{outlet.source} {outlet.note}".strip())
    ctx.console.print(table)


def _table(ctx: CommandContext, *keys: str) -> Table:
    return Table(*(ctx.message(key) for key in keys))
