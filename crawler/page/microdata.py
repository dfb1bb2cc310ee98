"""Microdata: elements with itemscope become objects in the shape of JSON-LD, in one pass over the marked elements.

Each property belongs to the nearest item around it, as in the specification; a `content` attribute counts on any
element, because shops use it that way. References (itemref) are not followed.
"""

from __future__ import annotations

from typing import Any

from attrs import Factory, define
from selectolax.lexbor import LexborNode

from crawler.page.page import Page, visible_text

MAX_ELEMENTS = 4_000  # marked elements; more are the rows of a list, and the first suffice
MAX_TOTAL_CHARS = 2_000_000  # read as values altogether: nested elements repeat their text
MAX_VALUE_CHARS = 5_000
_ADDRESS_ATTRIBUTES = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("img", "audio", "video", "source", "embed", "iframe", "track"), "src"),
    "object": "data",
}


class ShownText(str):
    """The text that an element shows: in a price its dots and commas are those of the reader's country."""


@define
class _Items:
    """The items of a page by the `mem_id` of their elements, and those that belong to no other."""

    by_element_id: dict[int, dict[str, Any]] = Factory(dict)
    top_level: list[dict[str, Any]] = Factory(list)
    chars_read: int = 0


def microdata_items(page: Page) -> list[dict[str, Any]]:
    """The items of a page that belong to no other, in page order."""
    if "itemscope" not in page.source:
        return []
    items = _Items()
    for node in page.nodes("[itemscope], [itemprop]", MAX_ELEMENTS):
        attributes = node.attributes
        names = (attributes.get("itemprop") or "").split()
        item = {"@type": attributes.get("itemtype") or ""} if "itemscope" in attributes else None
        if item is not None:
            items.by_element_id[node.mem_id] = item
        owner = _find_owner(node, items) if names else None
        if owner is not None:
            value = _property_value(node, attributes, page, items) if item is None else item
            for name in names:
                _add_property(owner, name.rsplit("/", 1)[-1], value)
        elif item is not None:
            items.top_level.append(item)
    return items.top_level


def _find_owner(node: LexborNode, items: _Items) -> dict[str, Any] | None:
    ancestor = node.parent
    while ancestor is not None:
        owner = items.by_element_id.get(ancestor.mem_id)
        if owner is not None:
            return owner
        ancestor = ancestor.parent
    return None


def _add_property(owner: dict[str, Any], name: str, value: Any) -> None:
    if name in owner:
        previous = owner[name]
        owner[name] = [*previous, value] if isinstance(previous, list) else [previous, value]
    else:
        owner[name] = value


def _property_value(node: LexborNode, attributes: dict[str, str | None], page: Page, items: _Items) -> str:
    if node.tag != "meta" and not attributes.get("content"):
        address = attributes.get(_ADDRESS_ATTRIBUTES.get(node.tag or "", "")) or ""
        if address.strip():
            return page.link(address) or ""
        machine_value = attributes.get("datetime") or attributes.get("value")
        if machine_value and node.tag in ("time", "data", "meter"):
            return machine_value.strip()
        if items.chars_read > MAX_TOTAL_CHARS:
            return ""
        text = visible_text(node)
        items.chars_read += len(text)
        return ShownText(text[:MAX_VALUE_CHARS])
    return (attributes.get("content") or "").strip()[:MAX_VALUE_CHARS]
