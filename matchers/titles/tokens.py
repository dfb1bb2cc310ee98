"""Words of a name or text: Latin words and numbers as they stand, Han in overlapping pairs; which of them tell most."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

from crawler.text import is_han
from matchers.titles.frequencies import bits, total_bits

MOST_TELLING = 4  # words of a name by which it is found: a name that shares none of them shares little
LEAST_BITS = 9.0  # of a word that is worth looking up: commoner ones stand in a quarter of all titles
_GLUED = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_ANY_HAN = re.compile(f"[{_HAN}]")
_APART = re.compile(rf"[{_HAN}]{{1,4000}}|[^\s{_HAN}]{{1,200}}")
MOST_BITS = 8.0  # tens of bits; more says no more
_PART = re.compile(f"[{_GLUED}]{{1,4000}}|[^\\s{_GLUED}]{{1,200}}")


def run_of_letters(length: int) -> re.Pattern[str]:
    """Finds so many characters that are no Han, as they may stand in one word."""
    return re.compile(f"[^\\s{_GLUED}]{{{length}}}")


def words_of(key: str) -> list[str]:
    """The words of a folded text, in their order."""
    found: list[str] = []
    for part in _PART.findall(key):
        if is_han(part[0]) and len(part) > 1:
            found.extend(part[place : place + 2] for place in range(len(part) - 1))
        else:
            found.append(part)
    return found


@lru_cache(maxsize=16_384)
def weight(word: str) -> float:
    """What a word counts: its bits; a Han pair counts as one character, as it overlaps the next one."""
    return bits(word) / 2 if len(word) == 2 and is_han(word[0]) else bits(word)


def telling(weights: Mapping[str, float]) -> list[str]:
    """The few most telling of a name's words."""
    ranked = sorted(weights, key=lambda word: (-weights[word], word))[:MOST_TELLING]
    return [word for word in ranked if bits(word) >= LEAST_BITS]


def holds_han(key: str) -> bool:
    """Whether a folded text holds Han characters."""
    return not key.isascii() and _ANY_HAN.search(key) is not None


def told_bits(key: str) -> float:
    """The information of a name's words and Han characters in tens of bits, at most 8."""
    found: list[str] = []
    for part in _APART.findall(key):
        found.extend(part if is_han(part[0]) else [part])
    return min(MOST_BITS, total_bits(found) / 10)


@lru_cache(maxsize=16_384)
def number_of(word: str) -> int:
    """A number of 32 bits for a word, the same on every machine."""
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "little")
