"""`swordnet hits judge`, `undo`, `rules`, `unteach`: what people say of hits, and what it taught."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Verdict
from desk.cli._hit import one
from desk.cli._options import ConfigFile, Json, Now, Quiet, at_desk, print_json
from desk.cli._people import By, person

HitId = Annotated[str, typer.Argument(metavar="ID", help="The hit's id, or its beginning.")]


def add(hits: typer.Typer) -> None:
    """Register the commands."""
    hits.command("judge", epilog="Example: swordnet hits judge 3f2a9c not --reason 'our own shop' --teach-seller")(
        judge
    )
    hits.command("undo", epilog="Example: swordnet hits undo 3f2a9c")(undo)
    hits.command("rules", epilog="Example: swordnet hits rules")(rules)
    hits.command("unteach", epilog="Example: swordnet hits unteach 12")(unteach)


def judge(
    hit_id: Annotated[str | None, typer.Argument(metavar="ID", help="The hit's id, or its beginning.")] = None,
    verdict: Annotated[Verdict | None, typer.Argument(help="What it is.")] = None,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    teach_seller: Annotated[
        bool, typer.Option("--teach-seller", help="With `not`: nor is anything else of this work by this seller.")
    ] = False,
    teach_phrase: Annotated[
        str, typer.Option("--teach-phrase", help="With `not`: nor is this work beside these words.", metavar="WORDS")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option("--from", help="An exported CSV or XLSX with the verdict (and reason) filled in.", metavar="FILE"),
    ] = None,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Say what hits are: one, or all that an edited export judges. What is judged never comes back as new."""
    from desk.judging import Lesson, Said, checked_lesson
    from desk.judging import judge as keep
    from desk.verdicts import read_verdicts

    desk = at_desk(config, quiet or json, now)
    if (file is None) == (hit_id is None or verdict is None):
        raise BadInput(Problem(file="hits judge", message=desk.word("judge_what")))
    who = person(by)
    said: list[Said] = []
    with desk.store() as store:
        if file is not None:
            said = read_verdicts(file, store, who, desk.now(), desk.config.language)
        elif verdict is not None:
            hit = one(desk, store.hits.get(hit_id or ""), hit_id or "")
            lesson = Lesson(seller=teach_seller, phrase=teach_phrase)
            said = [Said(hit=hit, verdict=verdict, reason=reason, by=who, at=desk.now(), lesson=lesson)]
            checked_lesson(said[0], desk.config.language, "hits judge")
        if not said:
            raise NothingToDo(desk.word("judged_none", file=file))
        taught = keep(store, said, desk.config.language)
    if json:
        print_json({"judged": len(said), "rules": taught})
    else:
        desk.say("judged", count=len(said), rules=len(taught))


def undo(
    hit_id: HitId,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Take the last judgement of a hit back, with what it taught; both stay in its history."""
    from desk.judging import undo as take_back

    desk = at_desk(config, quiet, now)
    with desk.store() as store:
        hit = one(desk, store.hits.get(hit_id), hit_id)
        taken = take_back(store, hit, person(by), desk.now(), desk.config.language, reason)
    if taken is None:
        raise NothingToDo(desk.word("undo_none", id=hit.id[:8]))
    desk.say("undone", id=hit.id[:8], verdict=taken.verdict.value, by=taken.by)


def rules(
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Withdrawn ones too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """What judgements taught, each with the number by which `unteach` takes it back."""
    from attrs import asdict
    from rich.table import Table

    desk = at_desk(config, quiet)
    with desk.store() as store:
        found = store.rules.all(withdrawn)
    if json:
        print_json([asdict(each) for each in found])
        return
    names = ("number", "rule", "work", "what", "reason", "by", "withdrawn")
    table = Table(*(desk.word(f"column_{name}") for name in names))
    for each in found:
        kind, what = desk.word(f"rule_{each.kind}"), f"{each.shown or each.value} {each.platform}".strip()
        gone = f"{each.withdrawn_by} {each.withdrawn_at:%Y-%m-%d}" if each.withdrawn_at else ""
        table.add_row(str(each.id), kind, each.work, what, each.reason, f"{each.by} {each.at:%Y-%m-%d}", gone)
    desk.console.print(table)


def unteach(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The rule's number, as `hits rules` shows it.")],
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Withdraw a rule; what it decided is decided again."""
    from desk.judging import withdraw

    desk = at_desk(config, quiet, now)
    with desk.store() as store:
        if not withdraw(store, number, person(by), desk.now(), desk.config.language):
            raise BadInput(Problem(file="rules", field="number", message=desk.word("no_rule", number=number)))
    desk.say("untaught", number=number)
