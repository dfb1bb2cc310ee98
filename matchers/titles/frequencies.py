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

RARE_HAN, RARE_WORD = 17.0, 20.0  # bits of what the table lacks; its rarest rows have 16 to 19
NUMBER = 3.3  # bits of a digit: log2 10


def bits(token: str) -> float:
    """The information of a folded word, number or Han character; of several Han characters, the sum of them."""
    known = _table().get(token)
    if known is not None:
        return known
    if len(token) > 1 and is_han(token[0]):
        return sum(map(bits, token))
    if is_han(token):
        return RARE_HAN
    if token.isdigit():
        return min(RARE_WORD, 2.0 + NUMBER * len(token))
    return min(RARE_WORD, 4.7 * len(token))


def total_bits(tokens: Iterable[str]) -> float:
    """The information of several tokens."""
    return sum(map(bits, tokens))


@cache
def _table() -> dict[str, float]:
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
