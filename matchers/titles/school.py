"""School books: subject, stage, grade and volume make the book, whatever else its title says; the edition parts twins.

"义务教育教科书·数学八年级下册", "人教版数学八年级下册" and "初中8年级下册数学课本" are one book where subject, grade
and volume agree and no other edition (人教版, 北师大版) is stated. Books that lack one of these facets are sought by
name only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.numerals import number

_GRADE = re.compile(r"(?P<grade>[一二三四五六七八九]|1[0-2]|[1-9])年级|(?P<high>[初高][一二三123])")
_COURSE = re.compile(r"(?P<course>选择性必修|选修|必修)(?:第?(?P<value>[一二三四五六]|[1-6])(?:册|(?!\d)))?")
_VOLUME = re.compile(r"(?P<volume>[上下全])(?:一)?册|[(（](?P<bracket>[上下])[)）]|(?P<short>[上下])$")
_EDITION = re.compile(r"(?P<edition>[\u4e00-\u9fff]{1,4}?[a-d]?)版(?!本)")
_TRACK = re.compile(
    r"(?P<track>[a-d])版|(?P<start>[一二三])年级起点|(?P<staff>五线谱|简谱)|(?P<extra>活动手册|活动册|地图册|图册)"
)
_HINT = re.compile("年[级級]|[必选選]修|[初高][一二三123]")  # a quick look before folding
_HIGH = {"初一": 7, "初二": 8, "初三": 9, "高一": 10, "高二": 11, "高三": 12}
_NO_EDITION = re.compile(r"子版|新版|旧版|正版|原版|第.版|秋版|春版|描版|清版|修订版|最新|电子|扫描|高清|出版")


@frozen(kw_only=True)
class School:
    """The facets of a school book; "" for what is not stated."""

    subject: str
    level: str
    volume: str
    edition: str
    tracks: frozenset[str]


@frozen(kw_only=True)
class SameBook:
    """A work whose facets agree with the text's, with features of 0 and 1."""

    work: int
    spelled: str
    features: dict[str, float]


class SchoolIndex:
    """The school books among the works, by subject, level and volume."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._books: dict[tuple[str, str, str], list[tuple[int, School]]] = {}
        self._works = works
        for position, work in enumerate(works):
            if work.retired_at is not None or not _HINT.search(work.title):
                continue
            found = facets(" ".join((work.title, work.publisher or "")))
            if found:
                for subject in _family(found.subject):
                    self._books.setdefault((subject, found.level, found.volume), []).append((position, found))

    def find(self, original: str) -> list[SameBook]:
        """The books whose facets are the text's."""
        if not self._books or not _HINT.search(original):
            return []
        said = facets(original)
        if said is None:
            return []
        found: dict[int, School] = {}
        for subject in _family(said.subject):
            found.update(self._books.get((subject, said.level, said.volume), ()))
        editions = [book for book in found.values() if _agree(book.edition, said.edition)]
        return [
            SameBook(
                work=position,
                spelled=self._works[position].title,
                features={
                    "edition_agrees": float(_agree(book.edition, said.edition)),
                    "edition_differs": float(
                        bool(said.edition and book.edition) and not _agree(book.edition, said.edition)
                    ),
                    "edition_elsewhere": float(bool(editions) and book not in editions),
                    "several": float(len(editions or found) > 1),
                    "track_differs": float(bool(said.tracks - book.tracks)),
                    "track_unsaid": float(bool(book.tracks - said.tracks)),
                    "subject_differs": float(book.subject != said.subject),
                },
            )
            for position, book in found.items()
        ]


def is_other_book(title: str, original: str) -> bool:
    """Whether both are school books, of another subject, level or volume: however alike their words are."""
    if not (_HINT.search(title) and _HINT.search(original)):
        return False
    ours, theirs = facets(title), facets(original)
    if ours is None or theirs is None:
        return False
    same = set(_family(ours.subject)) & set(_family(theirs.subject))
    other_volume = "" not in (ours.volume, theirs.volume) and ours.volume != theirs.volume
    return not same or ours.level != theirs.level or other_volume


def facets(original: str) -> School | None:
    """The facets that a title states; None unless it has a subject, and a grade or a course."""
    key = fold(original).replace(" ", "")
    subject = next((name for name in _subjects() if name in key), "")
    if not subject:
        return None
    level = _level(key)
    if not level:
        return None
    tracks = {found.group() for found in _TRACK.finditer(key)}
    return School(
        subject=subject, level=level, volume=_volume(key, level), edition=_edition(key), tracks=frozenset(tracks)
    )


def _level(key: str) -> str:
    grade = next((found for found in _GRADE.finditer(key) if not key.startswith("起点", found.end())), None)
    if grade:
        value = number(grade["grade"]) if grade["grade"] else _HIGH.get(_han(grade["high"]))
        return f"grade {value}"
    course = _COURSE.search(key)
    return f"{course['course']} {number(course['value'] or '') or ''}" if course else ""


def _volume(key: str, level: str) -> str:
    if not level.startswith("grade") and not level.endswith(" "):
        return ""
    found = _VOLUME.search(key)
    return (found["volume"] or found["bracket"] or found["short"] or "") if found else ""


def _edition(key: str) -> str:
    same = _same_editions()
    known = next((name for name in _editions() if f"{name}版" in key or (name.endswith("出版社") and name in key)), "")
    if known:
        return same.get(known, known)
    for found in _EDITION.finditer(key):
        if not _NO_EDITION.search(found.group()):
            return same.get(found["edition"], found["edition"])
    return ""


def _agree(one: str, other: str) -> bool:
    """Whether two editions may be one: 人教 is silent on which of 人教a and 人教b it is."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def _family(subject: str) -> tuple[str, ...]:
    """A subject and the wider one that it is a part of (中国历史 is taught as 历史)."""
    wider = next((name for name in _subjects() if name != subject and subject.endswith(name)), "")
    return (subject, wider) if wider else (subject,)


def _han(written: str) -> str:
    return written.translate(str.maketrans("123", "一二三"))


@cache
def _subjects() -> tuple[str, ...]:
    """The longest first."""
    return _named("subject")


@cache
def _editions() -> tuple[str, ...]:
    names = {*_named("edition"), *_same_editions()}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


@cache
def _same_editions() -> dict[str, str]:
    """Other names of an edition and the one it goes by here."""
    return {fold(name): fold(row[0]) for row in _rows("same") for name in row}


def _named(kind: str) -> tuple[str, ...]:
    names = {fold(name) for row in _rows(kind) for name in row}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _rows(kind: str) -> list[list[str]]:
    text = (resources.files("matchers.titles") / "school.csv").read_text(encoding="utf-8")
    return [row["names"].split() for row in csv.DictReader(text.splitlines()) if row["kind"] == kind]
