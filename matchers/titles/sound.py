"""How Han characters sound: homophones and pinyin written for characters (阴间shen探) lead back to the name.

Only for texts with Han characters, and names of three and more: shorter ones sound like too many others. Each
character has one reading here, its commonest, in names and texts alike; tones are dropped.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from attrs import frozen
from pypinyin.constants import PINYIN_DICT

from crawler.text import is_han
from matchers.titles.reading import Reading

MIN_CHARACTERS = 3  # Han characters of a name that is sought by its sound
MOST_UNITS = 24  # characters or Latin runs of the stretch that is compared
_RUN = re.compile(r"[a-z0-9]{1,60}|.", re.DOTALL)
_LATIN = re.compile(r"[a-z]{1,20}")


@frozen(kw_only=True)
class Heard:
    """The letters of a text; unit i starts at letters[edges[i]] and at place places[i] of the reading."""

    letters: str
    edges: tuple[int, ...]
    places: tuple[int, ...]


def spoken(tight: str) -> str:
    """The pinyin of a name's key, Latin letters and digits as they are; "" for names not sought by sound."""
    if sum(map(is_han, tight)) < MIN_CHARACTERS or len(tight) > MOST_UNITS:
        return ""
    return "".join(map(syllable, tight))


@lru_cache(maxsize=512)
def heard(reading: Reading) -> Heard | None:
    """The text in pinyin, unit by unit; None for a text without Han characters."""
    if not any(map(is_han, reading.tight)):
        return None
    letters, edges, places = [], [0], [0]
    for run in _RUN.finditer(reading.tight):
        sound = syllable(run.group()) if len(run.group()) == 1 else run.group()
        letters.append(sound)
        edges.append(edges[-1] + len(sound))
        places.append(run.end())
    return Heard(letters="".join(letters), edges=tuple(edges), places=tuple(places))


@cache
def syllable(character: str) -> str:
    """The commonest reading of a Han character without its tone; other characters stay."""
    readings = PINYIN_DICT.get(ord(character)) if is_han(character) else None
    if not readings:
        return character
    plain = unicodedata.normalize("NFD", readings.split(",")[0]).replace("u\u0308", "v")
    found = _LATIN.match("".join(letter for letter in plain if letter.isascii()))
    return found.group() if found else character
