"""Lexicons: words that say something about an offer, loaded from data files and found in folded texts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from operator import itemgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick
from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.text import fold, is_han

_START_KEY = itemgetter(1)


@frozen(kw_only=True)
class Word:
    """A word of a lexicon. `probability` (0..1) is that of its area being true where the word occurs."""

    text: str
    area: str
    probability: float
    source: str


class WordMatch(NamedTuple):
    """A word at [start:end] of a folded text."""

    word: Word
    start: int
    end: int


class Lexicon:
    """The words of a list; where two overlap the longer counts, and a Latin word must match whole words."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._words: dict[str, Word] = {}
        for word in words:
            self._words.setdefault(fold(word.text), word)
        self._entries = list(self._words.values())
        self._automaton = AhoCorasick(list(self._words))
        self._starts_with_letter = [_is_letter(key[0]) for key in self._words]
        self._ends_with_letter = [_is_letter(key[-1]) for key in self._words]

    def words(self) -> Iterable[Word]:
        """All words."""
        return self._words.values()

    def find(self, folded_text: str) -> Iterator[WordMatch]:
        """The words in `key`, a folded text, in text order."""
        for word, start, end in self.find_spans(folded_text):
            yield WordMatch(word=word, start=start, end=end)

    def find_spans(self, folded_text: str) -> list[tuple[Word, int, int]]:
        """The same as plain tuples, which are faster to create."""
        heads, tails = self._starts_with_letter, self._ends_with_letter
        matches = [
            (start - end, start, end, index)
            for index, start, end in self._automaton.find_matches_as_indexes(folded_text, overlapping=True)
            if not (
                (heads[index] and start and _is_letter(folded_text[start - 1]))
                or (tails[index] and end < len(folded_text) and _is_letter(folded_text[end]))
            )
        ]
        if len(matches) > 1:
            matches = _drop_overlaps(matches, len(folded_text))
        return [(self._entries[index], start, end) for _, start, end, index in matches]


def _drop_overlaps(matches: list[tuple[int, int, int, int]], length: int) -> list[tuple[int, int, int, int]]:
    """Of overlapping matches only the longest, in text order."""
    kept = []
    covered = bytearray(length)
    for candidate in sorted(matches):
        size, start, end, _ = candidate
        if covered.find(1, start, end) < 0:
            covered[start:end] = b"\x01" * -size
            kept.append(candidate)
    kept.sort(key=_START_KEY)
    return kept


def _is_letter(character: str) -> bool:
    """Whether it is a letter of a script that separates words by spaces, so that adjacent ones are one word."""
    return character.isalpha() and not is_han(character)


@cache
def load_lexicon(package: str, file: str) -> Lexicon:
    """The lexicon in a CSV file of a package: word, area, probability, source. Raises BadInput with every bad row."""
    text = (resources.files(package) / file).read_text(encoding="utf-8")
    words: list[Word] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            probability = float(row["probability"])
            if not 0 <= probability <= 1 or not fold(row["word"]) or not row["source"]:
                raise ValueError("a word, a probability from 0 to 1 and a source are needed")
            words.append(Word(text=row["word"], area=row["area"], probability=probability, source=row["source"]))
        except (ValueError, TypeError, KeyError) as error:
            problems.append(Problem(file=file, line=line, message=str(error)))
    if problems:
        raise BadInput(problems)
    return Lexicon(words)
