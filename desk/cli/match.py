"""`swordnet match`: matches listings from a file with works. Nothing is crawled or stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from desk.cli._options import CommandContext, ConfigFile, Now, Quiet, command_context

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from crawler.items import Work
    from crawler.pictures import PictureInspector
    from desk.match_rows import MatchJob

# Objects created between two garbage collections: findings have no reference cycles, and collecting costs a tenth.
GC_THRESHOLD_OBJECTS = 50_000


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet match listings.jsonl --works works.csv -o matches.jsonl")(match)


def match(
    file: Annotated[str, typer.Argument(help="Listings as .jsonl or .csv; - is JSON Lines from standard input.")],
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
    config: ConfigFile = None,
    quiet: Quiet = False,
    now: Now = None,
) -> None:
    """Compare listings with works: which work, what makes it an infringement, and why."""
    import gc
    import sys
    import time
    from contextlib import ExitStack

    from desk.match_rows import MatchJob, read_offers
    from matchers.assessor import Assessor
    from matchers.catalogue import open_indexes
    from matchers.matcher import Context
    from screening.parallel import available_cores

    ctx = command_context(config, quiet, now)
    offers = read_offers(Path(file), ctx.config.language, sys.stdin if file == "-" else None)
    with ExitStack() as stack:
        has_pictures = any(offer.listing.pictures for offer in offers)
        registry, inspector = _load_works(
            ctx, works, _picture_folder(ctx, works, index, stack) if has_pictures else None
        )
        build_start = time.perf_counter()
        is_opened = index is not None and open_indexes(registry, index) == "opened"
        assessor = Assessor(registry)
        gc.freeze()  # works and index stay: the collector need not traverse millions of objects each time
        gc.set_threshold(GC_THRESHOLD_OBJECTS)
        build_end = time.perf_counter()
        job = MatchJob(
            assessor=assessor,
            offers=offers,
            context=Context(now=ctx.now(), language=ctx.config.language),
            folder=Path() if file == "-" else Path(file).parent,
            min_identity=min_identity,
            inspector=inspector,
        )
        out = stack.enter_context(output.open("w", encoding="utf-8", newline="\n")) if output else sys.stdout
        _write_matches(job, workers or available_cores(), quiet, out)
    if stats:
        _write_stats(
            stats, len(registry), len(offers), build_end - build_start, is_opened, time.perf_counter() - build_end
        )


def _write_matches(job: MatchJob, workers: int, quiet: bool, out: TextIO) -> None:
    """Assess every listing and write its rows in input order."""
    from rich.console import Console
    from rich.progress import Progress

    screen = Console(stderr=True)
    with Progress(console=screen, disable=quiet or not screen.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=len(job.offers))
        for rows, lines in job.run_batches(workers):
            out.write(lines)
            progress.advance(task, rows)


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
