"""What a page says about itself to machines: JSON-LD and microdata as one list of objects, Open Graph as a table.

Both vocabularies end in the same shape: `fields` as JSON-LD writes them (values, lists, nested mappings with "@type").
Pages that have neither cost nothing but two searches for a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import extruct
from attrs import frozen

from crawler.page.page import Page

_DEEPEST_ITEM = 10  # microdata items inside one another; beyond it the reader of microdata takes cubic time
_DEEPEST = 6  # nesting of lists, @graph and list elements that is followed


@frozen(kw_only=True)
class Described:
    """One object: the last part of its types ("Product"), its fields, and whether JSON-LD or microdata said it."""

    types: tuple[str, ...]
    fields: Mapping[str, Any]
    source: str


def described(page: Page) -> list[Described]:
    """The objects of a page, outer before inner, JSON-LD before microdata."""
    marks = (("json-ld", "ld+json"), ("microdata", "itemscope"))
    syntaxes = [syntax for syntax, mark in marks if mark in page.source]
    if "microdata" in syntaxes and _items_inside_one_another(page) > _DEEPEST_ITEM:
        syntaxes.remove("microdata")
    if not syntaxes:
        return []
    found = extruct.extract(page.source, base_url=page.url, syntaxes=syntaxes, errors="ignore")
    linked = [each for value in found.get("json-ld", ()) for each in _linked(value, 0)]
    return linked + [each for value in found.get("microdata", ()) for each in _marked(value)]


def _items_inside_one_another(page: Page) -> int:
    """How deep the microdata items of a page are nested."""
    items = page.css("[itemscope]")
    return max((len(list(islice(item.ancestors("itemscope"), _DEEPEST_ITEM + 1))) for item in items), default=0)


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
        return next((found for key in keys if (found := texts(value.get(key)))), [])
    return [text for each in value for text in texts(each)] if isinstance(value, list) else []


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The mappings in a value that is one, or a list of them."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping)]


def _linked(value: Any, depth: int) -> Iterator[Described]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _linked(each, depth + 1)
    elif isinstance(value, Mapping):
        if value.get("@type"):
            yield Described(types=_types(value["@type"]), fields=value, source="json-ld")
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item", "hasVariant"):
            yield from _linked(value.get(key), depth + 1)


def _marked(value: Any, depth: int = 0) -> Iterator[Described]:
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return
    plain = _plain(value, 0)
    yield Described(types=_types(plain.get("@type")), fields=plain, source="microdata")
    for key in ("itemListElement", "item", "mainEntity"):
        inner = (value.get("properties") or {}).get(key)
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _marked(each, depth + 1)


def _plain(value: Any, depth: int) -> Any:
    """extruct's microdata (type, properties) in the shape of JSON-LD."""
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if not isinstance(value, Mapping) or depth > 2 * _DEEPEST:
        return value
    fields = {name: _plain(each, depth + 1) for name, each in (value.get("properties") or {}).items()}
    return {**fields, "@type": value.get("type") or "", "@value": value.get("value")}


def _types(value: Any) -> tuple[str, ...]:
    return tuple(text.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for text in texts(value))
