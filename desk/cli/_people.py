"""Who gives a command: a name beside every judgement, every export and every setting that a person changed."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

By = Annotated[
    str | None, typer.Option("--by", help="Your name (default: the one you are logged in with).", envvar="SWORDNET_BY")
]


def acting_user(by: str | None) -> str:
    """The name given, else that of the login; a machine without one says so."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
