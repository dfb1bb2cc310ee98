"""The elements of a page that show the description of its offer, whatever else the page states for machines.

An element shows it that is marked as a description (schema.org's itemprop, a class or id that says so) or that a
heading, a label or a tab names. Marks that repeat belong to the cards of other listings; those of the site, of a
category or of a shop describe no offer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from crawler.page.page import Page, visible_text
from crawler.page.vocabulary import joined_label, meaning_words

MAX_MARKED_ELEMENTS = 200
MAX_LABELS = 400  # headings, labels and tabs that are looked at
MAX_LABEL_CHARS = 30
MAX_SECTION_ELEMENTS = 40  # behind a heading
MAX_ALIKE_MARKS = 2  # elements with one mark: a short description and a long one
_MARKED_SELECTOR = "[itemprop~=description], [class*=desc i], [id*=desc i], [class*=intro i], [id*=intro i]"
_LABEL_SELECTOR = (
    'summary, dt, th, td, h2, h3, h4, h5, legend, [role=tab], [data-toggle=tab], [data-bs-toggle=tab], a[href^="#"]'
)
_HEADING_TAGS = frozenset(("h2", "h3", "h4", "h5", "legend"))
_SKIPPED_TAGS = frozenset(("meta", "link", "script", "style", "input", "button", "svg", "a", "label"))
_WORD_RE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MARK_WORDS = frozenset(("description", "descriptions", "desc", "descr", "intro", "introduction"))
_OTHER_WORDS = frozenset(
    (
        *("site", "blog", "shop", "store", "seller", "vendor", "author", "category", "cat", "term", "archive", "meta"),
        *("taxonomy", "user", "profile", "member", "cookie", "title", "heading", "header", "label", "icon", "video"),
        *("brand", "company", "error", "image", "img", "asc", "order", "sort", "review", "comment"),
    )
)


def description_elements(page: Page) -> list[LexborNode]:
    """The elements that show a description, in page order; some may lie in others."""
    found: list[LexborNode] | None = page.memo.get("description elements")
    if found is None:
        elements = [*_marked_elements(page), *_labelled_elements(page)]
        found = page.memo["description elements"] = list({node.mem_id: node for node in elements}.values())
    return found


def _marked_elements(page: Page) -> list[LexborNode]:
    """The elements with a mark of a description."""
    marked: list[tuple[str, LexborNode]] = []
    for node in page.nodes(_MARKED_SELECTOR, MAX_MARKED_ELEMENTS):
        if node.tag in _SKIPPED_TAGS:
            continue
        attributes = node.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:300]
        if "description" in (attributes.get("itemprop") or "").split() or any(map(_is_mark, names.split())):
            marked.append((f"{node.tag} {attributes.get('class') or ''}", node))
    counts = Counter(mark for mark, _ in marked)
    return [node for mark, node in marked if counts[mark] <= MAX_ALIKE_MARKS]


def _is_mark(name: str) -> bool:
    words = {word.casefold() for word in _WORD_RE.findall(name)}
    return bool(words & _MARK_WORDS) and not words & _OTHER_WORDS


def _labelled_elements(page: Page) -> Iterator[LexborNode]:
    """Yield the elements that a heading, a label or a tab names as the description."""
    wanted = frozenset(meaning_words("description"))
    for node in page.nodes(_LABEL_SELECTOR, MAX_LABELS):
        label = visible_text(node) if node.tag != "td" or node.next is not None else ""
        if not 1 < len(label) <= MAX_LABEL_CHARS or joined_label(label).casefold().rstrip(" :") not in wanted:
            continue
        if node.tag == "summary":
            yield from _elements_behind(node, frozenset(("summary",)))
        elif node.tag in ("dt", "th", "td"):
            yield from _elements_behind(node, frozenset((node.tag, "dt")))[:1]
        elif target := _target_of(node):
            yield from page.nodes(f'[id="{target}"]', 1)
        elif node.tag in _HEADING_TAGS:
            behind = _elements_behind(node, _HEADING_TAGS)
            yield from behind or (_elements_behind(node.parent, _HEADING_TAGS)[:1] if node.parent is not None else ())


def _target_of(node: LexborNode) -> str:
    """The id of the element that a tab shows, "" for none."""
    attributes = node.attributes
    names = [attributes.get(name) or "" for name in ("href", "data-target", "data-bs-target")]
    target = next((name[1:] for name in names if name.startswith("#")), attributes.get("aria-controls") or "")
    return target if re.fullmatch(r"[\w.:-]{1,80}", target) else ""


def _elements_behind(node: LexborNode, ends: frozenset[str]) -> list[LexborNode]:
    """The sibling elements behind a node, up to one of the tags `ends`."""
    behind: list[LexborNode] = []
    sibling = node.next
    while sibling is not None and sibling.tag not in ends and len(behind) < MAX_SECTION_ELEMENTS:
        if (sibling.tag or "-")[0] != "-":
            behind.append(sibling)
        sibling = sibling.next
    return behind
