"""`swordnet doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import shutil
import subprocess

import typer

from crawler.errors import SwordnetError
from desk.cli._options import ConfigFile, Desk, Quiet, at_desk


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet doctor")(doctor)


def doctor(config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Check the browser, fonts, the database and the contact; exit code 1 if something is missing."""
    desk = at_desk(config, quiet)
    checks = {"browser": _browser(desk), "fonts": _fonts(), "database": _database(desk), "contact": _contact(desk)}
    for name, found in checks.items():
        mark = "ok     " if found is not None else "missing"
        typer.echo(f"{mark} {name}: {found if found is not None else desk.word(f'doctor_{name}')}")
    if any(found is None for name, found in checks.items() if name in ("browser", "database")):
        raise typer.Exit(1)


def _browser(desk: Desk) -> str | None:
    from crawler.web.chromium import executable

    path = executable(desk.config.browser.executable)
    if path is None or shutil.which(path) is None:
        return None
    done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip() or None


def _fonts() -> str | None:
    if shutil.which("fc-list") is None:
        return None
    done = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False)
    return next(iter(done.stdout.splitlines()), None)


def _database(desk: Desk) -> str | None:
    try:
        with desk.store() as store:
            return f"{store.engine.url.render_as_string(hide_password=True)}, {store.works.count()} works"
    except SwordnetError as error:
        typer.echo(str(error), err=True)
        return None


def _contact(desk: Desk) -> str | None:
    return desk.config.crawl.contact or None
