"""Disguises that a fold cannot undo, as they need a look at the neighbours: symbols for letters, split characters."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from ahocorasick_rs import AhoCorasick

from crawler.text import fold
from matchers.titles.frequencies import token_bits

RARE_PART_BITS = 13.0  # bits of a character: a pair with such a part (白勺) is seldom two words (女子)
_DRAWN_SYMBOL_RE = re.compile(
    r"(?<=[^\W_])[@!](?=[^\W_])|(?<=[^\W_])@(?![^\s])|(?<![^\s])@(?=[^\W_])",
)


def replace_symbols(text: str) -> str:
    """`text` with @ and ! inside words as the letters a and i, for which they are drawn; as long as before."""
    if "@" not in text and "!" not in text:
        return text
    return _DRAWN_SYMBOL_RE.sub(lambda match: "a" if match.group() == "@" else "i", text)


def join_split_characters(compact: str, eager: bool) -> tuple[str, tuple[int, ...]]:
    """A key with split characters joined (白勺 is 的), and the place of each character; ("", ()) where none is.

    Only pairs with a rare part are joined, unless `eager`.
    """
    parts = _split_characters()
    if not _pair_automaton().find_matches_as_indexes(compact):
        return "", ()
    letters: list[str] = []
    positions: list[int] = []
    position = 0
    while position < len(compact):
        pair = compact[position : position + 2]
        joined_character = parts.get(pair)
        if joined_character and not eager and max(map(token_bits, pair)) < RARE_PART_BITS:
            joined_character = None
        letters.append(joined_character or compact[position])
        positions.append(position)
        position += 2 if joined_character else 1
    return ("".join(letters), tuple(positions)) if len(letters) < len(compact) else ("", ())


@cache
def _pair_automaton() -> AhoCorasick:
    return AhoCorasick(list(_split_characters()))


@cache
def _split_characters() -> dict[str, str]:
    """splits.csv: the two parts and the character they make, folded."""
    text = (resources.files("matchers.titles") / "splits.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {fold(parts): fold(row["character"]) for row in rows for parts in row["parts"].split()}
