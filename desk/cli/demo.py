"""`swordnet demo`: the whole job on a small night that comes with the program; no network is used."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.errors import BadInput, Problem, UnhealthyRun
from crawler.messages import LANGUAGES, say
from desk.cli._options import Quiet, at_desk
from desk.cli.crawl import _progress
from desk.cli.works import keep_pictures, register_pictures

NIGHT = "2026-11-22T01:00:00+00:00"  # the demo's own time: licences begin and end around it
SETTINGS = """# The demo night. Everything is answered from the fixtures; nothing leaves this machine.
language = "{language}"
"""
APART = """[cluster]
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
    from crawler.store import Filter
    from desk import crawling
    from desk.crew import crew
    from desk.export import export_hits
    from desk.hitlist import SHOWN, by_harm, hit_table, rows
    from desk.looking import reader
    from desk.nightreport import report_data
    from desk.report import write_report
    from registry.reading import read_works

    if language not in LANGUAGES:
        raise BadInput(Problem(file="--language", message=", ".join(LANGUAGES)))
    settings = _fresh(folder, language, workers > 0)
    desk = at_desk(settings, quiet, NIGHT)
    fixtures = Path(str(resources.files("fixtures")))
    night = fixtures / "night"
    works = read_works(fixtures / "works" / "demo" / "works.jsonl", look=reader(desk.config.pictures))
    with desk.store() as store:
        keep_pictures(works, desk)
        done = store.works.upsert(works, desk.now())
        register_pictures(works, desk)
    desk.say("works_imported", file="works.jsonl", added=done.added, changed=done.changed, unchanged=done.unchanged)
    plan = crawling.demo_plan(works, desk.config, night)
    with crew(workers, ("--config", str(settings), "--replay", str(night), "--now", NIGHT), desk.config) as look:
        apart = look if workers else None
        ran = crawling.crawl(desk.config, plan, now=desk.now, replay=night, progress=_progress(desk), apart=apart)
    with desk.store() as store:
        found = list(store.hits.find(Filter(run=ran.run)))
        desk.console.print(hit_table(store, by_harm(found), desk.config.language, SHOWN))
        export_hits(folder / "hits.csv", rows(store, Filter(run=ran.run), desk.config.language))
        write_report(folder / "report.html", report_data(store, ran, desk.config))
    desk.say("demo_done", csv=(folder / "hits.csv").resolve(), report=(folder / "report.html").resolve())
    if ran.complaints:
        raise UnhealthyRun("\n".join(ran.complaints.values()))


def _fresh(folder: Path, language: str, apart: bool) -> Path:
    """An empty demo folder with its settings; only what an earlier demo left is replaced."""
    settings = folder / "swordnet.toml"
    if folder.exists() and any(folder.iterdir()) and not settings.exists():
        raise BadInput(Problem(file=str(folder), message=say("desk.cli", "no_demo_folder", language)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("swordnet.db", "swordnet.db-wal", "swordnet.db-shm", "hits.csv", "report.html"):
            (folder / name).unlink(missing_ok=True)
        settings.write_text(SETTINGS.format(language=language) + (APART if apart else ""), encoding="utf-8")
    except OSError as error:
        raise BadInput(Problem(file=str(folder), message=error.strerror or str(error))) from None
    return settings
