"""Elements of a listing's page that speak of other listings: "you may also like", other posts of a seller, next posts.

Nothing but addresses and nearness decides: a link leads to another listing if its address has the shape of the page's
own. What stands around such a link belongs to it as far as it is short (a price, a date) or one of several blocks of
the same kind, and so does the heading above a group of them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from urllib.parse import SplitResult, parse_qsl, urlsplit

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.page.page import Page, visible_text
from crawler.page.text_lines import BLOCK_TAGS, PAGE_ENDINGS, SKIPPED_TAGS, is_file_address
from crawler.urls import canonicalize_url, url_host

MAX_LINKS = 1_500  # of a page
MAX_OTHER_LINKS = 400  # to other listings
MAX_CLIMB_LEVELS = 8
MAX_BESIDE_CHARS = 40  # that may stand beside a link to another listing (a seller, a note) or above a group of them
MAX_CARD_LINKS = 8  # of a card: its picture, its title, buttons
MAX_CARD_CHARS = 600  # of a block with text of its own that repeats
# A number with the name of what it counts; "lamp-5" is rather the fifth of many words.
_NUMBERED_RE = re.compile(
    r"([^\W\d]{0,20}(?:[-_][^\W\d]{1,20})?)[-_]?(?:\d{3,}(?:[-_]\d+){0,4}|\d+(?:[-_]\d+){1,4})|\d+"
)
_SLUG_MARK_RE = re.compile(r"[-_.+%~]|\d|[^\x00-\x7f]")
_VALUE_RE = re.compile(
    r"(?<!\w)[$€£¥￥₹₽₩]?\s?\d[\d.,:/年月日-]{0,18}\s?(?:[$€£₽₩元円]|usd|eur|cny|rmb|mb|gb|kb|views?|replies)?(?!\w)",
    re.I,
)
_HEADING_TAGS = frozenset(("h2", "h3", "h4", "h5", "h6", "dt", "legend", "caption", "summary"))


def related_elements(page: Page, guard: Set[int]) -> frozenset[int]:
    """The `mem_id` of the outermost elements that speak of other listings; never one of `guard`.

    `guard` are elements around the page's title and main text.
    """
    links: list[_Link] | None = page.memo.get("links to others")
    if links is None:
        links = page.memo["links to others"] = _links_to_others(page)
    if not links:
        return frozenset()
    addresses_inside: defaultdict[int, set[str]] = defaultdict(set)
    for link in links:
        for element in _around(link.node):
            addresses_inside[element.mem_id].add(link.address)
    rows = {row.mem_id: row for link in links if (row := _row(link, addresses_inside, guard)) is not None}
    related: dict[int, LexborNode] = {link.node.mem_id: link.node for link in links} | rows
    for node in list(related.values()):
        _climb(node, related, guard)
    for node in list(related.values()):
        heading = _heading_before(node, guard)
        if heading is not None:
            related[heading.mem_id] = heading
            _climb(heading, related, guard)
    return frozenset(related)


def alike_cards(page: Page, left_out: Set[int], guard: Set[int]) -> frozenset[int]:
    """The `mem_id` of cards of one kind with a card that is left out, or that stand below a heading that is.

    A card has a class, a picture, a link to another page, and beside links hardly more than a price; `guard` is as
    above.
    """
    cards: defaultdict[tuple[int, str], list[LexborNode]] = defaultdict(list)
    for picture in page.nodes("a[href] img", MAX_LINKS):
        card = next((node for node in _around(picture) if node.tag != "a" and _is_card(node)), None)
        if card is not None and card.parent is not None and card.mem_id not in guard:
            kind = f"{card.tag}.{card.attributes.get('class') or ''}"
            cards[card.parent.mem_id, kind].append(card)
    alike: set[int] = set()
    for group in cards.values():
        nodes = {card.mem_id: card for card in group}
        heading = _element_before(group[0])
        is_headed = heading is not None and heading.mem_id in left_out and len(nodes) > 1
        if is_headed or nodes.keys() & left_out:
            alike.update(nodes)
    return frozenset(alike)


def _is_card(node: LexborNode) -> bool:
    """Whether an element has a class and, beside links, hardly more than a price."""
    links = {link.mem_id: link for link in node.css("a[href]")[:MAX_CARD_LINKS]}
    rest = _rest_text(node, links) if node.attributes.get("class") and links else None
    return rest is not None and _is_beside(rest) and any(visible_text(link) for link in links.values())


def _element_before(node: LexborNode) -> LexborNode | None:
    before = node.prev
    while before is not None and (before.tag or "-")[0] == "-":
        before = before.prev
    return before


def is_other_listing(address: str, own: str) -> bool:
    """Whether an address has the shape of `own`, the address of a listing, and is another's.

    One part of the path may differ, or one value of the query: a number by a number, words by words ("/item/red-lamp").
    """
    link, page = urlsplit(address), urlsplit(own)
    if link.netloc.casefold() != page.netloc.casefold():
        return False
    if link.path.rstrip("/") == page.path.rstrip("/"):
        return _has_other_number(link, page)
    theirs, ours = link.path.strip("/").split("/"), page.path.strip("/").split("/")
    different = [(their, our) for their, our in zip(theirs, ours, strict=False) if their != our]
    return len(theirs) == len(ours) and len(different) == 1 and _is_same_kind(*different[0])


@frozen
class _Link:
    """A link to another listing."""

    node: LexborNode
    address: str


def _links_to_others(page: Page) -> list[_Link]:
    own, host = canonicalize_url(page.url), url_host(page.url)
    judged: dict[str, str] = {}  # the address of a link that leads to another listing, else ""
    links: list[_Link] = []
    for node in page.nodes("a[href]", MAX_LINKS):
        reference = node.attributes.get("href") or ""
        if reference not in judged:
            judged[reference] = _other_address(page, reference, own, host)
        if judged[reference] and len(links) < MAX_OTHER_LINKS and not _is_in_sentence(node):
            links.append(_Link(node, judged[reference]))
    return links


def _other_address(page: Page, reference: str, own: str, host: str) -> str:
    """The address that a reference leads to if it is another listing's, else ""."""
    if reference.startswith(("#", "javascript:", "mailto:")) or ("//" in reference[:10] and host not in reference):
        return ""
    if is_file_address(reference) and not is_file_address(own):
        return ""
    address = page.link(reference)
    if not address or not is_other_listing(address, own):
        return ""
    canonical = canonicalize_url(address)
    return canonical if is_other_listing(canonical, own) else ""


