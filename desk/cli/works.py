"""`swordnet works`: the registry of protected works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import asdict
from rich.table import Table

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.store import ALIAS_RULE, Store
from desk.cli import _works_lists
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

if TYPE_CHECKING:
    from desk.review.aliases import AliasProposal

WorkId = Annotated[str, typer.Argument(metavar="ID", help="The work's id.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    works = typer.Typer(no_args_is_help=True, help="The registry of protected works.")
    _works_lists.add(works)
    works.command("list", epilog="Example: swordnet works list --json")(list_works)
    works.command("show", epilog="Example: swordnet works show W-001")(show)
    works.command("retire", epilog="Example: swordnet works retire W-001")(retire)
    works.command("release", epilog="Example: swordnet works release W-001")(release)
    works.command("official", epilog="Example: swordnet works official 'Pellbrook Press' --seller 'Pellbrook Direct'")(
        official
    )
    works.command("check", epilog="Example: swordnet works check")(check)
    works.command("aliases", epilog="Example: swordnet works aliases W-001 --add 'The Lampwright'")(aliases)
    app.add_typer(works, name="works")


def list_works(
    retired: Annotated[bool, typer.Option("--retired", help="Retired works too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """All works."""
    from crawler.store import to_json

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        works = list(store.works.all_works(include_retired=retired))
    if json:
        print_json([to_json(work) for work in works])
        return
    table = Table("id", "kind", "title", "creators", "identifiers", "retired")
    for work in works:
        identifiers = " ".join(f"{scheme}:{value}" for scheme, values in work.identifiers.items() for value in values)
        table.add_row(
            work.id,
            work.kind,
            work.title,
            ", ".join(work.creators),
            identifiers,
            ctx.local_time(work.retired_at) if work.retired_at else "",
        )
    ctx.console.print(table)


def show(work_id: WorkId, config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Everything that is known about one work, as JSON."""
    from crawler.store import to_json
    from desk.nightly.settle import verdict_counts_by_work

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        work = store.works.get(work_id)
        if work is None:
            raise BadInput(Problem(file="works", field="id", message=ctx.message("no_work", id=work_id)))
        verdict_counts, quarantine_reason = (
            verdict_counts_by_work(store).get(work_id),
            store.works.quarantined_works().get(work_id),
        )
    judged = (
        {"infringing": verdict_counts.infringing, "not": verdict_counts.innocent, "false_alarms": verdict_counts.rate}
        if verdict_counts
        else None
    )
    print_json(to_json(work) | {"judged": judged, "held": quarantine_reason})


