"""Phrases with numbers in them that sellers and releases put beside any title: editions, episodes, sizes, prices.

Kept as patterns over folded texts in phrases.csv; each begins at a word border and comes with examples, which
show every character that it can begin with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

from crawler.errors import BadInput, Problem

_NUMBER_RE = re.compile(r"[0-9一二三四五六七八九十]|edition")


def find_phrases(folded: str) -> Iterator[tuple[int, int]]:
    """Where such phrases stand in a folded text."""
    if _NUMBER_RE.search(folded):
        for match in _phrases_re().finditer(folded):
            yield match.span()


@cache
def _phrases_re() -> re.Pattern[str]:
    """All patterns in one; what they begin with is looked at first, as that is nearly always wanting."""
    either = "|".join(f"(?:{row['pattern']})" for row in phrase_rows())
    firsts = "".join(
        sorted({example[0] for row in phrase_rows() for example in row["examples"].split("|")} | set("0123456789"))
    )
    return re.compile(rf"(?<![a-z\d])(?=[{firsts}])(?:{either})")


def phrase_rows() -> list[dict[str, str]]:
    """phrases.csv: pattern, examples, source. Raises BadInput with every bad row."""
    text = (resources.files("matchers.titles") / "phrases.csv").read_text(encoding="utf-8")
    good_rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        examples = row["examples"].split("|")
        if row["source"] and all(re.fullmatch(row["pattern"], example) for example in examples):
            good_rows.append(row)
        else:
            problems.append(Problem(file="phrases.csv", line=line, message="a pattern, what it matches, a source"))
    if problems:
        raise BadInput(problems)
    return good_rows
