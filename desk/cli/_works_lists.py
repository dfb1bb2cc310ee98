"""`swordnet works import`, `export`, `edit`, `delete`: works in, as a trial or for good, out, changed and removed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from attrs import asdict

from crawler.blobs import open_blobs
from crawler.errors import BadInput, DatabaseMissing, NothingToDo, Problem
from crawler.items import Work
from crawler.pictures import problem_sentence
from crawler.store import Store, WorkErasureCounts
from desk.cli._options import CommandContext, ConfigFile, Encoding, Json, Quiet, command_context, print_json

if TYPE_CHECKING:
    from desk.export.work_lists import FieldChange
    from registry.works_reader import WorkList

T = TypeVar("T")
MAX_NAMED_WORKS = 5  # titles named before a deletion


def add(works: typer.Typer) -> None:
    """Register the commands."""
    works.command("import", epilog="Example: swordnet works import works.xlsx --dry-run")(import_works)
    works.command("export", epilog="Example: swordnet works export works.xlsx")(export)
    works.command("edit", epilog="Example: swordnet works edit W-001 --list-price 48 --creators '林一舟|赵夏'")(edit)
    works.command("delete", epilog="Example: swordnet works delete W-001 W-002 --dry-run")(delete)


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
        inspector=lambda paths: _show_progress(ctx, picture_reader(ctx.config.pictures)(paths), len(paths)),
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


def _show_progress(ctx: CommandContext, pictures: Iterable[T], count: int) -> Iterator[T]:
    """The pictures of a list as they are read: under a bar on a terminal, elsewhere with a line a minute."""
    from desk.nightly.progress import count_progress

    def tell_count(done: int) -> None:
        ctx.tell_aside(ctx.message("pictures_read", done=done, count=count))

    return count_progress(pictures, count, ctx.console, tell_count, ctx.quiet)


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
    """Index the pictures of all works for comparison with those of listings; print which show nothing, or not all."""
    from screening.picture_screening import extract_missing_descriptors, featureless_pictures, index_pictures

    works = list(works)
    extract_missing_descriptors(works, ctx.config)
    index_pictures(works, ctx.config.pictures)
    for work, picture in featureless_pictures(works, ctx.config.pictures):
        ctx.say("picture_weak", work=work.id, picture=Path(picture.url).name)
    for partly_read in works:
        for picture in filter(lambda entry: entry.problem, partly_read.images):
            sentence = problem_sentence(picture.problem, picture.problem_values, ctx.config.language)
            ctx.say("picture_partly", work=partly_read.id, picture=Path(picture.url).name, problem=sentence)


def _field_option(name: str, example: str) -> typer.models.OptionInfo:
    text = f"As in a list of works: {example}"
    option: typer.models.OptionInfo = typer.Option(f"--{name}", help=text, metavar="TEXT")
    return option


def edit(
    work_id: Annotated[str, typer.Argument(metavar="ID", help="The work's id.")],
    title: Annotated[str | None, _field_option("title", "the title.")] = None,
    aliases: Annotated[str | None, _field_option("aliases", "a|b.")] = None,
    kind: Annotated[str | None, _field_option("kind", "book, course, film, 软件 ...")] = None,
    creators: Annotated[str | None, _field_option("creators", "a|b.")] = None,
    publisher: Annotated[str | None, _field_option("publisher", "a name.")] = None,
    owner: Annotated[str | None, _field_option("owner", "the rights holder.")] = None,
    year: Annotated[str | None, _field_option("year", "2026.")] = None,
    identifiers: Annotated[str | None, _field_option("identifiers", "isbn:978...|doi:10...; all.")] = None,
    isbn: Annotated[str | None, _field_option("isbn", "those of this scheme.")] = None,
    isrc: Annotated[str | None, _field_option("isrc", "those of this scheme.")] = None,
    eidr: Annotated[str | None, _field_option("eidr", "those of this scheme.")] = None,
    package: Annotated[str | None, _field_option("package", "those of this scheme.")] = None,
    bundle: Annotated[str | None, _field_option("bundle", "those of this scheme.")] = None,
    images: Annotated[str | None, _field_option("images", "paths or addresses, a|b.")] = None,
    list_price: Annotated[str | None, _field_option("list-price", "39.80.")] = None,
    currency: Annotated[str | None, _field_option("currency", "CNY.")] = None,
    licences: Annotated[str | None, _field_option("licences", "platform=kongfz;seller=X|...")] = None,
    released_on: Annotated[str | None, _field_option("released-on", "2026-01-31.")] = None,
    priority: Annotated[str | None, _field_option("priority", "a whole number.")] = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Change fields of a registered work; "" empties one, what is not named stays."""
    named = {"title": title, "aliases": aliases, "kind": kind, "creators": creators, "publisher": publisher}
    named |= {"owner": owner, "year": year, "identifiers": identifiers, "isbn": isbn, "isrc": isrc, "eidr": eidr}
    named |= {"package": package, "bundle": bundle, "images": images, "list_price": list_price}
    named |= {"currency": currency, "licences": licences, "released_on": released_on, "priority": priority}
    cells = {name: text for name, text in named.items() if text is not None}
    ctx = command_context(config, quiet or json)
    if not cells:
        raise BadInput(Problem(file="works edit", message=ctx.message("edit_what")))
    with ctx.store() as store:
        _edit_work(ctx, store, work_id, cells, json)