def release(
    work_id: WorkId,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Let a work out of quarantine; its hits are decided again, and it is not held again by itself."""
    from screening.match_context import build_context
    from screening.redecide_hits import redecide_hits

    ctx = command_context(config, quiet, now)
    with ctx.store() as store:
        if work_id not in store.works.quarantined_works():
            raise NothingToDo(ctx.message("not_held", work=work_id))
        store.works.set_quarantine(work_id, False, "", acting_user(by), ctx.now())
        changed = redecide_hits(store, [work_id], build_context(store, ctx.now()))
    ctx.say("work_released", work=work_id, changed=changed)


def official(
    owner: Annotated[str | None, typer.Argument(metavar="OWNER", help="Owner (or publisher) of the works.")] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="A platform's name or host; else all.", callback=named_platform)
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="The shop's name or number; else all.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="First day (YYYY-MM-DD).", metavar="DAY")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day (YYYY-MM-DD).", metavar="DAY")] = None,
    remove: Annotated[
        int | None, typer.Option("--remove", help="Take this one back, by its number.", metavar="NUMBER")
    ] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Own shops and official stores: licences for all works of an owner. Without an owner: those that hold."""
    from desk.review.judge import licence_from_options, redecide_owner

    ctx = command_context(config, quiet or json, now)
    with ctx.store() as store:
        if owner is not None:
            licence = licence_from_options(
                ctx.config.language, platform=platform, seller=seller, since=since, until=until
            )
            store.works.add_official_shop(owner, licence, ctx.now())
            ctx.say("official_changed", changed=redecide_owner(store, owner, ctx.now()))
        elif remove is not None:
            withdrawn_owner = store.works.withdraw_official_shop(remove, ctx.now())
            if withdrawn_owner is None:
                raise BadInput(Problem(file="--remove", message=ctx.message("no_official", number=remove)))
            ctx.say("official_changed", changed=redecide_owner(store, withdrawn_owner, ctx.now()))
        entries = store.works.official_shops()
    if json:
        print_json([{"number": entry.id, "owner": entry.owner, **asdict(entry.licence)} for entry in entries])
        return
    for entry in entries:
        terms = "; ".join(f"{name}={value}" for name, value in asdict(entry.licence).items() if value)
        typer.echo(f"{entry.id}  {entry.owner}: {terms}")


def aliases(
    work_id: Annotated[str | None, typer.Argument(metavar="ID", help="Only this work.")] = None,
    add_name: Annotated[str, typer.Option("--add", help="People call the work so, too.", metavar="NAME")] = "",
    propose: Annotated[bool, typer.Option("--propose", help="Names that judged hits have in common.")] = False,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Names that people taught or confirmed, with their numbers for `hits unteach`; proposals; add one."""
    from desk.review.aliases import propose_aliases

    ctx = command_context(config, quiet or json, now)
    with ctx.store() as store:
        if work_id is not None and store.works.get(work_id) is None:
            raise BadInput(Problem(file="works", field="id", message=ctx.message("no_work", id=work_id)))
        if propose:
            _print_proposals(ctx, propose_aliases(store, work_id), json)
            return
        if add_name:
            _add_alias(ctx, store, work_id, add_name, reason, acting_user(by))
            if not json:
                return
        rules = [rule for rule in store.reviews.all_rules() if rule.kind == ALIAS_RULE and work_id in (None, rule.work)]
    if not rules and not json:
        raise NothingToDo(ctx.message("aliases_none"))
    if json:
        print_json([asdict(rule) for rule in rules])
        return
    for rule in rules:
        typer.echo(f"{rule.id}  {rule.work}  {rule.shown}  ({rule.by} {ctx.local_day(rule.at)}) {rule.reason}".rstrip())


def _add_alias(ctx: CommandContext, store: Store, work_id: str | None, name: str, reason: str, by: str) -> None:
    from desk.review.aliases import teach_alias

    if work_id is None:
        raise BadInput(Problem(file="works aliases", field="id", message=ctx.message("alias_what")))
    number = teach_alias(store, work_id, name, reason, by, ctx.now(), ctx.config.language)
    ctx.say("alias_added", work=work_id, name=name, number=number, day=ctx.now().astimezone(ctx.config.zone).date())


def _print_proposals(ctx: CommandContext, proposals: Sequence[AliasProposal], as_json: bool) -> None:
    from desk.review.aliases import MIN_PROPOSAL_LISTINGS, MIN_PROPOSAL_SELLERS

    if as_json:
        print_json([asdict(proposal) for proposal in proposals])
        return
    if not proposals:
        bounds = {"listings": MIN_PROPOSAL_LISTINGS, "sellers": MIN_PROPOSAL_SELLERS}
        raise NothingToDo(ctx.message("aliases_no_proposal", **bounds))
    for proposal in proposals:
        counts = {"listings": proposal.listings, "sellers": proposal.sellers}
        work = {"work": proposal.work_id, "title": proposal.work_title}
        typer.echo(ctx.message("alias_proposed", name=proposal.name, **work, **counts))
        for title in proposal.examples:
            typer.echo(f"  {title}")
    ctx.say("alias_confirm")


def retire(work_id: WorkId, config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Stop asking for a work; its hits stay."""
    ctx = command_context(config, quiet)
    with ctx.store() as store:
        if not store.works.retire(work_id, ctx.now()):
            raise BadInput(Problem(file="works", field="id", message=ctx.message("no_work", id=work_id)))
    ctx.say("works_retired", work=work_id)


def check(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """Works whose titles or pictures cannot identify them, and doubles."""
    from registry.checks import check_works
    from screening.picture_screening import works_sharing_designs

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        works = list(store.works.all_works())
    if not works:
        raise NothingToDo(ctx.message("works_none"))
    problems = list(check_works(works, ctx.config.language, works_sharing_designs(works, ctx.config.pictures)))
    if json:
        print_json([asdict(problem) for problem in problems])
        return
    for problem in problems:
        typer.echo(f"{problem.work_id}: {problem.message}")
    ctx.say("works_checked", works=len(works), found=len(problems))
