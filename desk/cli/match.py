"""`swordnet match`: matches listings from a file with works, or draws decisions to check. Nothing is crawled, nothing
stored.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from attrs import frozen

from crawler.errors import BadInput, NothingToDo, Problem
from desk.cli._options import CommandContext, ConfigFile, Encoding, Json, Now, Quiet, command_context, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import ExitStack

    from crawler.items import Work
    from crawler.pictures import PictureInspector
    from desk.match_rows import MatchJob, UnreadPicture
    from desk.match_sheet import SampleDraw

    Writer = Callable[[CommandContext, MatchJob, Sequence[Work]], None]

MAX_SHOWN_PICTURES = 20  # that were not read, on standard error; the results name all


@frozen
class MatchOptions:
    """What `match` compares with (None: the works of the database) and how; `stats` is a file for counts and times,
    `workers` 0 means one for each core.
    """

    works: Path | None
    index: Path | None
    min_identity: float
    stats: Path | None
    workers: int
    encoding: str | None


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet match listings.jsonl --works works.csv -o matches.jsonl")(match)


def match(
    file: Annotated[
        str | None, typer.Argument(help="Listings as .jsonl or .csv; - is JSON Lines from standard input.")
    ] = None,
    works: Annotated[
        Path | None, typer.Option(help="Works as .csv, .xlsx or .jsonl; else those of the database.")
    ] = None,
    min_identity: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out works less surely identified.")
    ] = 0.0,
    stats: Annotated[Path | None, typer.Option(help="Write counts and times here, as JSON.")] = None,
    index: Annotated[
        Path | None,
        typer.Option(help="Keep the index of titles in this folder: opened next time, extended when works were added."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes to work with; 0 is one for each core.", metavar="N")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", help="Write here, else to standard output.", metavar="OUT")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Draw this many decisions to check, as a CSV to fill in.", metavar="N")
    ] = None,
    seed: Annotated[int, typer.Option(help="With --sample: another number draws others.")] = 1,
    sheet: Annotated[Path | None, typer.Option(help="Read a filled sheet: how many decisions are right.")] = None,
    encoding: Encoding = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Json = False,
    now: Now = None,
) -> None:
    """Compare listings with works: which work, what makes it an infringement, and why."""
    from functools import partial

    from desk.match_sheet import SampleDraw

    ctx = command_context(config, quiet or (json and output is not None), now)
    if (file is None) == (sheet is None):
        raise BadInput(Problem(file="match", message=ctx.message("match_what")))
    if sheet is not None:
        _print_sheet(ctx, sheet, encoding, json)
    elif file is not None:
        write: Writer = partial(_write_matches, output=output, as_json=json)
        if sample is not None:
            if output is None or output.suffix.lower() != ".csv":
                raise BadInput(Problem(file="-o", message=ctx.message("sample_output")))
            write = partial(_write_sample, output=output, draw=SampleDraw(count=sample, seed=seed), as_json=json)
        _match_file(ctx, file, MatchOptions(works, index, min_identity, stats, workers, encoding), write)


def _match_file(ctx: CommandContext, file: str, options: MatchOptions, write: Writer) -> None:
    """Match the listings of a file; `write` runs the job and writes what comes of it."""
    import sys
    import time
    from contextlib import ExitStack

    from desk.match_rows import MatchJob, read_offers
    from matchers.assessor import Assessor
    from matchers.matcher import Context
    from screening.parallel import available_cores, shared_index_folder, spare_collector

    source = sys.stdin if file == "-" else None
    offers = read_offers(Path(file), ctx.config.language, source, encoding=options.encoding, tell=ctx.tell_aside)
    with ExitStack() as stack:
        has_pictures = any(offer.listing.pictures for offer in offers)
        registry, inspector = _load_works(
            ctx,
            options.works,
            _picture_folder(ctx, options.works, options.index, stack) if has_pictures else None,
        )
        build_start = time.perf_counter()
        workers = MatchJob.worker_count(offers, len(registry), options.workers or available_cores())
        index_folder = stack.enter_context(shared_index_folder(options.index, workers))
        assessor = Assessor(registry, index_folder=index_folder)
        is_opened = assessor.index_origin == "opened"
        spare_collector()
        build_end = time.perf_counter()
        job = MatchJob(
            assessor=assessor,
            offers=offers,
            context=Context(now=ctx.now()),
            language=ctx.config.language,
            folder=Path() if file == "-" else Path(file).parent,
            min_identity=options.min_identity,
            inspector=inspector,
            workers=workers,
        )
        write(ctx, job, registry)
    if options.stats:
        _write_stats(
            options.stats,
            len(registry),
            len(offers),
            build_end - build_start,
            is_opened,
            time.perf_counter() - build_end,
        )


def _run_batches(ctx: CommandContext, job: MatchJob) -> Iterator[str]:
    """Assess every listing: the results of each batch as JSON Lines in input order, with a progress bar.

    What was not read of their pictures is said at the end, on standard error.
    """
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(stderr=True)
    unread: list[UnreadPicture] = []
    addresses = 0
    with Progress(console=screen, disable=ctx.quiet or not screen.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=len(job.offers))
        for batch in job.run_batches():
            yield batch.lines
            unread += batch.unread_pictures
            addresses += batch.addresses
            progress.advance(task, batch.rows)
    if not ctx.quiet:
        _print_unread(ctx, unread, addresses)


def _print_unread(ctx: CommandContext, unread: Sequence[UnreadPicture], addresses: int) -> None:
    for entry in unread[:MAX_SHOWN_PICTURES]:
        values = {"id": entry.id, "picture": entry.picture, "problem": entry.sentence}
        typer.echo(ctx.message("match_picture", **values), err=True)
    if len(unread) > MAX_SHOWN_PICTURES:
        typer.echo(ctx.message("match_more_pictures", count=len(unread) - MAX_SHOWN_PICTURES), err=True)
    if addresses:
        typer.echo(ctx.message("match_addresses", count=addresses), err=True)


def _write_matches(
    ctx: CommandContext, job: MatchJob, _: Sequence[Work], *, output: Path | None, as_json: bool
) -> None:
    """Write all results as JSON Lines; with `as_json` say how many listings were written to a file."""
    import sys
    from contextlib import nullcontext

    with output.open("w", encoding="utf-8", newline="\n") if output else nullcontext(sys.stdout) as out:
        for lines in _run_batches(ctx, job):
            out.write(lines)
    if as_json and output is not None:
        print_json({"output": str(output), "listings": len(job.offers)})


def _write_sample(
    ctx: CommandContext, job: MatchJob, registry: Sequence[Work], *, output: Path, draw: SampleDraw, as_json: bool
) -> None:
    """Write the sheet with the decisions drawn, and tell how many there are of each kind."""
    from json import loads

    from desk.export.atomic_write import open_atomic
    from desk.match_sheet import write_sheet

    for lines in _run_batches(ctx, job):
        draw.add(loads(line) for line in lines.splitlines())
    rows, drawn_counts = draw.draw()
    with open_atomic(output, ctx.config.language) as file:
        write_sheet(file, rows, job.offers, registry, ctx.config.language)
    counts = {"count": len(rows), "total": len(job.offers), **drawn_counts}
    ctx.say("sheet_written", file=output, **counts)
    if as_json:
        print_json({"output": str(output), **counts})


def _print_sheet(ctx: CommandContext, sheet: Path, encoding: str | None, as_json: bool) -> None:
    """Print what a filled sheet says. Raises NothingToDo if it has no answer."""
    from desk.match_sheet import measure_sheet, read_sheet, sheet_json, sheet_lines

    rows = read_sheet(sheet, ctx.config.language, encoding=encoding, tell=ctx.tell_aside)
    figures = measure_sheet(rows)
    if figures[0].waiting == len(rows):
        raise NothingToDo(ctx.message("sheet_empty", file=sheet))
    if as_json:
        print_json(sheet_json(figures))
        return
    for line in sheet_lines(figures, ctx.config.language):
        typer.echo(line)


def _picture_folder(ctx: CommandContext, works: Path | None, index: Path | None, stack: ExitStack) -> Path:
    """The folder for registered pictures: beside the title index, the configured one for works of the database, or a
    temporary one.
    """
    from tempfile import TemporaryDirectory

    if index is not None:
        return index.parent / f"{index.name}-looks"
    if works is None:
        return Path(ctx.config.pictures.index)
    return Path(stack.enter_context(TemporaryDirectory(prefix="swordnet-looks-")))


def _load_works(
    ctx: CommandContext, path: Path | None, picture_folder: Path | None
) -> tuple[Sequence[Work], PictureInspector]:
    """The works, and the inspector that compares pictures with theirs (if a folder for that is given)."""
    from attrs import evolve

    from crawler.pictures import PlainInspector
    from registry.work_pictures import inspect_one_by_one
    from registry.works_reader import read_works
    from screening.picture_screening import extract_missing_descriptors, index_pictures, picture_reader

    config = ctx.config
    if picture_folder is not None:
        config = evolve(config, pictures=evolve(config.pictures, index=str(picture_folder)))
    if path is not None:
        works: Sequence[Work] = read_works(
            path, config.language, picture_reader(config.pictures) if picture_folder else inspect_one_by_one
        )
    else:
        with ctx.store() as store:
            works = store.works.registered_works()
        if picture_folder is not None:
            extract_missing_descriptors(works, config)
    return works, index_pictures(works, config.pictures) if picture_folder is not None else PlainInspector()


def _write_stats(path: Path, works: int, rows: int, index_s: float, is_opened: bool, match_s: float) -> None:
    """Write the statistics as JSON. The time until all matchers are ready counts as opening if the title index was on
    disk, else as building.
    """
    import json
    import resource

    figures: dict[str, Any] = {
        "works": works,
        "rows": rows,
        "index_build_s": 0.0 if is_opened else round(index_s, 3),
        "index_open_s": round(index_s, 3) if is_opened else 0.0,
        "match_s": round(match_s, 3),
        "rows_per_s": round(rows / match_s, 1) if match_s > 0 else None,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
