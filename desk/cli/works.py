"""`swordnet works`: the registry of protected works."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict
from rich.table import Table

from crawler.blobs import blobs_of
from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Work
from desk.cli._options import ConfigFile, Desk, Json, Now, Quiet, at_desk, print_json
from desk.cli._people import By, person

WorkId = Annotated[str, typer.Argument(metavar="ID", help="The work's id.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    works = typer.Typer(no_args_is_help=True, help="The registry of protected works.")
    works.command("import", epilog="Example: swordnet works import works.csv")(import_works)
    works.command("list", epilog="Example: swordnet works list --json")(list_works)
    works.command("show", epilog="Example: swordnet works show W-001")(show)
    works.command("retire", epilog="Example: swordnet works retire W-001")(retire)
    works.command("release", epilog="Example: swordnet works release W-001")(release)
    works.command("official", epilog="Example: swordnet works official 'Pellbrook Press' --seller 'Pellbrook Direct'")(
        official
    )
    works.command("check", epilog="Example: swordnet works check")(check)
    app.add_typer(works, name="works")


def import_works(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSONL; see docs/works.md for the columns.")],
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Take works over from a file; the same file twice changes nothing, and one that was stopped goes on."""
    from desk.looking import reader
    from registry.reading import read_works

    desk = at_desk(config, quiet or json)
    works = read_works(file, desk.config.language, reader(desk.config.pictures))
    with desk.store() as store:
        keep_pictures(works, desk)
        done = store.works.upsert(works, desk.now())
        register_pictures(store.registry(), desk)
    if json:
        print_json({"added": done.added, "changed": done.changed, "unchanged": done.unchanged})
    else:
        desk.say("works_imported", file=file, added=done.added, changed=done.changed, unchanged=done.unchanged)


def keep_pictures(works: Iterable[Work], desk: Desk) -> None:
    """Keep the bytes of local pictures, so that reports show them wherever the list of works goes."""
    blobs = blobs_of(desk.config.store)
    for place in {picture.url for work in works for picture in work.images if picture.sha256}:
        blobs.put(Path(place).read_bytes())


def register_pictures(works: Iterable[Work], desk: Desk) -> None:
    """Put the pictures of all works where those of listings are compared with them; tell which show nothing."""
    from desk.looking import index, sketch_rest, weak

    works = list(works)
    sketch_rest(works, desk.config)
    index(works, desk.config.pictures)
    for work, picture in weak(works, desk.config.pictures):
        desk.say("picture_weak", work=work.id, picture=Path(picture.url).name)


def list_works(
    retired: Annotated[bool, typer.Option("--retired", help="Retired works too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """All works."""
    from crawler.store.values import plain

    desk = at_desk(config, quiet)
    with desk.store() as store:
        works = list(store.works.all(retired=retired))
    if json:
        print_json([plain(work) for work in works])
        return
    table = Table("id", "kind", "title", "creators", "identifiers", "retired")
    for work in works:
        identifiers = " ".join(f"{scheme}:{value}" for scheme, values in work.identifiers.items() for value in values)
        table.add_row(work.id, work.kind, work.title, ", ".join(work.creators), identifiers, str(work.retired_at or ""))
    desk.console.print(table)


def show(work_id: WorkId, config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Everything that is known about one work, as JSON."""
    from crawler.store.values import plain
    from desk.settling import alarms

    desk = at_desk(config, quiet)
    with desk.store() as store:
        work = store.works.get(work_id)
        if work is None:
            raise BadInput(Problem(file="works", field="id", message=desk.word("no_work", id=work_id)))
        alarm, held = alarms(store).get(work_id), store.trust.quarantined().get(work_id)
    judged = {"infringing": alarm.infringing, "not": alarm.innocent, "false_alarms": alarm.rate} if alarm else None
    print_json(plain(work) | {"judged": judged, "held": held})


def release(
    work_id: WorkId,
    by: By = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Let a work out of quarantine; its hits are decided again, and it is not held again by itself."""
    from pipelines._knowing import context_of
    from pipelines._redeciding import redecide

    desk = at_desk(config, quiet, now)
    with desk.store() as store:
        if work_id not in store.trust.quarantined():
            raise NothingToDo(desk.word("not_held", work=work_id))
        store.trust.hold(work_id, False, "", person(by), desk.now())
        changed = redecide(store, [work_id], context_of(store, desk.now(), desk.config.language))
    desk.say("work_released", work=work_id, changed=changed)


def official(
    owner: Annotated[str | None, typer.Argument(metavar="OWNER", help="Owner (or publisher) of the works.")] = None,
    platform: Annotated[str | None, typer.Option("--platform", help="A platform's name or host; else all.")] = None,
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
    from desk.officials import changed_by, licence_of

    desk = at_desk(config, quiet or json, now)
    with desk.store() as store:
        if owner is not None:
            licence = licence_of(desk.config.language, platform=platform, seller=seller, since=since, until=until)
            store.trust.add_official(owner, licence, desk.now())
            desk.say("official_changed", changed=changed_by(store, owner, desk.now(), desk.config.language))
        elif remove is not None:
            gone = store.trust.withdraw_official(remove, desk.now())
            if gone is None:
                raise BadInput(Problem(file="--remove", message=desk.word("no_official", number=remove)))
            desk.say("official_changed", changed=changed_by(store, gone, desk.now(), desk.config.language))
        found = store.trust.official()
    if json:
        print_json([{"number": each.id, "owner": each.owner, **asdict(each.licence)} for each in found])
        return
    for each in found:
        terms = "; ".join(f"{name}={value}" for name, value in asdict(each.licence).items() if value)
        typer.echo(f"{each.id}  {each.owner}: {terms}")


def retire(work_id: WorkId, config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Stop asking for a work; its hits stay."""
    desk = at_desk(config, quiet)
    with desk.store() as store:
        if not store.works.retire(work_id, desk.now()):
            raise BadInput(Problem(file="works", field="id", message=desk.word("no_work", id=work_id)))
    desk.say("works_retired", work=work_id)


def check(config: ConfigFile = None, quiet: Quiet = False, json: Json = False) -> None:
    """Works whose titles or pictures cannot identify them, and doubles."""
    from desk.looking import designs
    from registry.checks import check_works

    desk = at_desk(config, quiet)
    with desk.store() as store:
        works = list(store.works.all())
    if not works:
        raise NothingToDo(desk.word("works_none"))
    found = list(check_works(works, desk.config.language, designs(works, desk.config.pictures)))
    if json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        typer.echo(f"{each.work_id}: {each.message}")
    desk.say("works_checked", works=len(works), found=len(found))
