"""The command line: one file for each command in this folder; a file that defines `add(app)` is a command."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from importlib.metadata import version as package_version
from typing import Annotated

import typer

from crawler.errors import BadInput, SwordnetError, printable
from crawler.logs import configure_logging


def application() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        name="swordnet",
        help="Finds infringing links: works in, crawl, compare, hits out.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_root_options)
    for command in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if not command.name.startswith("_"):  # __main__ and modules that commands share
            import_module(f"{__name__}.{command.name}").add(app)
    return app


def _root_options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(package_version("swordnet"))
        raise typer.Exit


def main() -> None:
    """Run a command; an error that SwordNet raises on purpose becomes its message and its exit code."""
    configure_logging()
    try:
        application()()
    except SwordnetError as error:
        lines = [str(problem) for problem in error.problems] if isinstance(error, BadInput) else [str(error)]
        sys.stderr.write("".join(f"swordnet: {printable(line)}\n" for line in lines))
        raise SystemExit(error.exit_code) from None
