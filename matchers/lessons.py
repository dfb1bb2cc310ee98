"""How much of a numbered series is in a share: lessons of a course, episodes, chapters told by their files' names.

A number that stands far from the others (a year, a resolution) makes no series. The whole is taken to reach from 1 to
the highest number seen: what is missing at the end cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from crawler.items import SharedFile

FEWEST = 3  # numbered files that make a series; two may be two volumes
MOST = 500  # a higher number is a year or a code
_DIGITS = str.maketrans("零〇一二三四五六七八九两", "001234567892")
_NAMED = "E|EP|Ep|ep|Lesson|lesson|Chapter|chapter|Lecture|lecture|Part|part"
_SPELT = "[零〇一二三四五六七八九十百两]{1,5}"
_NUMBERED = re.compile(
    rf"第 ?(?P<counted>[0-9]{{1,3}}|{_SPELT}) ?(?:课|課|节|節|讲|講|集|章|回|话|話|期|单元|部分)"
    rf"|(?<![A-Za-z])(?:S[0-9]{{1,2}})?(?:{_NAMED})[ ._-]?(?P<named>[0-9]{{1,3}})(?![0-9])"
    r"|^[\[(【]?(?P<first>[0-9]{1,3})(?=[\])】]|[ ._、-])(?![0-9])"
)


@frozen(kw_only=True)
class Coverage:
    """`present` different numbers of a series that reaches to `whole`."""

    present: int
    whole: int


def coverage(files: Sequence[SharedFile]) -> Coverage | None:
    """The series that these files are numbered in; None where they are none."""
    names = [file.name for file in files if not file.folder]
    numbers = {number for name in names if (number := number_of(name)) is not None and 0 < number <= MOST}
    if len(numbers) < FEWEST or 2 * len(numbers) < max(numbers):
        return None
    return Coverage(present=len(numbers), whole=max(numbers))


def number_of(name: str) -> int | None:
    """The number of a lesson, an episode or a chapter in a file's name."""
    found = _NUMBERED.search(name)
    if found is None:
        return None
    written = found["counted"] or found["named"] or found["first"]
    return int(written) if written.isdecimal() and written.isascii() else _spelt(written)


def _spelt(written: str) -> int:
    """The value of a Chinese numeral up to 999."""
    hundreds, mark, rest = written.rpartition("百")
    tens, ten, units = rest.rpartition("十")
    plain = int(units.translate(_DIGITS) or 0)
    return (
        (int(hundreds.translate(_DIGITS) or 1) * 100 if mark else 0)
        + (int(tens.translate(_DIGITS).lstrip("0") or 1) * 10 if ten else 0)
        + plain
    )
