"""`swordnet works edit` and `works delete`: change fields of one registered work, remove works with their hits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict

from crawler.blobs import open_blobs
from crawler.errors import BadInput, NothingToDo, Problem
from crawler.store import Store, WorkErasureCounts
from desk.cli._options import CommandContext, ConfigFile, Json, Quiet, command_context, print_json
from desk.cli._works_lists import keep_pictures, print_changes, register_pictures

MAX_NAMED_WORKS = 5  # titles named before a deletion


def add(works: typer.Typer) -> None:
    """Register the commands."""
    works.command("edit", epilog="Example: swordnet works edit W-001 --list-price 48 --creators '林一舟|赵夏'")(edit)
    works.command("delete", epilog="Example: swordnet works delete W-001 W-002 --dry-run")(delete)


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
