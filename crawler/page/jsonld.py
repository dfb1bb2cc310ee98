"""JSON-LD: the objects that scripts of type application/ld+json hold, as far as they can be read at all.

Shops write it by hand and by template, so trailing commas, comments, line breaks inside strings and missing braces are
everyday; what even a lenient reading does not understand is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from crawler.page.page import Page

MOST = 60  # scripts looked at; 444 saved pages have at most 27
DEEPEST = 6  # nesting of lists, @graph and list elements that is followed
_AROUND = re.compile(
    r"^\s{0,100}(?:<!--|//\s{0,9}<!\[CDATA\[|<!\[CDATA\[|/\*\s{0,9}<!\[CDATA\[\s{0,9}\*/)"
    r"|(?:-->|//\s{0,9}\]\]>|\]\]>)\s{0,100};?\s{0,100}$"
)
_COMMA = re.compile(r",\s{0,200}(?=[}\]])")
_LINE = re.compile(r"^\s*//.*$", re.M)
_INNER = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "hasVariant", "itemOffered")


def json_ld(page: Page) -> Iterator[Mapping[str, Any]]:
    """Objects that have a type, outer before inner."""
    if "ld+json" not in page.source:
        return
    for script in page.tree.css("script[type*='ld+json']")[:MOST]:
        yield from _typed(parsed(script.text() or ""), 0)


def parsed(text: str) -> Any:
    """The value that a script holds; None where nothing can be read."""
    for candidate in (text, _AROUND.sub("", text), _mended(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    start = text.find("{")
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0] if start >= 0 else None
    except (ValueError, RecursionError):
        return None


def _mended(text: str) -> str:
    text = _LINE.sub("", _AROUND.sub("", text))
    return _COMMA.sub("", unescape(text) if "&quot;" in text else text)


def _typed(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _typed(each, depth + 1)
    elif isinstance(value, Mapping):
        if value.get("@type"):
            yield value
        for key in _INNER:
            yield from _typed(value.get(key), depth + 1)
