"""The errors that SwordNet raises on purpose; each has the exit code of the command it ends.

SwordnetError            1  something failed
├── BadInput             2  a file, an argument or a setting is wrong; lists every problem with file, line and field
├── NothingToDo          3  the command was right, there was nothing for it to work on
├── StoreError           4  the database cannot be opened, read or written
├── UnhealthyRun         5  the run ended, but what it saw cannot be trusted
├── Busy                 6  another night is running on this database
└── Interrupted          7  the run was stopped before its end; the next `swordnet night` resumes it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from attrs import frozen

# What a terminal may act on instead of showing it: control characters (ECMA-48, C0 and C1) but for line feed and tab,
# marks that turn the direction of text (UAX 9), and halves of characters, which cannot be printed at all.
_UNPRINTABLE_RE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Text for a terminal: what a stranger's file or page holds is shown, never acted on. Line feeds are kept."""
    return _UNPRINTABLE_RE.sub("\N{REPLACEMENT CHARACTER}", text)


@frozen(kw_only=True)
class Problem:
    """One problem of an input. `line` counts from 1; None where the input has no lines."""

    file: str
    message: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        file = self.file.replace("\n", "\N{REPLACEMENT CHARACTER}")
        location = file if self.line is None else f"{file}:{self.line}"
        return printable(f"{location}: {self.field}: {self.message}" if self.field else f"{location}: {self.message}")


class SwordnetError(Exception):
    """Base of every error raised on purpose."""

    exit_code: ClassVar[int] = 1


class BadInput(SwordnetError):
    """An input cannot be used. Nothing of it was imported."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[BadInput], tuple[list[Problem]]]:
        return (type(self), (self.problems,))


class NothingToDo(SwordnetError):
    """The command was right, but there is nothing for it to work on."""

    exit_code = 3


class StoreError(SwordnetError):
    """The database cannot be opened, read or written as asked."""

    exit_code = 4


class DatabaseMissing(StoreError):
    """There is no database at `place`, and the command is none that creates one."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"there is no database {place}")


class UnhealthyRun(SwordnetError):
    """The run ended, but a platform answered less than a healthy one would."""

    exit_code = 5


class Busy(SwordnetError):
    """Another night is running on this database."""

    exit_code = 6


class Interrupted(SwordnetError):
    """The run was stopped before its end; nothing of it is lost, and the next `swordnet night` resumes it."""

    exit_code = 7
