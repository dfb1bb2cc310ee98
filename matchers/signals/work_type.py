"""The type of a work, as far as an offer is concerned: printed, sold as files anyway, or a course.

The second-hand market of a book is paper; an app has none. So "instant download" means much beside a book and little
beside software, and a cheap course cannot be a used copy.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from crawler.items import Work
from crawler.text import fold

_PRINT_KINDS = frozenset({"", "book", "textbook", "comic", "magazine", "picture book", "novel", "manga", "journal"})
_COURSE_KINDS = frozenset({"course", "lecture", "lesson", "training"})
_PROGRAM_KINDS = frozenset({"app", "software", "game", "font", "plugin", "template"})


class WorkType(StrEnum):
    """How a work is sold legitimately."""

    PRINT = "print"
    PROGRAM = "program"  # a licence and a download, sometimes a box
    COURSE = "course"  # a seat, never a thing
    SHOW = "show"  # films, series, music: a ticket, a stream, a disc


def work_type(work: Work) -> WorkType:
    """The type by the kind that the registry states; an unknown kind is SHOW (films, music), no kind is PRINT."""
    return _type_of_kind(work.kind or "")


@lru_cache(maxsize=256)
def _type_of_kind(stated_kind: str) -> WorkType:
    kind = fold(stated_kind)
    if kind in _PRINT_KINDS:
        return WorkType.PRINT
    if kind in _COURSE_KINDS:
        return WorkType.COURSE
    return WorkType.PROGRAM if kind in _PROGRAM_KINDS else WorkType.SHOW
