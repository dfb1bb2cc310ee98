"""JSON-LD: the objects in scripts of type application/ld+json, as far as they can be parsed at all.

Shops write it by hand and by template, so trailing commas, comments, line breaks inside strings and missing braces are
common; what even lenient parsing cannot read is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

from crawler.page.page import Page

MAX_SCRIPTS = 60  # 444 saved pages have at most 27
MAX_NESTING = 6  # of lists, @graph and list elements
_WRAPPER_RE = re.compile(
    r"^\s{0,100}(?:<!--|//\s{0,9}<!\[CDATA\[|<!\[CDATA\[|/\*\s{0,9}<!\[CDATA\[\s{0,9}\*/)"
    r"|(?:-->|//\s{0,9}\]\]>|\]\]>)\s{0,100};?\s{0,100}$"
)
_TRAILING_COMMA_RE = re.compile(r",\s{0,200}(?=[}\]])")
_LINE_COMMENT_RE = re.compile(r"^\s*//.*$", re.M)
_NESTED_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "hasVariant", "itemOffered")


def jsonld_objects(page: Page) -> Iterator[Mapping[str, Any]]:
    """Yield the objects that have a type, outer before inner."""
    if "ld+json" not in page.source:
        return
    for script in page.tree.css("script[type*='ld+json']")[:MAX_SCRIPTS]:
        yield from _typed_objects(parse_lenient(script.text() or ""), 0)


def parse_lenient(text: str) -> Any:
    """The JSON value in the text of a script, common errors repaired; None if nothing can be read."""
    for candidate in (text, _WRAPPER_RE.sub("", text), _repair(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    start = text.find("{")
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0] if start >= 0 else None
    except (ValueError, RecursionError):
        return None


def _repair(text: str) -> str:
    text = _LINE_COMMENT_RE.sub("", _WRAPPER_RE.sub("", text))
    return _TRAILING_COMMA_RE.sub("", unescape(text) if "&quot;" in text else text)


def _typed_objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > MAX_NESTING:
        return
    if isinstance(value, list):
        for item in value:
            yield from _typed_objects(item, depth + 1)
    elif isinstance(value, Mapping):
        if value.get("@type"):
            yield value
        for key in _NESTED_KEYS:
            yield from _typed_objects(value.get(key), depth + 1)
