"""`swordnet works`: the registry of protected works."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict
from rich.table import Table

from crawler.blobs import Blobs
from crawler.errors import BadInput, NothingToDo, Problem
from crawler.items import Work
from desk.cli._options import ConfigFile, Desk, Json, Quiet, at_desk, print_json

WorkId = Annotated[str, typer.Argument(metavar="ID", help="The work's id.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    works = typer.Typer(no_args_is_help=True, help="The registry of protected works.")
    works.command("import", epilog="Example: swordnet works import works.csv")(import_works)
    works.command("list", epilog="Example: swordnet works list --json")(list_works)
    works.command("show", epilog="Example: swordnet works show W-001")(show)
    works.command("retire", epilog="Example: swordnet works retire W-001")(retire)
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
    blobs = Blobs(Path(desk.config.store.blobs))
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

    desk = at_desk(config, quiet)
    with desk.store() as store:
        work = store.works.get(work_id)
    if work is None:
        raise BadInput(Problem(file="works", field="id", message=desk.word("no_work", id=work_id)))
    print_json(plain(work))


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
