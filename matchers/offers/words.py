"""The words of this engine, read once from its data files and refused as a whole where a row is wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TypeVar

from attrs import frozen

from crawler.errors import BadInput, Problem
from matchers.lexicon import Lexicon, Word, lexicon

_PACKAGE = "matchers.offers"
_type_row = TypeVar("_type_row")


@frozen(kw_only=True)
class Denial:
    """A word that turns what stands within `reach` words (Han characters count as words) of it into its contrary."""

    text: str
    is_before: bool
    reach: int


@frozen(kw_only=True)
class Pair:
    """Two words of these slots, at most `reach` characters apart in one clause, say `area`."""

    area: str
    first: str
    second: str
    reach: int
    probability: float


@cache
def signs() -> Lexicon:
    """The words with an area each."""
    return lexicon(_PACKAGE, "signs.csv")


@cache
def slots() -> Lexicon:
    """The words that mean something in pairs only; the area is the slot."""
    return Lexicon(_rows("slots.csv", _slot))


@cache
def pairs() -> tuple[Pair, ...]:
    """Which slots together say what."""
    return tuple(_rows("pairs.csv", _pair))


@cache
def denials() -> tuple[Lexicon, dict[str, list[Denial]]]:
    """The words that deny, and how each does, by the word."""
    found: dict[str, list[Denial]] = {}
    for each in _rows("denials.csv", _denial):
        found.setdefault(each.text, []).append(each)
    return Lexicon(Word(text=text, area="denial", probability=1.0, source="denials.csv") for text in found), found


def _denial(row: dict[str, str]) -> Denial:
    if row["side"] not in ("before", "after"):
        raise ValueError("side is before or after")
    return Denial(text=row["word"], is_before=row["side"] == "before", reach=int(row["reach"]))


def _slot(row: dict[str, str]) -> Word:
    return Word(text=row["word"], area=row["slot"], probability=1.0, source=row["source"])


def _pair(row: dict[str, str]) -> Pair:
    probability = float(row["probability"])
    if not 0 < probability <= 1:
        raise ValueError("a probability lies between 0 and 1")
    return Pair(
        area=row["area"],
        first=row["first"],
        second=row["second"],
        reach=int(row["reach"]),
        probability=probability,
    )


def _rows(file: str, made: Callable[[dict[str, str]], _type_row]) -> list[_type_row]:
    """The rows of a data file. Raises BadInput with every bad one."""
    text = (resources.files(_PACKAGE) / file).read_text(encoding="utf-8")
    found: list[_type_row] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            if not row["source"]:
                raise ValueError("a source is needed")
            found.append(made(row))
        except (ValueError, TypeError, KeyError) as error:
            problems.append(Problem(file=file, line=line, message=str(error)))
    if problems:
        raise BadInput(problems)
    return found
