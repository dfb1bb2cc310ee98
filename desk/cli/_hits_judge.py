"""`swordnet hits judge`, `undo`, `rules`, `unteach`: verdicts on hits, and the rules created from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Verdict
from crawler.store import ALIAS_RULE
from desk.cli._options import (
    By,
    ConfigFile,
    Encoding,
    Json,
    Now,
    Quiet,
    acting_user,
    command_context,
    find_hit,
    print_json,
)

HitId = Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its first 8 characters.")]


def add(hits: typer.Typer) -> None:
    """Register the commands."""
    hits.command("judge", epilog="Example: swordnet hits judge 3f2a9c41 not --reason 'our own shop' --teach-seller")(
        judge
    )
    hits.command("undo", epilog="Example: swordnet hits undo 3f2a9c41")(undo)
    hits.command("rules", epilog="Example: swordnet hits rules")(rules)
    hits.command("unteach", epilog="Example: swordnet hits unteach 12")(unteach)


def judge(
    hit_id: Annotated[str | None, typer.Argument(metavar="ID", help="The hit's id, or its first 8 characters.")] = None,
    verdict: Annotated[Verdict | None, typer.Argument(help="What it is.")] = None,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    teach_seller: Annotated[
        bool, typer.Option("--teach-seller", help="With `not`: nor is anything else of this work by this seller.")
    ] = False,
    teach_phrase: Annotated[
        str, typer.Option("--teach-phrase", help="With `not`: nor is this work beside these words.", metavar="WORDS")
    ] = "",
    teach_alias: Annotated[
        str, typer.Option("--teach-alias", help="With `infringing`: people call the work so, too.", metavar="NAME")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option("--from", help="An exported CSV or XLSX with the verdict (and reason) filled in.", metavar="FILE"),
    ] = None,
    encoding: Encoding = None,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Say what hits are: one, or all that an edited export judges. What is judged never comes back as new."""
    from desk.review.aliases import NameRegister
    from desk.review.judge import Lesson, NewVerdict, check_lesson, read_verdicts
    from desk.review.judge import record_verdicts as record

    ctx = command_context(config, quiet or json, now)
    if (file is None) == (hit_id is None or verdict is None):
        raise BadInput(Problem(file="hits judge", message=ctx.message("judge_what")))
    user = acting_user(by)
    new_verdicts: list[NewVerdict] = []
    with ctx.store() as store:
        if file is not None:
            new_verdicts = read_verdicts(
                file, store, user, ctx.now(), ctx.config.language, encoding=encoding, tell=ctx.tell
            )
        elif verdict is not None:
            hit = find_hit(ctx, store, hit_id or "")
            lesson = Lesson(seller=teach_seller, phrase=teach_phrase, alias=teach_alias)
            new_verdicts = [NewVerdict(hit=hit, verdict=verdict, reason=reason, by=user, at=ctx.now(), lesson=lesson)]
            check_lesson(new_verdicts[0], ctx.config.language, "hits judge")
            if teach_alias:
                register = NameRegister(store.works.all_works())
                register.check(teach_alias, hit.work_id, ctx.config.language, "hits judge")
        if not new_verdicts:
            raise NothingToDo(ctx.message("judged_none", file=file))
        rule_ids = record(store, new_verdicts)
        names = [rule for rule in store.reviews.all_rules() if rule.kind == ALIAS_RULE and rule.id in rule_ids]
    if json:
        print_json({"judged": len(new_verdicts), "rules": rule_ids})
        return
    ctx.say("judged", count=len(new_verdicts), rules=len(rule_ids))
    for rule in names:
        ctx.say(
            "alias_added",
            work=rule.work,
            name=rule.shown,
            number=rule.id,
            day=ctx.now().astimezone(ctx.config.zone).date(),
        )


def undo(
    hit_id: HitId,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Take the last judgement of a hit back, with what it taught; both stay in its history."""
    from desk.review.judge import undo_verdict as take_back

    ctx = command_context(config, quiet, now)
    with ctx.store() as store:
        hit = find_hit(ctx, store, hit_id)
        undone = take_back(store, hit, acting_user(by), ctx.now(), reason)
    if undone is None:
        raise NothingToDo(ctx.message("undo_none", id=hit.id[:8]))
    ctx.say("undone", id=hit.id[:8], verdict=undone.verdict.value, by=undone.by)


def rules(
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Withdrawn ones too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """What judgements taught, each with the number by which `unteach` takes it back."""
    from attrs import asdict
    from rich.table import Table

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        stored_rules = store.reviews.all_rules(withdrawn)
    if json:
        print_json([asdict(rule) for rule in stored_rules])
        return
    names = ("number", "rule", "work", "what", "reason", "by", "withdrawn")
    table = Table(*(ctx.message(f"column_{name}") for name in names))
    for rule in stored_rules:
        kind, what = ctx.message(f"rule_{rule.kind}"), f"{rule.shown or rule.value} {rule.platform}".strip()
        withdrawal = f"{rule.withdrawn_by} {ctx.local_day(rule.withdrawn_at)}" if rule.withdrawn_at else ""
        table.add_row(
            str(rule.id), kind, rule.work, what, rule.reason, f"{rule.by} {ctx.local_day(rule.at)}", withdrawal
        )
    ctx.console.print(table)


def unteach(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The rule's number, as `hits rules` shows it.")],
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Withdraw a rule; what it decided is decided again."""
    from desk.review.judge import withdraw_rule

    ctx = command_context(config, quiet, now)
    with ctx.store() as store:
        rule = withdraw_rule(store, number, acting_user(by), ctx.now())
    if rule is None:
        raise BadInput(Problem(file="rules", field="number", message=ctx.message("no_rule", number=number)))
    ctx.say("alias_withdrawn" if rule.kind == ALIAS_RULE else "untaught", number=number)
