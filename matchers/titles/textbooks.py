"""School textbooks: subject, stage, grade and volume identify the book; the edition separates twins.

"义务教育教科书·数学八年级下册", "人教版数学八年级下册" and "初中8年级下册数学课本" are one book if subject, grade
and volume agree and no other edition (人教版, 北师大版) is stated. Books that lack one of these facets are matched by
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
from matchers.titles.numerals import numeral_value

_GRADE_RE = re.compile(r"(?P<grade>[一二三四五六七八九]|1[0-2]|[1-9])年级|(?P<high>[初高][一二三123])")
_COURSE_RE = re.compile(r"(?P<course>选择性必修|选修|必修)(?:第?(?P<value>[一二三四五六]|[1-6])(?:册|(?!\d)))?")
_VOLUME_RE = re.compile(r"(?P<volume>[上下全])(?:一)?册|[(（](?P<bracket>[上下])[)）]|(?P<short>[上下])$")
_EDITION_RE = re.compile(r"(?P<edition>[\u4e00-\u9fff]{1,4}?[a-d]?)版(?!本)")
_TRACK_RE = re.compile(
    r"(?P<track>[a-d])版|(?P<start>[一二三])年级起点|(?P<staff>五线谱|简谱)|(?P<extra>活动手册|活动册|地图册|图册)"
)
_TEXTBOOK_HINT_RE = re.compile("年[级級]|[必选選]修|[初高][一二三123]")  # a quick check before folding
_SCHOOL_GRADES = {"初一": 7, "初二": 8, "初三": 9, "高一": 10, "高二": 11, "高三": 12}
_NO_EDITION_RE = re.compile(r"子版|新版|旧版|正版|原版|第.版|秋版|春版|描版|清版|修订版|最新|电子|扫描|高清|出版")


@frozen(kw_only=True)
class TextbookFacets:
    """The facets of a textbook; "" for what is not stated."""

    subject: str
    level: str
    volume: str
    edition: str
    tracks: frozenset[str]


@frozen(kw_only=True)
class TextbookMatch:
    """A work whose facets agree with the text's, with features of 0 and 1."""

    work_index: int
    spelled: str
    features: dict[str, float]


class TextbookIndex:
    """The textbooks among the works, by subject, level and volume."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._books: dict[tuple[str, str, str], list[tuple[int, TextbookFacets]]] = {}
        self._works = works
        for work_index, work in enumerate(works):
            if work.retired_at is not None or not _TEXTBOOK_HINT_RE.search(work.title):
                continue
            facets = parse_facets(" ".join((work.title, work.publisher or "")))
            if facets:
                for subject in _subject_family(facets.subject):
                    self._books.setdefault((subject, facets.level, facets.volume), []).append((work_index, facets))

    def find(self, original: str) -> list[TextbookMatch]:
        """The textbooks whose subject, level and volume agree with the text's."""
        if not self._books or not _TEXTBOOK_HINT_RE.search(original):
            return []
        text_facets = parse_facets(original)
        if text_facets is None:
            return []
        books: dict[int, TextbookFacets] = {}
        for subject in _subject_family(text_facets.subject):
            books.update(self._books.get((subject, text_facets.level, text_facets.volume), ()))
        editions = [book for book in books.values() if _editions_agree(book.edition, text_facets.edition)]
        return [
            TextbookMatch(
                work_index=work_index,
                spelled=self._works[work_index].title,
                features={
                    "edition_agrees": float(_editions_agree(book.edition, text_facets.edition)),
                    "edition_differs": float(
                        bool(text_facets.edition and book.edition)
                        and not _editions_agree(book.edition, text_facets.edition)
                    ),
                    "edition_elsewhere": float(bool(editions) and book not in editions),
                    "several": float(len(editions or books) > 1),
                    "track_differs": float(bool(text_facets.tracks - book.tracks)),
                    "track_unsaid": float(bool(book.tracks - text_facets.tracks)),
                    "subject_differs": float(book.subject != text_facets.subject),
                },
            )
            for work_index, book in books.items()
        ]


