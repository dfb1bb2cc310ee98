"""Negation: which spans of a text are negated by a word before or behind them ("不是电子版", "no paper book").

A negation reaches over a few words within its clause; how far, and to which side, is data (denials.csv).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property

from crawler.text import is_han
from matchers.signals.clauses import split_clauses
from matchers.signals.word_lists import Negation, negations
from matchers.titles.analysis import AnalysedText

MAX_NEGATION_CHARS = 60  # between a negation and what it negates, however long the words
_CLAUSE_END_RE = re.compile(r"[。！？!?；;\n，,]|\.(?=\s|$)")
_WORD_RE = re.compile(r"[^\s]{1,60}")


class Clauses:
    """Where the clauses of a text end, as positions in its folded text. Neither negations nor pairs reach further."""

    def __init__(self, analysis: AnalysedText) -> None:
        self._analysis = analysis

    @cached_property
    def _ends(self) -> list[int]:
        """The positions in the folded text with the end of a clause before them."""
        origins = self._analysis.fold_map.origins
        ends = (bisect_left(origins, match.start()) for match in _CLAUSE_END_RE.finditer(self._analysis.original))
        return sorted({end for end in ends if 0 < end < len(origins)})

    @cached_property
    def _short_starts(self) -> list[int]:
        """The positions in the folded text where the short clauses of matchers/signals/clauses.py begin."""
        origins = self._analysis.fold_map.origins
        return [bisect_left(origins, start) for start, _ in split_clauses(self._analysis.original)]

    def is_parted(self, start: int, end: int) -> bool:
        """Whether a short clause begins inside [start:end], which is not empty: blanks part what they stand between."""
        return start < end and bisect_right(self._short_starts, end) > bisect_right(self._short_starts, start)

    def is_one_clause(self, start: int, end: int) -> bool:
        """Whether no clause ends inside [start:end]."""
        return bisect_right(self._ends, start) == bisect_left(self._ends, end)

    def ends_between(self, start: int, end: int) -> bool:
        """Whether a clause ends from `start` to `end`, both included."""
        return bisect_right(self._ends, end) > bisect_left(self._ends, start)


class TextNegations:
    """The negations of one folded text."""

    def __init__(self, folded_text: str, clauses: Clauses) -> None:
        self._folded_text = folded_text
        self._clauses = clauses

    def negates(self, start: int, end: int) -> bool:
        """Whether a negation reaches the span [start:end] of the folded text."""
        return any(self._reaches(start, end, *negation_span) for negation_span in self._negation_spans)

    @cached_property
    def _negation_spans(self) -> list[tuple[Negation, int, int]]:
        lexicon, negations_by_word = negations()
        return [
            (negation, start, end)
            for word, start, end in lexicon.find_spans(self._folded_text)
            for negation in negations_by_word[word.text]
        ]

    def _reaches(self, start: int, end: int, negation: Negation, negation_start: int, negation_end: int) -> bool:
        if negation.is_before:
            return negation_end <= start and self._is_near(negation_end, start, negation.reach)
        return end <= negation_start and self._is_near(end, negation_start, negation.reach)

    def _is_near(self, start: int, end: int, reach: int) -> bool:
        if end - start > MAX_NEGATION_CHARS or self._clauses.ends_between(start, end):
            return False
        if self._clauses.is_parted(start, end):
            return False
        return _count_words(self._folded_text[start:end]) <= reach


def _count_words(between: str) -> int:
    """The number of words: a Han character counts as one, a Latin word as one."""
    return sum(1 if is_han(word[0]) is False else len(word) for word in _WORD_RE.findall(between))