def _edit_work(ctx: CommandContext, store: Store, work_id: str, cells: dict[str, str], as_json: bool) -> None:
    from desk.export.work_lists import find_changes
    from registry.works_reader import ReadOptions, read_work_row
    from screening.picture_screening import picture_reader

    old = store.works.imported_works([work_id]).get(work_id)
    if old is None:
        raise BadInput(Problem(file="works", field="id", message=ctx.message("no_work", id=work_id)))
    options = ReadOptions(
        language=ctx.config.language,
        inspector=picture_reader(ctx.config.pictures),
        lookup=lambda _: {work_id: old},
        tell=ctx.tell,
    )
    new = read_work_row({"id": work_id, **cells}, Path.cwd(), options)
    changes = [change for change in find_changes(old, new) if change.name in cells or change.name != "retired"]
    if not changes:
        raise NothingToDo(ctx.message("edit_nothing", work=work_id))
    keep_pictures([new], ctx)
    store.works.import_works([new], ctx.now())
    if "images" in cells:
        register_pictures(store.works.registered_works(), ctx)
    if as_json:
        print_json({"work": work_id, "changes": [asdict(change) for change in changes]})
    else:
        ctx.say("work_edited", work=work_id)
        print_changes(ctx, changes)


def delete(
    work_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The works' ids.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")] = False,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Remove works with their hits, judgements, rules and kept bytes for good; `works retire` keeps them."""
    ctx = command_context(config, quiet or json)
    with ctx.store() as store:
        works = store.works.imported_works(work_ids)
        unknown = [work_id for work_id in dict.fromkeys(work_ids) if work_id not in works]
        if unknown:
            message = ctx.message("no_work", id=", ".join(unknown))
            raise BadInput(Problem(file="works", field="id", message=message))
        expected = store.admin.delete_works(list(works), dry_run=True)
        titles = ", ".join(work.title for work in list(works.values())[:MAX_NAMED_WORKS])
        if len(works) > MAX_NAMED_WORKS:
            titles += ", …"
        if dry_run:
            _print_counts(
                ctx, "delete_would", expected, _remove_files(ctx, store, expected, dry_run=True), json, titles
            )
            return
        if not yes:
            _confirm(ctx, expected, titles)
        removed = store.admin.delete_works(list(works))
        files = _remove_files(ctx, store, removed)
    _print_counts(ctx, "works_deleted", removed, files, json, titles)


def _confirm(ctx: CommandContext, expected: WorkErasureCounts, titles: str) -> None:
    """Ask on a terminal. Raises BadInput where nobody can answer, and Abort if the answer is no."""
    counts = asdict(expected, filter=lambda field, _: field.name != "evidence")
    typer.echo(ctx.message("delete_would", titles=titles, files=len(expected.evidence), **counts), err=True)
    if not sys.stdin.isatty():
        raise BadInput(Problem(file="works delete", message=ctx.message("delete_yes")))
    typer.confirm(ctx.message("delete_confirm"), abort=True, err=True)


def _remove_files(ctx: CommandContext, store: Store, removed: WorkErasureCounts, dry_run: bool = False) -> list[str]:
    """The digests of the bytes that nothing else needs; they are removed unless it is a trial."""
    works = store.works.all_works(include_retired=True)
    registered = {picture.sha256 for work in works for picture in work.images}
    blobs = open_blobs(ctx.config.store)
    digests = [digest for digest in removed.evidence if digest not in registered]
    return [digest for digest in digests if (blobs.get(digest) is not None if dry_run else blobs.remove(digest))]


def _print_counts(
    ctx: CommandContext, key: str, removed: WorkErasureCounts, files: list[str], as_json: bool, titles: str
) -> None:
    counts = asdict(removed, filter=lambda field, _: field.name != "evidence")
    if as_json:
        print_json({**counts, "files": len(files)})
    else:
        ctx.say(key, titles=titles, files=len(files), **counts)