def is_other_textbook(title: str, original: str) -> bool:
    """Whether both titles are textbooks of different subject, level or volume, however similar their words."""
    if not (_TEXTBOOK_HINT_RE.search(title) and _TEXTBOOK_HINT_RE.search(original)):
        return False
    ours, theirs = parse_facets(title), parse_facets(original)
    if ours is None or theirs is None:
        return False
    shared_subjects = set(_subject_family(ours.subject)) & set(_subject_family(theirs.subject))
    other_volume = "" not in (ours.volume, theirs.volume) and ours.volume != theirs.volume
    return not shared_subjects or ours.level != theirs.level or other_volume


def parse_facets(original: str) -> TextbookFacets | None:
    """The facets that a title states; None unless it has a subject, and a grade or a course."""
    compact = fold(original).replace(" ", "")
    subject = next((name for name in _subject_names() if name in compact), "")
    if not subject:
        return None
    level = _level(compact)
    if not level:
        return None
    tracks = {match.group() for match in _TRACK_RE.finditer(compact)}
    return TextbookFacets(
        subject=subject,
        level=level,
        volume=_volume(compact, level),
        edition=_edition(compact),
        tracks=frozenset(tracks),
    )


def _level(compact: str) -> str:
    grade = next((match for match in _GRADE_RE.finditer(compact) if not compact.startswith("起点", match.end())), None)
    if grade:
        value = numeral_value(grade["grade"]) if grade["grade"] else _SCHOOL_GRADES.get(_han_digits(grade["high"]))
        return f"grade {value}"
    course = _COURSE_RE.search(compact)
    return f"{course['course']} {numeral_value(course['value'] or '') or ''}" if course else ""


def _volume(compact: str, level: str) -> str:
    if not level.startswith("grade") and not level.endswith(" "):
        return ""
    match = _VOLUME_RE.search(compact)
    return (match["volume"] or match["bracket"] or match["short"] or "") if match else ""


def _edition(compact: str) -> str:
    synonyms = _edition_synonyms()
    known_edition = next(
        (name for name in _edition_names() if f"{name}版" in compact or (name.endswith("出版社") and name in compact)),
        "",
    )
    if known_edition:
        return synonyms.get(known_edition, known_edition)
    for match in _EDITION_RE.finditer(compact):
        if not _NO_EDITION_RE.search(match.group()):
            return synonyms.get(match["edition"], match["edition"])
    return ""


def _editions_agree(edition: str, other_edition: str) -> bool:
    """Whether two editions may be the same: 人教 may be 人教a as well as 人教b."""
    return bool(edition and other_edition) and (edition.startswith(other_edition) or other_edition.startswith(edition))


def _subject_family(subject: str) -> tuple[str, ...]:
    """A subject, and the wider one that it is a part of (中国历史 is taught as 历史)."""
    wider = next((name for name in _subject_names() if name != subject and subject.endswith(name)), "")
    return (subject, wider) if wider else (subject,)


def _han_digits(written: str) -> str:
    return written.translate(str.maketrans("123", "一二三"))


@cache
def _subject_names() -> tuple[str, ...]:
    """The folded names of all subjects, the longest first."""
    return _names_of_kind("subject")


@cache
def _edition_names() -> tuple[str, ...]:
    names = {*_names_of_kind("edition"), *_edition_synonyms()}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


@cache
def _edition_synonyms() -> dict[str, str]:
    """The name used here for each name of an edition."""
    return {fold(name): fold(row[0]) for row in _kind_rows("same") for name in row}


def _names_of_kind(kind: str) -> tuple[str, ...]:
    names = {fold(name) for row in _kind_rows(kind) for name in row}
    return tuple(sorted(names, key=lambda name: (-len(name), name)))


def _kind_rows(kind: str) -> list[list[str]]:
    text = (resources.files("matchers.titles") / "school.csv").read_text(encoding="utf-8")
    return [row["names"].split() for row in csv.DictReader(text.splitlines()) if row["kind"] == kind]
