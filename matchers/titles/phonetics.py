"""Pinyin of Han characters, which leads from homophones and pinyin written for characters (阴间shen探) to the name.

Only for texts with Han characters, and for names with three or more of them: shorter ones sound like too many others.
In a text each character has one reading, its commonest; tones are dropped.
"""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np
from attrs import frozen

from crawler.text import is_han
from matchers.titles.rolling_hash import IntArray, code_points

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # only single characters are looked up; loading phrases takes .3 s
from pypinyin.constants import PINYIN_DICT

MIN_PINYIN_HAN_CHARS = 3  # Han characters of a name that is looked up by its pinyin
MAX_PINYIN_VARIANTS = 2  # further spellings of a name, for characters with a second reading
MAX_PINYIN_UNITS = 24  # characters or Latin runs of the span that is compared
_HAN_RE = re.compile("[\u3005-\u3007\u3400-\u9fff]")
_LATIN_RUN_RE = re.compile(r"[a-z]{1,20}")


@frozen(kw_only=True, eq=False)
class PinyinBatch:
    """Several texts in pinyin, in units: a Han character is one, a Latin run is one.

    Unit i has letters[edges[i] : edges[i + 1]] and begins at positions[i] of its text, widths[i] characters wide. Text
    owners[k] has the units begins[k] : begins[k] + sizes[k].
    """

    letters: str
    edges: IntArray
    positions: IntArray
    widths: IntArray
    owners: IntArray
    begins: IntArray
    sizes: IntArray


def pinyin_variants(compact: str) -> tuple[str, ...]:
    """The pinyin spellings of a compact name, Latin letters and digits unchanged; () if it is not looked up by pinyin.

    Each of the first few characters with two everyday readings (polyphones.csv) adds a variant.
    """
    if sum(map(is_han, compact)) < MIN_PINYIN_HAN_CHARS or len(compact) > MAX_PINYIN_UNITS:
        return ()
    sounds = list(map(syllable, compact))
    variants = ["".join(sounds)]
    for position in [position for position, character in enumerate(compact) if character in _second_readings()][
        :MAX_PINYIN_VARIANTS
    ]:
        sounds[position], first = _second_readings()[compact[position]], sounds[position]
        variants.append("".join(sounds))
        sounds[position] = first
    return tuple(variants)


def transcribe(texts: Sequence[str]) -> PinyinBatch | None:
    """The pinyin of the texts that hold Han characters, unit by unit; None if none does."""
    owners = [owner for owner, text in enumerate(texts) if _HAN_RE.search(text)]
    if not owners:
        return None
    joined = "".join([texts[owner] for owner in owners])
    lengths = np.array([len(texts[owner]) for owner in owners], dtype=np.int64)
    firsts = np.cumsum(lengths) - lengths
    codes = code_points(joined)
    is_latin = ((codes >= ord("a")) & (codes <= ord("z"))) | ((codes >= ord("0")) & (codes <= ord("9")))
    is_unit = np.ones(len(codes), dtype=bool)
    is_unit[1:] = ~(is_latin[1:] & is_latin[:-1])
    is_unit[firsts] = True
    units = np.flatnonzero(is_unit)
    letters = np.concatenate([[0], np.cumsum([_SYLLABLES.lengths[character] for character in joined])])
    begins = np.searchsorted(units, firsts)
    sizes = np.diff(np.append(begins, len(units)))
    return PinyinBatch(
        letters=joined.translate(_SYLLABLES),
        edges=np.append(letters[units], letters[-1]),
        positions=units - np.repeat(firsts, sizes),
        widths=np.diff(np.append(units, len(codes))),
        owners=np.array(owners, dtype=np.int64),
        begins=begins,
        sizes=sizes,
    )


@cache
def syllable(character: str) -> str:
    """The commonest reading of a Han character without its tone; other characters are returned unchanged."""
    readings = PINYIN_DICT.get(ord(character)) if is_han(character) else None
    if not readings:
        return character
    plain = unicodedata.normalize("NFD", readings.split(",")[0]).replace("u\u0308", "v")
    match = _LATIN_RUN_RE.match("".join(letter for letter in plain if letter.isascii()))
    return match.group() if match else character


@cache
def _second_readings() -> dict[str, str]:
    """The second everyday reading of each character in polyphones.csv."""
    text = (resources.files("matchers.titles") / "polyphones.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {
        character: next(reading for reading in row["readings"].split() if reading != syllable(character))
        for row in rows
        for character in row["characters"]
    }


class _SyllableLengths(dict[str, int]):
    """The number of letters of a character's pinyin, filled in when a character is first met."""

    def __missing__(self, character: str) -> int:
        self[character] = length = len(syllable(character))
        return length


class _SyllableTable(dict[int, str]):
    """A table for str.translate, filled in when a character is first met."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths = _SyllableLengths()

    def __missing__(self, codepoint: int) -> str:
        self[codepoint] = sound = syllable(chr(codepoint))
        return sound


_SYLLABLES = _SyllableTable()
