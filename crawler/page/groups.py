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

from crawler.page.page import Page, has_blocks, visible_text
from crawler.page.row import MAX_ROWS

MAX_TITLE_ELEMENTS = 4_000  # elements that may be titles
MIN_GROUP_SIZE = 2  # texts of a group
MENU_SEARCH_LEVELS = 6  # elements around a title that are asked whether they are a menu
MAX_ANCESTORS = 40  # elements around a title that are known
MIN_TITLE_CHARS, MAX_TITLE_CHARS = 2, 300  # characters of a title
_TITLE_SELECTOR = (
    "a, h2, h3, h4, h5, strong, b, dt, td, td > span, [class*=title], [class*=Title], [class*=name], [class*=Name], "
    "[class*=text]"
)
_MENU_TAGS = frozenset(("nav", "header", "footer", "aside", "select"))
_MENU_CLASS_RE = re.compile(
    r"\b(?:nav|menu|breadcrumb|crumb|footer|header|sidebar|pagination|pager|filter|facet|tags?|cookie|language|social)",
    re.I,
)
_DIGITS_RE = re.compile(r"\d+")


@frozen
class TitleElement:
    """An element that may be the title of a row. `ancestors`: identities of the elements around it, inner first."""

    node: LexborNode
    text: str
    ancestors: tuple[int, ...]


@define
class Block:
    """What stands around one title."""

    title: TitleElement
    node: LexborNode

    def text(self) -> str:
        """The visible text of the block."""
        return visible_text(self.node)[:3_000]


@frozen
class _Position:
    """Where an element stands: the elements around it, inner first, how the nearest of them are called, and how far
    off the nearest is that a class calls a menu."""

    ancestors: tuple[int, ...] = ()
    signature: tuple[str, ...] = ("",)
    menu_distance: int = MENU_SEARCH_LEVELS

    @property
    def is_in_menu(self) -> bool:
        """Whether what stands here belongs to a menu."""
        return self.menu_distance < MENU_SEARCH_LEVELS


def title_groups(page: Page) -> Iterable[list[TitleElement]]:
    """The texts that stand alike, where most of them differ."""
    groups_by_signature: dict[tuple[str, ...], list[TitleElement]] = {}
    positions: dict[int, _Position] = {}
    for node in page.nodes(_TITLE_SELECTOR, MAX_TITLE_ELEMENTS):
        position = _find_position(node.parent, positions)
        text = "" if position.is_in_menu else _title_text(node)
        if MIN_TITLE_CHARS <= len(text) <= MAX_TITLE_CHARS:
            signature = (node.tag or "", _first_class(node), *position.signature)
            groups_by_signature.setdefault(signature, []).append(TitleElement(node, text, position.ancestors))
    for group in groups_by_signature.values():
        distinct = {element.text for element in group}
        if len(distinct) >= MIN_GROUP_SIZE and len(distinct) * 2 > len(group):
            yield group


def group_blocks(group: Sequence[TitleElement]) -> list[Block]:
    """The block of each text of a group."""
    ancestor_counts = Counter(identity for element in group for identity in element.ancestors)
    blocks = []
    for element in group[:MAX_ROWS]:
        node = element.node
        for identity in element.ancestors:
            if ancestor_counts[identity] > 1 or node.parent is None:
                break
            node = node.parent
        blocks.append(Block(element, node))
    return blocks


def _title_text(node: LexborNode) -> str:
    """The text of an element; the whole of one that is shown clipped; "" for one that holds blocks, so no title."""
    if node.tag not in ("a", "h2", "h3", "h4", "h5") and has_blocks(node):
        return ""
    text = visible_text(node)
    full_title = (node.attributes.get("title") or "").strip() if node.tag == "a" else ""
    is_clipped = text.endswith(("…", "...")) or not text
    return " ".join(full_title.split()) if is_clipped and len(full_title) > len(text) - 3 else text


def _find_position(node: LexborNode | None, positions: dict[int, _Position]) -> _Position:
    """The place of what stands in `node`; found once for all that stands there."""
    chain: list[LexborNode] = []
    while node is not None and node.tag not in ("body", "html", None) and len(chain) < MAX_ANCESTORS:
        if node.mem_id in positions:
            break
        chain.append(node)
        node = node.parent
    position = positions.get(node.mem_id, _Position()) if node is not None else _Position()
    for element in reversed(chain):
        menu_distance = (
            0
            if _MENU_CLASS_RE.search(element.attributes.get("class") or "")
            else min(position.menu_distance + 1, MENU_SEARCH_LEVELS)
        )
        menu_distance = -1_000 if element.tag in _MENU_TAGS or position.menu_distance < 0 else menu_distance
        signature = (element.tag or "", _first_class(element), *position.signature[0:1], *position.signature[2:3])
        position = positions[element.mem_id] = _Position(
            (element.mem_id, *position.ancestors[:MAX_ANCESTORS]), signature, menu_distance
        )
    return position


def _first_class(node: LexborNode) -> str:
    """The first class without numbers, which count rows."""
    return _DIGITS_RE.sub("", next(iter((node.attributes.get("class") or "").split()), ""))
