"""What a page says about itself to machines: JSON-LD and microdata as one list of objects, Open Graph as a table.

Both vocabularies end in the same shape: `fields` as JSON-LD writes them (values, lists, nested mappings with "@type").
Pages that have neither cost nothing but two searches for a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from crawler.page.jsonld import MAX_NESTING, jsonld_objects
from crawler.page.microdata import microdata_items
from crawler.page.page import Page


@frozen(kw_only=True)
class StructuredObject:
    """One object: the last part of its types ("Product"), its fields, and whether JSON-LD or microdata said it."""

    types: tuple[str, ...]
    fields: Mapping[str, Any]
    source: str


def structured_objects(page: Page) -> list[StructuredObject]:
    """The objects of a page, outer before inner, JSON-LD before microdata."""
    jsonld_items = [
        StructuredObject(types=_type_names(item["@type"]), fields=item, source="json-ld")
        for item in jsonld_objects(page)
    ]
    return jsonld_items + [item for value in microdata_items(page) for item in _microdata_objects(value)]


def opengraph(page: Page) -> dict[str, list[str]]:
    """Open Graph and kindred meta tags (og:, product:, book:, twitter:): name -> contents that are not empty."""
    table: dict[str, list[str]] = {}
    for tag in page.css("meta[content]"):
        attributes = tag.attrib
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        content = attributes["content"].strip()
        if content and name.startswith(("og:", "product:", "book:", "twitter:", "description")):
            table.setdefault(name, []).append(content)
    return table


def texts(value: Any) -> list[str]:
    """All texts in a value of any shape: plain, a list, or objects with a name, a value or an address."""
    if isinstance(value, str):
        return [" ".join(value.split())] if value.strip() else []
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, Mapping):
        keys = ("name", "@value", "value", "url", "contentUrl", "@id")
        return next((inner_texts for key in keys if (inner_texts := texts(value.get(key)))), [])
    return [text for item in value for text in texts(item)] if isinstance(value, list) else []


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a value that is one, or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def _microdata_objects(value: Any, depth: int = 0) -> Iterator[StructuredObject]:
    if not isinstance(value, Mapping) or depth > MAX_NESTING:
        return
    yield StructuredObject(types=_type_names(value["@type"]), fields=value, source="microdata")
    for key in ("itemListElement", "item", "mainEntity"):
        inner = value.get(key)
        for item in inner if isinstance(inner, list) else [inner]:
            yield from _microdata_objects(item, depth + 1)


def _type_names(value: Any) -> tuple[str, ...]:
    return tuple(text.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for text in texts(value))
