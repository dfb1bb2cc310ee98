"""Microdata: elements with itemscope become objects in the shape of JSON-LD, in one walk over the marked elements.

Each property belongs to the nearest item around it, as in the specification; a `content` attribute counts on any
element, because that is how shops use it. References (itemref) are not followed.
"""

from __future__ import annotations

from typing import Any

from attrs import Factory, define
from selectolax.lexbor import LexborNode

from crawler.page.page import Page, visible_text

MOST = 4_000  # marked elements looked at; more are the rows of a list, and the first suffice
MOST_TEXT = 2_000_000  # characters read as values altogether: elements inside one another repeat their text
LONGEST = 5_000  # characters of one value
_ADDRESS = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("img", "audio", "video", "source", "embed", "iframe", "track"), "src"),
    "object": "data",
}


@define
class _Items:
    """The items of a page by the identity of their elements."""

    found: dict[int, dict[str, Any]] = Factory(dict)
    top: list[dict[str, Any]] = Factory(list)
    read: int = 0


def microdata(page: Page) -> list[dict[str, Any]]:
    """The items of a page that belong to no other, in page order."""
    if "itemscope" not in page.source:
        return []
    items = _Items()
    for node in page.nodes("[itemscope], [itemprop]", MOST):
        attributes = node.attributes
        names = (attributes.get("itemprop") or "").split()
        item = {"@type": attributes.get("itemtype") or ""} if "itemscope" in attributes else None
        if item is not None:
            items.found[node.mem_id] = item
        owner = _owner(node, items) if names else None
        if owner is not None:
            value = _value(node, attributes, page, items) if item is None else item
            for name in names:
                _add(owner, name.rsplit("/", 1)[-1], value)
        elif item is not None:
            items.top.append(item)
    return items.top


def _owner(node: LexborNode, items: _Items) -> dict[str, Any] | None:
    around = node.parent
    while around is not None:
        owner = items.found.get(around.mem_id)
        if owner is not None:
            return owner
        around = around.parent
    return None


def _add(owner: dict[str, Any], name: str, value: Any) -> None:
    if name in owner:
        old = owner[name]
        owner[name] = [*old, value] if isinstance(old, list) else [old, value]
    else:
        owner[name] = value


def _value(node: LexborNode, attributes: dict[str, str | None], page: Page, items: _Items) -> str:
    if node.tag != "meta" and not attributes.get("content"):
        address = attributes.get(_ADDRESS.get(node.tag or "", "")) or ""
        if address.strip():
            return page.link(address) or ""
        stated = attributes.get("datetime") or attributes.get("value")
        if stated and node.tag in ("time", "data", "meter"):
            return stated.strip()
        if items.read > MOST_TEXT:
            return ""
        text = visible_text(node)
        items.read += len(text)
        return text[:LONGEST]
    return (attributes.get("content") or "").strip()[:LONGEST]