def _is_in_sentence(node: LexborNode) -> bool:
    """Whether a link is part of running text: its words are the writer's."""
    parent = node.parent
    while parent is not None and parent.tag not in BLOCK_TAGS:
        parent = parent.parent
    return parent is not None and len(_running_text(parent)) > MAX_BESIDE_CHARS


def _running_text(block: LexborNode) -> str:
    """The text of a block outside links and inner blocks, as far as it tells whether there is much of it."""
    texts: list[str] = []
    length, stack = 0, [block]
    while stack and length <= 4 * MAX_BESIDE_CHARS:
        for child in stack.pop().iter(include_text=True):
            if child.tag == "-text":
                texts.append((child.text_content or "").strip())
                length += len(texts[-1])
            elif child.tag != "a" and child.tag not in BLOCK_TAGS and child.tag not in SKIPPED_TAGS:
                stack.append(child)
    return "".join(texts)


def _has_other_number(link: SplitResult, page: SplitResult) -> bool:
    """Whether two addresses of one path differ in the value that says which listing is meant."""
    theirs, ours = dict(parse_qsl(link.query)[:20]), dict(parse_qsl(page.query)[:20])
    shared = theirs.keys() & ours.keys()
    different = [name for name in shared if theirs[name] != ours[name]]
    return bool(
        len(shared) == len(ours) and len(different) == 1 and _is_same_kind(theirs[different[0]], ours[different[0]])
    )


