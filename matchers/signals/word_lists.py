"""The word lists of signals, negations and pairs, read once from CSV; a file with a bad row is refused as a whole."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TypeVar

from attrs import frozen

from crawler.errors import BadInput, Problem
from matchers.signals.lexicon import Lexicon, Word, load_lexicon, parse_probability

_PACKAGE = "matchers.signals"
_RowT = TypeVar("_RowT")


@frozen(kw_only=True)
class Negation:
    """A word that negates a signal at most `reach` words (a Han character is one) away; `is_before`: it comes first."""

    text: str
    is_before: bool
    reach: int


@frozen(kw_only=True)
class SignalPair:
    """A signal of `area` made by words of two slots, at most `reach` characters apart in one clause."""

    area: str
    first: str
    second: str
    reach: int
    probability: float


@cache
def signal_lexicon() -> Lexicon:
    """The signal words, each with its area."""
    return load_lexicon(_PACKAGE, "lexicon")


@cache
def slot_lexicon() -> Lexicon:
    """The words that mean something in pairs only; their area is the slot."""
    return Lexicon(_read_rows("slots.csv", _parse_slot))


@cache
def signal_pairs() -> tuple[SignalPair, ...]:
    """The pairs of slots that make a signal."""
    return tuple(_read_rows("pairs.csv", _parse_pair))


@cache
def negations() -> tuple[Lexicon, dict[str, list[Negation]]]:
    """The lexicon of negating words, and by word, the negations it can make."""
    by_word: dict[str, list[Negation]] = {}
    for negation in _read_rows("denials.csv", _parse_negation):
        by_word.setdefault(negation.text, []).append(negation)
    return Lexicon(Word(text=text, area="denial", probability=1.0, source="denials.csv") for text in by_word), by_word


class _BadField(ValueError):
    """A value of a row cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _parse_negation(row: dict[str, str]) -> Negation:
    if row["side"] not in ("before", "after"):
        raise _BadField("side", "before or after is needed")
    return Negation(text=row["word"], is_before=row["side"] == "before", reach=_parse_reach(row))


def _parse_slot(row: dict[str, str]) -> Word:
    return Word(text=row["word"], area=row["slot"], probability=1.0, source=row["source"])


def _parse_pair(row: dict[str, str]) -> SignalPair:
    probability = parse_probability(row["probability"])
    if not probability:
        raise _BadField("probability", "a number above 0 and up to 1 is needed")
    return SignalPair(
        area=row["area"],
        first=row["first"],
        second=row["second"],
        reach=_parse_reach(row),
        probability=probability,
    )


def _parse_reach(row: dict[str, str]) -> int:
    if not row["reach"].isdecimal():
        raise _BadField("reach", "a whole number is needed")
    return int(row["reach"])


def _read_rows(file: str, parse_row: Callable[[dict[str, str]], _RowT]) -> list[_RowT]:
    """The parsed rows of a data file. Raises BadInput with file, line and field of every bad row."""
    text = (resources.files(_PACKAGE) / file).read_text(encoding="utf-8")
    rows: list[_RowT] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        empty = [field for field, value in row.items() if not value]
        if empty:
            problems += [Problem(file=file, line=line, field=field, message="this is empty") for field in empty]
            continue
        try:
            rows.append(parse_row(row))
        except _BadField as error:
            problems.append(Problem(file=file, line=line, field=error.field, message=str(error)))
    if problems:
        raise BadInput(problems)
    return rows
