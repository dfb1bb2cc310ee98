"""JSON-LD: the objects in scripts of type application/ld+json, as far as they can be parsed at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crawler.page.lenient_json import parse_values
from crawler.page.page import Page

MAX_SCRIPTS = 60  # 444 saved pages have at most 27
MAX_NESTING = 6  # of lists, @graph and list elements
_NESTED_KEYS = ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "hasVariant", "itemOffered")
_REFERRING_KEYS = frozenset({"offers", "author", "brand", "seller", "publisher"})


def jsonld_objects(page: Page) -> Iterator[Mapping[str, Any]]:
    """Yield the objects that have a type, outer before inner."""
    if "@type" not in page.source and "ld+json" not in page.source:
        return
    scripts = [script for script in page.tree.css("script[type]") if _is_jsonld(script.attributes.get("type") or "")]
    values = [value for script in scripts[:MAX_SCRIPTS] for value in parse_values(script.text() or "")]
    found = [item for value in values for item in _typed_objects(value, 0)]
    by_id = {item["@id"]: item for item in found if isinstance(item.get("@id"), str)}
    for item in found:
        yield {key: _resolve(value, by_id) if key in _REFERRING_KEYS else value for key, value in item.items()}


def _resolve(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> Any:
    """A value, or the objects that it only refers to: {"@id": "#offer"}."""
    if isinstance(value, list):
        return [_resolve(item, by_id) for item in value]
    is_reference = isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get("@id"), str)
    return by_id.get(value["@id"], value) if is_reference else value


def _is_jsonld(script_type: str) -> bool:
    """Whether a type is that of JSON-LD in any case, with parameters, or with its parts in the wrong order."""
    parts = script_type.lower().partition(";")[0].replace("/", "+").split("+")
    return {"ld", "json"} <= {part.strip() for part in parts}


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
