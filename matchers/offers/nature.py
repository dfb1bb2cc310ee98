"""What a work is by nature, as far as an offer is concerned: printed, or sold as files anyway, or a service of a
school.

A book's own second-hand market is paper; an app has none. So "instant download" says much beside a book and little
beside software, and a cheap course is no used copy.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold

_PRINT_KINDS = frozenset({"", "book", "textbook", "comic", "magazine", "picture book", "novel", "manga", "journal"})
_COURSE_KINDS = frozenset({"course", "lecture", "lesson", "training"})
_PROGRAM_KINDS = frozenset({"app", "software", "game", "font", "plugin", "template"})
# What a title begins with whose writer wants the work; behind it stands a break, a measure word or the work's name.
_REQUEST_RE = re.compile(
    r"^[\W_]{0,4}(?:(?:高价|诚|诚心|长期|重金|有偿|大量)?(?:求购|收购|求收|收|求)|跪求|急求|徵求|征求|徵|征|蹲一?个?"
    r"|wtb|iso|wanted|looking for|in search of|searching for|request(?! (?:filled|done|fulfilled|granted)))(?![a-z])",
    re.IGNORECASE,
)
_REQUEST_END_RE = re.compile(r"^[\s:：\]】)）,，\-–—《「\[]|^(?:一|几)?[本套份个册张]")


class WorkType(StrEnum):
    """How a work is sold when nothing is wrong."""

    PRINT = "print"
    PROGRAM = "program"  # a licence and a download, sometimes a box
    COURSE = "course"  # a seat, never a thing
    SHOW = "show"  # films, series, music: a ticket, a stream, a disc


def work_type(work: Work) -> WorkType:
    """By the kind that the registry states; unknown kinds of films and music, nothing stated is print."""
    return _type_of_kind(work.kind or "")


@lru_cache(maxsize=256)
def _type_of_kind(stated_kind: str) -> WorkType:
    kind = fold(stated_kind)
    if kind in _PRINT_KINDS:
        return WorkType.PRINT
    if kind in _COURSE_KINDS:
        return WorkType.COURSE
    return WorkType.PROGRAM if kind in _PROGRAM_KINDS else WorkType.SHOW


def is_question(listing: Listing) -> bool:
    """Whether the title ends like a question."""
    return listing.title.rstrip(" 。.!！~～").endswith(("?", "？", "吗", "呢", "么"))


def is_request(listing: Listing, work: Work) -> bool:
    """Whether the title begins with asking for the work, which may have a price: what its writer would pay."""
    match = _REQUEST_RE.match(listing.title)
    if not match or fold(listing.title).startswith(fold(work.title)):
        return False
    remainder = listing.title[match.end() :]
    return bool(_REQUEST_END_RE.match(remainder)) or any(
        fold(remainder).startswith(fold(name)) for name in (work.title, *work.aliases)
    )


def is_discussion(listing: Listing) -> bool:
    """Whether people talk there rather than sell: a post, and nothing has a price."""
    return listing.kind is ListingKind.POST and listing.price is None
