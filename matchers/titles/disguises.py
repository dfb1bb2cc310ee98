"""Disguises that a fold cannot undo, as they need a look at the neighbours: symbols for letters, split characters."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from ahocorasick_rs import AhoCorasick

from crawler.text import fold
from matchers.titles.frequencies import bits

RARE = 13.0  # bits of a character: a pair with such a part (白勺) is seldom two words (女子)
_DRAWN = re.compile(
    r"(?<=[^\W_])[@!](?=[^\W_])|(?<=[^\W_])@(?![^\s])|(?<![^\s])@(?=[^\W_])",
)


def drawn_letters(text: str) -> str:
    """`text` with @ and ! inside words as the letters a and i, for which they are drawn; as long as before."""
    if "@" not in text and "!" not in text:
        return text
    return _DRAWN.sub(lambda found: "a" if found.group() == "@" else "i", text)


def joined_characters(tight: str, eager: bool) -> tuple[str, tuple[int, ...]]:
    """A key with split characters joined (白勺 is 的), and the place of each character; ("", ()) where none is.

    Only pairs with a rare part are joined, unless `eager`.
    """
    parts = _split_characters()
    if not _pairs().find_matches_as_indexes(tight):
        return "", ()
    letters: list[str] = []
    places: list[int] = []
    place = 0
    while place < len(tight):
        pair = tight[place : place + 2]
        joined = parts.get(pair)
        if joined and not eager and max(map(bits, pair)) < RARE:
            joined = None
        letters.append(joined or tight[place])
        places.append(place)
        place += 2 if joined else 1
    return ("".join(letters), tuple(places)) if len(letters) < len(tight) else ("", ())


@cache
def _pairs() -> AhoCorasick:
    return AhoCorasick(list(_split_characters()))


@cache
def _split_characters() -> dict[str, str]:
    """splits.csv: the two parts and the character they make, folded."""
    text = (resources.files("matchers.titles") / "splits.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {fold(parts): fold(row["character"]) for row in rows for parts in row["parts"].split()}
