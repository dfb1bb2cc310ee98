"""`swordnet demo`: a complete small night from bundled fixtures; no network is used."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, Problem, UnhealthyRun
from crawler.messages import LANGUAGES, render_message
from desk.cli._options import Quiet, command_context
from desk.cli._works_lists import keep_pictures, register_pictures
from desk.cli.crawl import unit_printer

DEMO_TIME = "2026-11-22T01:00:00+00:00"  # the demo's own time: licences begin and end around it
DEMO_SETTINGS = """# The demo night. Everything is answered from the fixtures; nothing leaves this machine.
language = "{language}"
"""
CLUSTER_SETTINGS = """[cluster]
hand_out = true
"""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet demo --language zh")(demo)


def demo(
    folder: Annotated[Path, typer.Option("--into", help="Where the results go.", metavar="DIR")] = Path("demo-night"),
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    workers: Annotated[
        int, typer.Option(help="Let so many workers of this machine do it, on PostgreSQL.", min=0, max=16)
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Import works, crawl three channels, show the hits, write hits.csv and report.html.

    With --workers this tries the machines' own way of working: PostgreSQL (SWORDNET_DATABASE), a queue, processes.
    """
    from crawler.store import HitQuery
    from desk import crawling
    from desk.export.formats import export_hits
    from desk.export.rows import export_rows
    from desk.hit_table import print_hits, shown_hits
    from desk.nightly.html_report import write_report
    from desk.nightly.local_workers import local_workers
    from desk.nightly.report import report_data
    from registry.works_reader import read_works
    from screening.picture_screening import picture_reader

    if language not in LANGUAGES:
        raise BadInput(Problem(file="--language", message=", ".join(LANGUAGES)))
    settings = _prepare_folder(folder, language, workers > 0)
    ctx = command_context(settings, quiet, DEMO_TIME)
    fixtures = Path(str(resources.files("fixtures")))
    archive = fixtures / "night"
    works = read_works(fixtures / "works" / "demo" / "works.jsonl", inspector=picture_reader(ctx.config.pictures))
    with ctx.new_store() as store:
        keep_pictures(works, ctx)
        counts = store.works.import_works(works, ctx.now())
        register_pictures(works, ctx)
    ctx.say(
        "works_imported", file="works.jsonl", added=counts.added, changed=counts.changed, unchanged=counts.unchanged
    )
    plan = crawling.plan_demo(works, ctx.config, archive)
    with local_workers(
        workers, ("--config", str(settings), "--replay", str(archive), "--now", DEMO_TIME), ctx.config
    ) as check_workers:
        watch_workers = check_workers if workers else None
        result = crawling.crawl(
            ctx.config, plan, now=ctx.now, replay=archive, progress=unit_printer(ctx), watch_workers=watch_workers
        )
    with ctx.store() as store:
        hits = list(store.hits.find_hits(HitQuery(run=result.run)))
        print_hits(ctx.console, store, shown_hits(hits), ctx.config.language)
        export_hits(folder / "hits.csv", export_rows(store, HitQuery(run=result.run), ctx.config.language))
        write_report(folder / "report.html", report_data(store, result, ctx.config))
    ctx.say("demo_done", csv=(folder / "hits.csv").resolve(), report=(folder / "report.html").resolve())
    if result.complaints:
        raise UnhealthyRun("\n".join(result.complaints.values()))


def _prepare_folder(folder: Path, language: str, has_workers: bool) -> Path:
    """Prepare the demo folder and return its settings file; only files of an earlier demo are replaced."""
    settings = folder / "swordnet.toml"
    if folder.exists() and any(folder.iterdir()) and not settings.exists():
        raise BadInput(Problem(file=str(folder), message=render_message("desk.cli", "no_demo_folder", language)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("swordnet.db", "swordnet.db-wal", "swordnet.db-shm", "hits.csv", "report.html"):
            (folder / name).unlink(missing_ok=True)
        settings.write_text(
            DEMO_SETTINGS.format(language=language) + (CLUSTER_SETTINGS if has_workers else ""), encoding="utf-8"
        )
    except OSError as error:
        raise BadInput(Problem(file=str(folder), message=error.strerror or str(error))) from None
    return settings
