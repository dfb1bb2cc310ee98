"""`swordnet doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import shutil
import subprocess

import typer

from crawler.errors import SwordnetError
from desk.cli._options import CommandContext, ConfigFile, Quiet, command_context


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command(epilog="Example: swordnet doctor")(doctor)


def doctor(config: ConfigFile = None, quiet: Quiet = False) -> None:
    """Check the browser, fonts, the database and the contact; exit code 1 if something is missing."""
    ctx = command_context(config, quiet)
    checks = {"browser": _browser(ctx), "fonts": _fonts(), "database": _database(ctx), "contact": _contact(ctx)}
    for name, detail in checks.items():
        mark = "ok     " if detail is not None else "missing"
        typer.echo(f"{mark} {name}: {detail if detail is not None else ctx.message(f'doctor_{name}')}")
    if any(detail is None for name, detail in checks.items() if name in ("browser", "database")):
        raise typer.Exit(1)


def _browser(ctx: CommandContext) -> str | None:
    from crawler.web.chromium import find_executable

    path = find_executable(ctx.config.browser.executable)
    if path is None or shutil.which(path) is None:
        return None
    process = subprocess.run(
        [path, "--version"], capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=False
    )
    return process.stdout.strip() or None


def _fonts() -> str | None:
    if shutil.which("fc-list") is None:
        return None
    process = subprocess.run(
        ["fc-list", ":lang=zh", "family"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=20,
        check=False,
    )
    return next(iter(process.stdout.splitlines()), None)


def _database(ctx: CommandContext) -> str | None:
    try:
        with ctx.store() as store:
            return f"{store.admin.display_url}, {store.works.count_works()} works"
    except SwordnetError as error:
        typer.echo(str(error), err=True)
        return None


def _contact(ctx: CommandContext) -> str | None:
    return ctx.config.crawl.contact or None
