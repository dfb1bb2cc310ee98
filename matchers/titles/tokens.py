"""Tokens of a name or text (Latin words, numbers, Han bigrams) and their information in bits.

The bits come from a bundled table of general text (frequencies.csv), so that other works change no score. A word that
is not in the table (a proper name, a model number) is rare; its length partly tells how rare.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from hashlib import blake2b
from importlib import resources

from crawler.errors import BadInput, Problem
from crawler.text import is_han

MAX_INDEXED_TOKENS = 4  # tokens by which a name is found: a name that shares none of them shares little
MIN_INDEXED_TOKEN_BITS = 9.0  # bits of a token worth looking up: commoner ones occur in a quarter of all titles
_HAN_KANA_RANGES = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAN_RANGES = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_HAN_RE = re.compile(f"[{_HAN_RANGES}]")
_HAN_OR_WORD_RUN_RE = re.compile(rf"[{_HAN_RANGES}]{{1,4000}}|[^\s{_HAN_RANGES}]{{1,200}}")
MAX_INFORMATION_TENS = 8.0  # tens of bits; more adds nothing
_TOKEN_RUN_RE = re.compile(f"[{_HAN_KANA_RANGES}]{{1,4000}}|[^\\s{_HAN_KANA_RANGES}]{{1,200}}")


def letter_run_pattern(length: int) -> re.Pattern[str]:
    """A pattern for `length` consecutive characters of one token that are neither Han nor kana."""
    return re.compile(f"[^\\s{_HAN_KANA_RANGES}]{{{length}}}")


def tokenize(folded: str) -> list[str]:
    """The tokens of a folded text, in order."""
    tokens: list[str] = []
    for part in _TOKEN_RUN_RE.findall(folded):
        if is_han(part[0]) and len(part) > 1:
            tokens.extend(part[position : position + 2] for position in range(len(part) - 1))
        else:
            tokens.append(part)
    return tokens


@lru_cache(maxsize=16_384)
def token_weight(word: str) -> float:
    """The weight of a token: its bits; a Han bigram counts as one character, as it overlaps the next one."""
    return token_bits(word) / 2 if len(word) == 2 and is_han(word[0]) else token_bits(word)


def informative_tokens(weights: Mapping[str, float]) -> list[str]:
    """The few most informative tokens of a name, from the weights of all of them."""
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
    """A 32-bit number for a token, the same on every machine."""
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "little")


UNKNOWN_HAN_BITS, UNKNOWN_WORD_BITS = 17.0, 20.0  # bits of what is not in the table; its rarest rows have 16 to 19
DIGIT_BITS = 3.3  # bits of a digit: log2 10


def token_bits(token: str) -> float:
    """The bits of a folded word, number or Han character; for several Han characters, their sum."""
    table_bits = _bits_table().get(token)
    if table_bits is not None:
        return table_bits
    if len(token) > 1 and is_han(token[0]):
        return sum(map(token_bits, token))
    if is_han(token):
        return UNKNOWN_HAN_BITS
    if token.isdigit():
        return min(UNKNOWN_WORD_BITS, 2.0 + DIGIT_BITS * len(token))
    return min(UNKNOWN_WORD_BITS, 4.7 * len(token))


def total_bits(tokens: Iterable[str]) -> float:
    """The summed bits of several tokens."""
    return sum(map(token_bits, tokens))


@cache
def _bits_table() -> dict[str, float]:
    """Bits by token, from frequencies.csv (bits, tokens of these bits, source). Raises BadInput with every bad row."""
    text = (resources.files("matchers.titles") / "frequencies.csv").read_text(encoding="utf-8")
    table: dict[str, float] = {}
    problems: list[Problem] = []
    csv.field_size_limit(10_000_000)
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if not row["bits"].isdigit() or not row["tokens"] or not row["source"]:
            problems.append(Problem(file="frequencies.csv", line=line, message="whole bits, tokens, a source"))
            continue
        table.update(dict.fromkeys(row["tokens"].split(), float(row["bits"])))
    if problems:
        raise BadInput(problems)
    return table
