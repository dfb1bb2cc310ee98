"""School textbooks: subject, stage, grade and volume identify the book; the edition separates twins.

"义务教育教科书·数学八年级下册", "人教版数学八年级下册" and "8下数学" are one book if subject, grade and volume agree
and no other edition (人教版, 北师大版) is stated. Books that lack one of these facets are matched by name only. What is
left of the text besides facets and sellers' words speaks against the book (exercises, lesson plans).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.titles.analysis import AnalysedText
from matchers.titles.textbook_facets import (
    TEXTBOOK_HINT_RE,
    TextbookFacets,
    parse_facets,
    read_facets,
    subject_family,
)

MAX_REST_CHARS = 8.0  # characters of a text that belong to no facet; more adds nothing


@frozen(kw_only=True)
class TextbookMatch:
    """A work whose facets agree with the text's, with features of 0 to 1."""

    work_index: int
    spelled: str
    features: dict[str, float]


class TextbookIndex:
    """The textbooks among the works, by subject, level and volume."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._books: dict[tuple[str, str, str], list[tuple[int, TextbookFacets]]] = {}
        self._works = works
        for work_index, work in enumerate(works):
            if work.retired_at is not None or not TEXTBOOK_HINT_RE.search(work.title):
                continue
            facets = parse_facets(" ".join((work.title, work.publisher or "")))
            if facets:
                for subject in subject_family(facets.subject):
                    self._books.setdefault((subject, facets.level, facets.volume), []).append((work_index, facets))

    def find(self, text: AnalysedText) -> list[TextbookMatch]:
        """The textbooks whose subject, level and volume agree with the text's."""
        if not self._books or not TEXTBOOK_HINT_RE.search(text.original):
            return []
        stated = read_facets(text.compact, text.noise)
        if stated is None:
            return []
        matches: dict[int, TextbookMatch] = {}
        for facets in stated.books():
            for match in self._find_book(facets, stated.rests):
                matches.setdefault(match.work_index, match)
        return list(matches.values())

    def _find_book(self, stated: TextbookFacets, rests: Sequence[str]) -> Iterator[TextbookMatch]:
        books: dict[int, TextbookFacets] = {}
        for subject in subject_family(stated.subject):
            books.update(self._books.get((subject, stated.level, stated.volume), ()))
        editions = [book for book in books.values() if _editions_agree(book.edition, stated.edition)]
        for work_index, book in books.items():
            title = self._works[work_index].title
            compact_title = fold(title).replace(" ", "")
            agrees = _editions_agree(book.edition, stated.edition)
            rest_chars = sum(len(rest) for rest in rests if rest not in compact_title)
            yield TextbookMatch(
                work_index=work_index,
                spelled=title,
                features={
                    "edition_agrees": float(agrees),
                    "edition_differs": float(bool(stated.edition and book.edition) and not agrees),
                    "edition_elsewhere": float(bool(editions) and book not in editions),
                    "several": float(len(editions or books) > 1),
                    "track_differs": float(bool(stated.tracks - book.tracks)),
                    "track_unsaid": float(bool(book.tracks - stated.tracks)),
                    "subject_differs": float(book.subject != stated.subject),
                    "unknown_rest": min(rest_chars, MAX_REST_CHARS) / MAX_REST_CHARS,
                },
            )


def is_other_textbook(title: str, original: str) -> bool:
    """Whether both titles are textbooks of different subject, level or volume, however similar their words."""
    if not (TEXTBOOK_HINT_RE.search(title) and TEXTBOOK_HINT_RE.search(original)):
        return False
    ours, theirs = parse_facets(title), read_facets(fold(original).replace(" ", ""))
    if ours is None or theirs is None:
        return False
    return not any(_are_alike(ours, book) for book in theirs.books())


def _are_alike(ours: TextbookFacets, theirs: TextbookFacets) -> bool:
    shared_subjects = set(subject_family(ours.subject)) & set(subject_family(theirs.subject))
    other_volume = "" not in (ours.volume, theirs.volume) and ours.volume != theirs.volume
    return bool(shared_subjects) and ours.level == theirs.level and not other_volume


def _editions_agree(edition: str, other_edition: str) -> bool:
    """Whether two editions may be the same: 人教 may be 人教a as well as 人教b."""
    return bool(edition and other_edition) and (edition.startswith(other_edition) or other_edition.startswith(edition))
