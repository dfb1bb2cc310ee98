"""Lexicons: words that say something about an offer, loaded from data files and found in folded texts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from operator import itemgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick
from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.text import fold, is_han

_START_KEY = itemgetter(1)
_FIELD_MESSAGES = {"probability": "a number from 0 to 1 is needed"}


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
def load_lexicon(package: str, place: str) -> Lexicon:
    """The lexicon in a CSV file of a package, or in a folder of such files, one for each area and language.

    A file has the columns word, area, probability and source; in a folder the area is no column but the name of a file
    up to its first dot. Raises BadInput with file, line and field of every bad row.
    """
    root = resources.files(package) / place
    problems: list[Problem] = []
    if root.is_file():
        words = list(_read_words(root, None, problems))
    else:
        files = sorted((file for file in root.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
        words = [word for file in files for word in _read_words(file, file.name.partition(".")[0], problems)]
    if problems:
        raise BadInput(problems)
    return Lexicon(words)


def _read_words(file: Traversable, area: str | None, problems: list[Problem]) -> Iterator[Word]:
    """The words of a file; what is wrong with its rows is added to `problems`."""
    rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    header = next(rows, [])
    needed = ("word", "probability", "source") if area else ("word", "probability", "source", "area")
    missing = [name for name in needed if name not in header]
    if missing:
        problems += [Problem(file=file.name, line=1, field=name, message="this column is missing") for name in missing]
        return
    places = [header.index(name) for name in needed]
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            message = f"{len(row)} values in {len(header)} columns"
            problems.append(Problem(file=file.name, line=line, message=message))
            continue
        values = [row[place] for place in places]
        bad_fields = [name for name, value in zip(needed, values, strict=True) if not value.strip()]
        probability = parse_probability(values[1])
        if probability is None and "probability" not in bad_fields:
            bad_fields.append("probability")
        if probability is None or bad_fields:
            problems += [
                Problem(file=file.name, line=line, field=name, message=_FIELD_MESSAGES.get(name, "this is empty"))
                for name in bad_fields
            ]
            continue
        yield Word(text=values[0], area=area or values[3], probability=probability, source=values[2])


def parse_probability(text: str) -> float | None:
    """The probability (0..1) that a text states; None where it states none."""
    try:
        probability = float(text)
    except ValueError:
        return None
    return probability if 0 <= probability <= 1 else None
