"""Texts of a page that stand alike, and the block around each: what a list of anything looks like in markup.

Elements that may be titles form a group where tags and classes around them are the same. The block of a text is the
largest element around it that holds no other text of its group. Menus, headers and footers are passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from attrs import define, frozen
from selectolax.lexbor import LexborNode

from crawler.page.page import Page, holds_blocks, visible_text
from crawler.page.row import MOST

LOOKED_AT = 4_000  # elements that may be titles
LEAST = 2  # texts of a group
MENU_REACH = 6  # elements around a title that are asked whether they are a menu
OUTMOST = 40  # elements around a title that are known
SHORTEST, LONGEST = 2, 300  # characters of a title
_TITLES = (
    "a, h2, h3, h4, h5, strong, b, dt, td, td > span, [class*=title], [class*=Title], [class*=name], [class*=Name], "
    "[class*=text]"
)
_ASIDE = frozenset(("nav", "header", "footer", "aside", "select"))
_ASIDE_NAMES = re.compile(
    r"\b(?:nav|menu|breadcrumb|crumb|footer|header|sidebar|pagination|pager|filter|facet|tags?|cookie|language|social)",
    re.I,
)
_DIGITS = re.compile(r"\d+")


@frozen
class Text:
    """An element that may be the title of a row. `around`: identities of the elements around it, inner first."""

    node: LexborNode
    text: str
    around: tuple[int, ...]


@define
class Block:
    """What stands around one title."""

    title: Text
    node: LexborNode

    def words(self) -> str:
        """The visible text of the block."""
        return visible_text(self.node)[:3_000]


@frozen
class _Place:
    """Where an element stands: the elements around it, inner first, how the nearest of them are called, and how far
    off the nearest is that a class calls a menu."""

    around: tuple[int, ...] = ()
    signature: tuple[str, ...] = ("",)
    menu: int = MENU_REACH

    @property
    def aside(self) -> bool:
        """Whether what stands here belongs to a menu."""
        return self.menu < MENU_REACH


def groups(page: Page) -> Iterable[list[Text]]:
    """The texts that stand alike, where most of them differ."""
    found: dict[tuple[str, ...], list[Text]] = {}
    places: dict[int, _Place] = {}
    for node in page.nodes(_TITLES, LOOKED_AT):
        place = _place(node.parent, places)
        text = "" if place.aside else _title(node)
        if SHORTEST <= len(text) <= LONGEST:
            signature = (node.tag or "", _class(node), *place.signature)
            found.setdefault(signature, []).append(Text(node, text, place.around))
    for group in found.values():
        different = {each.text for each in group}
        if len(different) >= LEAST and len(different) * 2 > len(group):
            yield group


def blocks(group: Sequence[Text]) -> list[Block]:
    """The block of each text of a group."""
    shared = Counter(identity for each in group for identity in each.around)
    found = []
    for each in group[:MOST]:
        node = each.node
        for identity in each.around:
            if shared[identity] > 1 or node.parent is None:
                break
            node = node.parent
        found.append(Block(each, node))
    return found


def _title(node: LexborNode) -> str:
    """The text of an element; the whole of one that is shown clipped; "" for one that holds blocks, so no title."""
    if node.tag not in ("a", "h2", "h3", "h4", "h5") and holds_blocks(node):
        return ""
    text = visible_text(node)
    whole = (node.attributes.get("title") or "").strip() if node.tag == "a" else ""
    clipped = text.endswith(("…", "...")) or not text
    return " ".join(whole.split()) if clipped and len(whole) > len(text) - 3 else text


def _place(node: LexborNode | None, known: dict[int, _Place]) -> _Place:
    """The place of what stands in `node`; found once for all that stands there."""
    chain: list[LexborNode] = []
    while node is not None and node.tag not in ("body", "html", None) and len(chain) < OUTMOST:
        if node.mem_id in known:
            break
        chain.append(node)
        node = node.parent
    place = known.get(node.mem_id, _Place()) if node is not None else _Place()
    for each in reversed(chain):
        menu = 0 if _ASIDE_NAMES.search(each.attributes.get("class") or "") else min(place.menu + 1, MENU_REACH)
        menu = -1_000 if each.tag in _ASIDE or place.menu < 0 else menu
        signature = (each.tag or "", _class(each), *place.signature[0:1], *place.signature[2:3])
        place = known[each.mem_id] = _Place((each.mem_id, *place.around[:OUTMOST]), signature, menu)
    return place


def _class(node: LexborNode) -> str:
    """The first class without numbers, which count rows."""
    return _DIGITS.sub("", next(iter((node.attributes.get("class") or "").split()), ""))