def _is_same_kind(their: str, our: str) -> bool:
    """Whether two parts of addresses name things of one kind: "thread-12-1-1.html" and "thread-15-1-1.html"."""
    their_name, their_ending = _split_ending(their)
    our_name, our_ending = _split_ending(our)
    if their_ending != our_ending or not their_name:
        return False
    our_number, their_number = _NUMBERED_RE.fullmatch(our_name), _NUMBERED_RE.fullmatch(their_name)
    if our_number or their_number:
        return bool(our_number and their_number and our_number[1] == their_number[1])
    return bool(_SLUG_MARK_RE.search(their_name)) or (not _SLUG_MARK_RE.search(our_name) and len(their_name) > 3)


def _split_ending(part: str) -> tuple[str, str]:
    name, dot, ending = part.rpartition(".")
    return (name, ending.casefold()) if dot and ending.casefold() in PAGE_ENDINGS else (part, "")


def _around(node: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements around a node, the node itself first."""
    element: LexborNode | None = node
    for _ in range(MAX_CLIMB_LEVELS):
        if element is None or element.tag in ("body", "html"):
            return
        yield element
        element = element.parent


def _row(link: _Link, addresses_inside: dict[int, set[str]], guard: Set[int]) -> LexborNode | None:
    """The block of a link if it is one of several of the same kind, each of another listing; None if there is none."""
    block = link.node
    for element in _around(link.node):
        if element.mem_id in guard or len(addresses_inside[element.mem_id]) > 1:
            break
        block = element
    container = block.parent
    if block.mem_id == link.node.mem_id or container is None or container.mem_id in guard:
        return None
    kinds = Counter(
        (child.tag, child.attributes.get("class"))
        for child in list(container.iter())[:200]
        if len(addresses_inside.get(child.mem_id, ())) == 1
    )
    is_repeated = kinds[block.tag, block.attributes.get("class")] > 1
    return block if is_repeated and len(visible_text(block)) <= MAX_CARD_CHARS else None


def _climb(node: LexborNode, related: dict[int, LexborNode], guard: Set[int]) -> None:
    """Add the elements around a related one as long as they hold hardly any other text."""
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "html") and parent.mem_id not in guard:
        if parent.mem_id not in related:
            rest = _rest_text(parent, related)
            if rest is None or not _is_beside(rest):
                return
            related[parent.mem_id] = parent
        parent = parent.parent


def _rest_text(node: LexborNode, related: dict[int, LexborNode]) -> str | None:
    """The text of an element outside the related ones in it; None if it is long."""
    texts: list[str] = []
    length = 0
    stack = [node]
    while stack:
        element = stack.pop()
        for child in element.iter(include_text=True):
            if child.tag == "-text":
                text = (child.text_content or "").strip()
                texts.append(text)
                length += len(text)
                if length > 4 * MAX_BESIDE_CHARS:
                    return None
            elif child.tag not in SKIPPED_TAGS and child.mem_id not in related:
                stack.append(child)
    return " ".join(filter(None, texts))


def _is_beside(text: str) -> bool:
    """Whether a text may stand beside a link to another listing: prices, dates, few words without numbers."""
    words = _VALUE_RE.sub(" ", text).strip()
    return len(words) <= MAX_BESIDE_CHARS and not any(map(str.isdigit, words)) and "://" not in words


def _heading_before(node: LexborNode, guard: Set[int]) -> LexborNode | None:
    """The short heading right before a related element."""
    sibling = node.prev
    while sibling is not None and (sibling.tag or "-")[0] == "-":
        if sibling.tag == "-text" and (sibling.text_content or "").strip():
            return None
        sibling = sibling.prev
    if sibling is None or sibling.mem_id in guard or sibling.css_first("a[href], img") is not None:
        return None
    text = visible_text(sibling)
    limit = MAX_BESIDE_CHARS if sibling.tag in _HEADING_TAGS else MAX_BESIDE_CHARS // 2
    is_heading = sibling.tag in _HEADING_TAGS or node.tag in ("ul", "ol", "table", "div", "dl", "section")
    return sibling if is_heading and 0 < len(text) <= limit and not any(map(str.isdigit, text)) else None
