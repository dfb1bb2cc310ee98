"""How much a word says: its bits in general text, from a bundled table, so that other works change no score.

A word that is not in the table (a proper name, a model number) is rare; how rare, its length tells in part.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib import resources

from crawler.errors import BadInput, Problem
from crawler.text import is_han

UNKNOWN_HAN_BITS, UNKNOWN_WORD_BITS = 17.0, 20.0  # bits of what the table lacks; its rarest rows have 16 to 19
DIGIT_BITS = 3.3  # bits of a digit: log2 10


def token_bits(token: str) -> float:
    """The information of a folded word, number or Han character; of several Han characters, the sum of them."""
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
    """The information of several tokens."""
    return sum(map(token_bits, tokens))


@cache
def _bits_table() -> dict[str, float]:
    """frequencies.csv: bits, tokens of that many bits, source. Raises BadInput with every bad row."""
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
