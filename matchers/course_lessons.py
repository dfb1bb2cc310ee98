"""Counts the lessons of a course (episodes, chapters) that a share holds, by the numbers in its file names.

Numbers far from the others (a year, a resolution) form no series. A series is taken to reach from 1 to the highest
number seen: what is missing at the end cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from crawler.items import SharedFile

MIN_NUMBERED_FILES = 3  # two numbered files may be two volumes
MAX_LESSON_NUMBER = 500  # a higher number is a year or a code
_HAN_DIGITS = str.maketrans("零〇一二三四五六七八九两", "001234567892")
_LESSON_WORDS = "E|EP|Ep|ep|Lesson|lesson|Chapter|chapter|Lecture|lecture|Part|part"
_HAN_NUMERAL = "[零〇一二三四五六七八九十百两]{1,5}"
_LESSON_NUMBER_RE = re.compile(
    rf"第 ?(?P<counted>[0-9]{{1,3}}|{_HAN_NUMERAL}) ?(?:课|課|节|節|讲|講|集|章|回|话|話|期|单元|部分)"
    rf"|(?<![A-Za-z])(?:S[0-9]{{1,2}})?(?:{_LESSON_WORDS})[ ._-]?(?P<named>[0-9]{{1,3}})(?![0-9])"
    r"|^[\[(【]?(?P<first>[0-9]{1,3})(?=[\])】]|[ ._、-])(?![0-9])"
)


@frozen(kw_only=True)
class Coverage:
    """A series of `total` numbers, of which `present` were seen."""

    present: int
    total: int


def coverage(files: Sequence[SharedFile]) -> Coverage | None:
    """The series by which these files are numbered; None if they form none."""
    names = [file.name for file in files if not file.folder]
    numbers = {
        number for name in names if (number := lesson_number(name)) is not None and 0 < number <= MAX_LESSON_NUMBER
    }
    if len(numbers) < MIN_NUMBERED_FILES or 2 * len(numbers) < max(numbers):
        return None
    return Coverage(present=len(numbers), total=max(numbers))


def lesson_number(name: str) -> int | None:
    """The number of the lesson, episode or chapter in a file's name; None if it has none."""
    match = _LESSON_NUMBER_RE.search(name)
    if match is None:
        return None
    written = match["counted"] or match["named"] or match["first"]
    return int(written) if written.isdecimal() and written.isascii() else _parse_han_numeral(written)


def _parse_han_numeral(written: str) -> int:
    """The value of a Chinese numeral up to 999."""
    hundreds, mark, below_hundred = written.rpartition("百")
    tens, ten, units = below_hundred.rpartition("十")
    unit_value = int(units.translate(_HAN_DIGITS) or 0)
    return (
        (int(hundreds.translate(_HAN_DIGITS) or 1) * 100 if mark else 0)
        + (int(tens.translate(_HAN_DIGITS).lstrip("0") or 1) * 10 if ten else 0)
        + unit_value
    )
