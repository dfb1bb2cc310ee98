"""Find words of piracy spelled by sound: pinyin for characters (dian子版, 网pan), or homophones (破姐版).

Only words of sounds.csv; those with everyday homophones (复印 and 福音) count only if spelled partly in letters.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import accumulate

from ahocorasick_rs import AhoCorasick
from attrs import frozen

from crawler.text import is_han
from matchers.titles.phonetics import syllable

MAX_TEXT_CHARS = 4_000  # of a text; the rest is not searched


@frozen(kw_only=True)
class Homophone:
    """A word of the list that is spelled by sound at [start:end] of a folded text."""

    word: str
    area: str
    probability: float
    start: int
    end: int


def find_homophones(folded_text: str) -> Iterator[Homophone]:
    """The words of the list that `key`, a folded text, spells by sound and not by their own characters."""
    if folded_text.isascii():
        return
    places, sounds = _sound_units(folded_text[:MAX_TEXT_CHARS])
    automaton, words = _homophone_automaton()
    matches = automaton.find_matches_as_indexes("".join(sounds), overlapping=True)
    if not matches:
        return
    unit_by_edge = {edge: unit for unit, edge in enumerate(accumulate(map(len, sounds), initial=0))}
    for index, first, last in matches:
        if first in unit_by_edge and last in unit_by_edge:
            start, end = places[unit_by_edge[first]], places[unit_by_edge[last]]
            row, spelling = words[index], folded_text[start:end].replace(" ", "")
            if spelling != row["word"] and (row["homophones"] == "yes" or _has_letters(spelling)):
                chance = float(row["probability"])
                yield Homophone(word=row["word"], area=row["area"], probability=chance, start=start, end=end)


def _sound_units(folded_text: str) -> tuple[list[int], list[str]]:
    """The start of each unit (plus the end of the last) and its sound; units are Han characters and runs of letters."""
    places: list[int] = []
    sounds: list[str] = []
    in_word = False
    for place, sign in enumerate(folded_text):
        if "a" <= sign <= "z":
            if in_word:
                sounds[-1] += sign
                continue
            in_word = True
        else:
            in_word = False
            if sign == " ":
                continue
        places.append(place)
        sounds.append(_unit_sound(sign))
    return [*places, len(folded_text)], sounds


@cache
def _unit_sound(sign: str) -> str:
    return syllable(sign) if is_han(sign) else sign


def _has_letters(text: str) -> bool:
    return any("a" <= sign <= "z" for sign in text)


@cache
def _homophone_automaton() -> tuple[AhoCorasick, list[dict[str, str]]]:
    text = (resources.files("matchers.signals") / "sounds.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return AhoCorasick(["".join(map(syllable, row["word"])) for row in rows]), rows
