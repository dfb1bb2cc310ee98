"""The words that pages write beside facts (words.toml): labels by field, and the meaning of buttons and notes."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any
from unicodedata import normalize

# A blank between two characters of a label: at the beginning of a line, before a colon or its end.
_STRETCH_RE = re.compile(r"(?<=^[\u3400-\u9fff]) (?=[\u3400-\u9fff](?: ?:|$))")
LABEL_FIELDS = frozenset(
    ("name", "brand", "sku", "mpn", "gtin", "isbn", "package", "author", "publisher", "seller", "published")
)
WORD_MEANINGS = frozenset(("buy", "sold", "stock", "former", "price", "lead", "next", "description"))


@cache
def label_fields() -> dict[str, tuple[str, ...]]:
    """Label in lower case -> the fields it may stand for. Raises ValueError for a row with an unknown field."""
    fields_by_label: dict[str, tuple[str, ...]] = {}
    for row in _read_rows("label", "field", LABEL_FIELDS):
        for word in row["words"]:
            fields_by_label[word] = (*fields_by_label.get(word, ()), row["field"])
    return fields_by_label


@cache
def meaning_pattern(meaning: str) -> re.Pattern[str]:
    """A pattern for any word with this meaning; in scripts with spaces between words it matches whole words only."""
    ordered = sorted(meaning_words(meaning), key=lambda word: (-len(word), word))
    return re.compile("|".join(_word_pattern(word) for word in ordered), re.I)


@cache
def meaning_words(meaning: str) -> tuple[str, ...]:
    """The words with this meaning, in lower case."""
    rows = _read_rows("word", "means", WORD_MEANINGS)
    return tuple(sorted({word for row in rows if row["means"] == meaning for word in row["words"]}))


def lower_same_length(text: str) -> str:
    """`text` in lower case, every character at the same position."""
    lowercase = text.lower()
    return lowercase if len(lowercase) == len(text) else text.replace("İ", "i").lower()


def joined_label(text: str) -> str:
    """`text` in its compatible form, without the blank that stretches a Chinese label ("价　格：" is "价格:")."""
    return _STRETCH_RE.sub("", " ".join(normalize("NFKC", text).split()))


def _word_pattern(word: str) -> str:
    is_spaced = word[-1].isalpha() and word[-1] < "\u0e00"  # scripts below U+0E00 put spaces between words
    return rf"\b{re.escape(word)}\b" if is_spaced else re.escape(word)


def _read_rows(table: str, key: str, allowed: frozenset[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _load_tables()[table]
    for number, row in enumerate(rows, start=1):
        if row.get(key) not in allowed or not row.get("source") or not row.get("words"):
            raise ValueError(f"words.toml: {table} {number}: {key}, words or source is missing or unknown")
    return rows


@cache
def _load_tables() -> dict[str, Any]:
    return tomllib.loads((resources.files("crawler.page") / "words.toml").read_text(encoding="utf-8"))
