"""`swordnet works import` and `works export`: lists of works in, as a trial or for good, and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import asdict

from crawler.blobs import open_blobs
from crawler.errors import BadInput, DatabaseMissing, NothingToDo
from crawler.items import Work
from crawler.store import Store
from desk.cli._options import CommandContext, ConfigFile, Encoding, Json, Quiet, command_context, print_json

if TYPE_CHECKING:
    from desk.export.work_lists import FieldChange
    from registry.works_reader import WorkList


def add(works: typer.Typer) -> None:
    """Register the commands."""
    works.command("import", epilog="Example: swordnet works import works.xlsx --dry-run")(import_works)
    works.command("export", epilog="Example: swordnet works export works.xlsx")(export)


def import_works(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, XLS, ODS or JSONL; see docs/works.md for the columns.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be new, changed and refused; import nothing.")
    ] = False,
    sheet: Annotated[
        str | None,
        typer.Option("--sheet", help="The sheet of a workbook; else what looks like a list.", metavar="NAME"),
    ] = None,
    encoding: Encoding = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Take works over from a file; the same file twice changes nothing, and one that was stopped goes on."""
    from registry.works_reader import ReadOptions, read_work_list
    from screening.picture_screening import picture_reader

    ctx = command_context(config, quiet or json)
    notes: list[str] = []
    options = ReadOptions(
        language=ctx.config.language,
        inspector=picture_reader(ctx.config.pictures),
        lookup=lambda ids: registered_works(ctx, ids),
        encoding=encoding,
        sheet=sheet,
        tell=notes.append,
    )
    work_list = read_work_list(file, options)
    for note in notes:
        ctx.tell(note)
    if dry_run:
        _print_trial(ctx, file, work_list, notes, json)
        return
    if work_list.problems:
        raise BadInput(work_list.problems)
    with ctx.new_store() as store:
        keep_pictures(work_list.works, ctx)
        counts = store.works.import_works(work_list.works, ctx.now())
        register_pictures(store.works.registered_works(), ctx)
    numbers = {"added": counts.added, "changed": counts.changed, "unchanged": counts.unchanged}
    if json:
        print_json(numbers | {"notes": notes})
    else:
        ctx.say("works_imported", file=file, **numbers)


def _print_trial(ctx: CommandContext, file: Path, work_list: WorkList, notes: Sequence[str], as_json: bool) -> None:
    """What an import would do, work by work; ends with the exit code of wrong input if rows are refused."""
    from desk.export.work_lists import find_changes

    new = [work for work in work_list.works if work.id not in work_list.registered]
    changes = {
        work.id: found
        for work in work_list.works
        if work.id in work_list.registered and (found := find_changes(work_list.registered[work.id], work))
    }
    problems = work_list.problems
    counts = {"added": len(new), "changed": len(changes), "refused": len(problems)}
    counts["unchanged"] = len(work_list.works) - len(new) - len(changes)
    if as_json:
        refused = [asdict(problem) for problem in problems]
        listed = {work_id: [asdict(change) for change in found] for work_id, found in changes.items()}
        print_json({**counts, "new": [work.id for work in new], "changes": listed, "problems": refused, "notes": notes})
    else:
        for work in new:
            ctx.say("trial_new", work=work.id, title=work.title)
        for work_id, found in changes.items():
            ctx.say("trial_changed", work=work_id, title=work_list.registered[work_id].title)
            print_changes(ctx, found)
        ctx.say("trial_counts", file=file, **counts)
    if problems:
        raise BadInput(problems)


def print_changes(ctx: CommandContext, changes: Iterable[FieldChange]) -> None:
    """The changed fields of a work, one a line, from old to new."""
    empty = ctx.message("empty_value")
    for change in changes:
        ctx.say("field_changed", field=change.name, old=change.old or empty, new=change.new or empty)


def export(
    file: Annotated[Path, typer.Argument(help="Where to, by suffix .csv, .xlsx or .jsonl.")],
    retired: Annotated[bool, typer.Option("--retired", help="Retired works too.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Write the works to a file that `works import` reads back; names that people taught are not among them."""
    from desk.export.work_lists import export_works

    ctx = command_context(config, quiet)
    with ctx.store() as store:
        works = [work for work in store.works.imported_works().values() if retired or work.retired_at is None]
    if not works:
        raise NothingToDo(ctx.message("works_none"))
    ctx.say("works_exported", count=export_works(file, works, ctx.config.language), file=file)


def registered_works(ctx: CommandContext, ids: Iterable[str] | None) -> Mapping[str, Work]:
    """The registered works of these ids as they were imported (None: all); none where there is no database yet."""
    try:
        with Store.open(ctx.config.store.url, create=False) as store:
            return store.works.imported_works(ids)
    except DatabaseMissing:
        return {}


def keep_pictures(works: Iterable[Work], ctx: CommandContext) -> None:
    """Store the bytes of local pictures, so that reports can show them after the list of works was moved."""
    blobs = open_blobs(ctx.config.store)
    for path in {picture.url for work in works for picture in work.images if picture.sha256}:
        if Path(path).is_file():  # a picture that was imported before may be gone since
            blobs.put(Path(path).read_bytes())


def register_pictures(works: Iterable[Work], ctx: CommandContext) -> None:
    """Index the pictures of all works for comparison with those of listings; print which show nothing."""
    from screening.picture_screening import extract_missing_descriptors, featureless_pictures, index_pictures

    works = list(works)
    extract_missing_descriptors(works, ctx.config)
    index_pictures(works, ctx.config.pictures)
    for work, picture in featureless_pictures(works, ctx.config.pictures):
        ctx.say("picture_weak", work=work.id, picture=Path(picture.url).name)
