"""The words that pages put beside facts, read from words.toml: labels by field, and what a button or a note means."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

LABELS = frozenset(("brand", "sku", "mpn", "gtin", "isbn", "author", "publisher", "seller", "published"))
MEANINGS = frozenset(("buy", "sold", "stock", "former", "price", "lead"))


@cache
def labels() -> dict[str, tuple[str, ...]]:
    """Label in lower case -> the fields it may stand for. Raises ValueError for a row that names another field."""
    found: dict[str, tuple[str, ...]] = {}
    for row in _rows("label", "field", LABELS):
        for word in row["words"]:
            found[word] = (*found.get(word, ()), row["field"])
    return found


@cache
def saying(meaning: str) -> re.Pattern[str]:
    """A pattern for any of the words with this meaning; words of letters with spaces between them end at a boundary."""
    ordered = sorted(words(meaning), key=lambda word: (-len(word), word))
    return re.compile("|".join(_bounded(word) for word in ordered), re.I)


@cache
def words(meaning: str) -> tuple[str, ...]:
    """The words with this meaning, in lower case."""
    rows = _rows("word", "means", MEANINGS)
    return tuple(sorted({word for row in rows if row["means"] == meaning for word in row["words"]}))


def lowered(text: str) -> str:
    """A text in lower case whose places are those of the text itself."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("İ", "i").lower()


def _bounded(word: str) -> str:
    spaced = word[-1].isalpha() and word[-1] < "\u0e00"  # scripts below write spaces between words
    return rf"\b{re.escape(word)}\b" if spaced else re.escape(word)


def _rows(table: str, key: str, known: frozenset[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _read()[table]
    for number, row in enumerate(rows, start=1):
        if row.get(key) not in known or not row.get("source") or not row.get("words"):
            raise ValueError(f"words.toml: {table} {number}: {key}, words or source is missing or unknown")
    return rows


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads((resources.files("crawler.page") / "words.toml").read_text(encoding="utf-8"))
