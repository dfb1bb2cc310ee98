"""Words of a name or text: Latin words and numbers as they stand, Han in overlapping pairs; which of them tell most."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

from crawler.text import is_han
from matchers.titles.frequencies import token_bits, total_bits

MAX_INDEXED_TOKENS = 4  # words of a name by which it is found: a name that shares none of them shares little
MIN_INDEXED_TOKEN_BITS = 9.0  # of a word that is worth looking up: commoner ones stand in a quarter of all titles
_HAN_KANA_RANGES = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_RANGES = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_HAN_RE = re.compile(f"[{_HAN_RANGES}]")
_HAN_OR_WORD_RUN_RE = re.compile(rf"[{_HAN_RANGES}]{{1,4000}}|[^\s{_HAN_RANGES}]{{1,200}}")
MAX_INFORMATION_TENS = 8.0  # tens of bits; more says no more
_TOKEN_RUN_RE = re.compile(f"[{_HAN_KANA_RANGES}]{{1,4000}}|[^\\s{_HAN_KANA_RANGES}]{{1,200}}")


def letter_run_pattern(length: int) -> re.Pattern[str]:
    """Finds so many characters that are no Han, as they may stand in one word."""
    return re.compile(f"[^\\s{_HAN_KANA_RANGES}]{{{length}}}")


def tokenize(folded: str) -> list[str]:
    """The words of a folded text, in their order."""
    tokens: list[str] = []
    for part in _TOKEN_RUN_RE.findall(folded):
        if is_han(part[0]) and len(part) > 1:
            tokens.extend(part[position : position + 2] for position in range(len(part) - 1))
        else:
            tokens.append(part)
    return tokens


@lru_cache(maxsize=16_384)
def token_weight(word: str) -> float:
    """What a word counts: its bits; a Han pair counts as one character, as it overlaps the next one."""
    return token_bits(word) / 2 if len(word) == 2 and is_han(word[0]) else token_bits(word)


def informative_tokens(weights: Mapping[str, float]) -> list[str]:
    """The few most telling of a name's words."""
    ranked = sorted(weights, key=lambda word: (-weights[word], word))[:MAX_INDEXED_TOKENS]
    return [word for word in ranked if token_bits(word) >= MIN_INDEXED_TOKEN_BITS]


def has_han(folded: str) -> bool:
    """Whether a folded text holds Han characters."""
    return not folded.isascii() and _HAN_RE.search(folded) is not None


def information_bits(folded: str) -> float:
    """The information of a name's words and Han characters in tens of bits, at most 8."""
    tokens: list[str] = []
    for part in _HAN_OR_WORD_RUN_RE.findall(folded):
        tokens.extend(part if is_han(part[0]) else [part])
    return min(MAX_INFORMATION_TENS, total_bits(tokens) / 10)


@lru_cache(maxsize=16_384)
def token_id(word: str) -> int:
    """A number of 32 bits for a word, the same on every machine."""
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "little")
