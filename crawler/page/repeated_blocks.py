"""Find the list of results on a page of unknown markup: blocks that repeat, each with a title and an address.

Elements that may be titles form a group if the tags and classes around them are the same; the block of a title is the
largest element around it that holds no other title of its group. Menus, headers and footers are skipped. The group
whose blocks look most like offers or releases (price, size, picture, link to a page of their own, long and different
titles) is the list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from attrs import define, frozen
from selectolax.lexbor import LexborNode

from crawler.money import AMOUNT_PATTERN, Money, StatedPrice, choose_price, find_prices, parse_price
from crawler.page.currency_region import currency_region
from crawler.page.list_row import MAX_ROWS, SIZE_RE, ListRow, find_size
from crawler.page.page import Page, has_blocks, visible_text
from crawler.page.price_and_stock import price_lines

MAX_TITLE_ELEMENTS = 4_000  # elements that may be titles
MIN_GROUP_SIZE = 2  # distinct texts of a group
MENU_SEARCH_LEVELS = 6  # elements around a title that are checked for being a menu
MAX_RANGE_CHARS = 24  # of the second price of a range
MAX_BLOCK_CHARS = 3_000  # of a block that are read
MAX_ANCESTORS = 40  # elements around a title that are recorded
MIN_TITLE_CHARS, MAX_TITLE_CHARS = 2, 300
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
    """An element that may be the title of a row. `ancestors`: `mem_id` of the elements around it, inner first."""

    node: LexborNode
    text: str
    ancestors: tuple[int, ...]


@define
class Block:
    """A title and the element that is its block."""

    title: TitleElement
    node: LexborNode

    def text(self) -> str:
        """The visible text of the block."""
        return visible_text(self.node)[:MAX_BLOCK_CHARS]


@frozen
class _Position:
    """The position of an element: `mem_id` of the elements around it, inner first, tags and classes of the nearest, and
    the distance to the nearest that a class marks as a menu.
    """

    ancestors: tuple[int, ...] = ()
    signature: tuple[str, ...] = ("",)
    menu_distance: int = MENU_SEARCH_LEVELS

    @property
    def is_in_menu(self) -> bool:
        """Whether an element in this position belongs to a menu."""
        return self.menu_distance < MENU_SEARCH_LEVELS


def title_groups(page: Page) -> Iterable[list[TitleElement]]:
    """Yield groups of elements with the same surroundings whose texts mostly differ."""
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
    """The block of each title of a group, of at most MAX_ROWS."""
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
    """The text of an element, in full if it is shown clipped; "" if it contains blocks and so is not a title."""
    if node.tag not in ("a", "h2", "h3", "h4", "h5") and has_blocks(node):
        return ""
    text = visible_text(node)
    full_title = (node.attributes.get("title") or "").strip() if node.tag == "a" else ""
    is_clipped = text.endswith(("…", "...")) or not text
    return " ".join(full_title.split()) if is_clipped and len(full_title) > len(text) - 3 else text


def _find_position(node: LexborNode | None, positions: dict[int, _Position]) -> _Position:
    """The position of the elements inside `node`, computed once and kept in `positions`."""
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
    """The first class of an element without digits, which number rows."""
    return _DIGITS_RE.sub("", next(iter((node.attributes.get("class") or "").split()), ""))


# Scores that a list exceeds, set on saved pages (half `tune`): menus and footers stay below 14; on pages other than
# search pages "more of this" under an article reaches 28, lists start at 30.
MIN_SEARCH_PAGE_SCORE, MIN_OTHER_PAGE_SCORE = 14.0, 29.0
_PRICE_RE = re.compile(AMOUNT_PATTERN)
SEARCH_ADDRESS_RE = re.compile(
    r"[?&](?:q|query|keywords?|kw|wd|key|search|search_?text|term|s|k|text|st)=|/(?:search|browse|sch|list)[/?.]", re.I
)
# Marks of offers and releases; on a page with fewer of them a list could not be told from a menu.
_LIST_MARKS = (
    *("$", "€", "£", "¥", "￥", "₹", "₽", "元", "円", "Rs", " kr", "EUR", "&euro;", "&yen;", "&pound;"),
    *("MB", "GB", "MiB", "magnet:", "yEnc"),
)
MIN_LIST_MARKS = 4
_DOWNLOAD_SELECTOR = "a[href^='magnet:'], a[href*='.torrent'], a[href*='.nzb']"
_USENET_SUBJECT_RE = re.compile(
    r"\"(?:\d{6,12}\s)?([^\"]{4,200}?)(?:\.(?:nzb|nfo|par2|rar|sfv|srr|mkv|zip|7z|[rz]\d\d|\d{3}))?\"\s{0,3}yEnc", re.I
)
_LABEL_TEXT_RE = re.compile(
    rf"\b(?:size|date|added|uploaded|seller|price)\s{{0,2}}[:：]|^(?:{_PRICE_RE.pattern})", re.I
)


@frozen
class RepeatedRows:
    """The rows of a page's list and the `mem_id` of their blocks."""

    rows: list[ListRow]
    block_ids: frozenset[int] = frozenset()


def repeated_rows(page: Page) -> RepeatedRows:
    """The page's list; without rows if nothing on it looks like one. A lower score suffices on search pages."""
    is_search_page = SEARCH_ADDRESS_RE.search(page.url) is not None
    if not is_search_page and sum(map(page.markup.count, _LIST_MARKS)) < MIN_LIST_MARKS:
        return RepeatedRows([])
    best: list[Block] = []
    score = MIN_SEARCH_PAGE_SCORE if is_search_page else MIN_OTHER_PAGE_SCORE
    for group in title_groups(page):
        candidate_blocks = group_blocks(group)
        candidate_score = _list_score(candidate_blocks, is_search_page)
        if candidate_score > score:
            best, score = candidate_blocks, candidate_score
    return RepeatedRows(_build_rows(page, best), frozenset(block.node.mem_id for block in best))


def _list_score(blocks: Sequence[Block], is_search_page: bool) -> float:
    """How much a group looks like the list of a page: the length of its titles times what its blocks contain."""
    sample = blocks[:12]
    texts = [block.text() for block in sample]
    title_bytes = sum(min(len(block.title.text.encode("gb18030", "replace")), 80) for block in sample) / len(sample)
    weight = 1.0 / len(sample)
    price_share = weight * sum(bool(_PRICE_RE.search(text)) for text in texts)
    size_share = weight * sum(bool(SIZE_RE.search(text)) for text in texts)
    picture_share = weight * sum(block.node.css_first("img") is not None for block in sample)
    link_share = weight * sum(_row_link(block) is not None for block in sample)
    file_share = weight * sum(
        block.node.css_first(_DOWNLOAD_SELECTOR) is not None or "yEnc" in block.title.text for block in sample
    )
    content_score = 2.0 * price_share + 1.5 * size_share + 0.5 * picture_share + 1.5 * file_share
    if max(price_share, size_share, file_share) < 0.5 and not (
        is_search_page and picture_share > 0.7 and len(blocks) > 5
    ):
        return 0.0
    title_factor = 1.0 + 0.3 * (sample[0].title.node.tag in ("a", "h2", "h3", "h4"))
    title_factor *= (
        0.5 if weight * sum(bool(_LABEL_TEXT_RE.search(block.title.text)) for block in sample) > 0.5 else 1.0
    )
    return float(title_bytes**0.5 * content_score * link_share * title_factor * min(len(blocks), 10) ** 0.3)


def _row_link(block: Block) -> LexborNode | None:
    """The link of a row: the title's own, the one around it, else the first in the block."""
    node: LexborNode | None = block.title.node
    for _ in range(4):
        if node is None:
            break
        if node.tag == "a" and _is_page_link(node):
            return node
        node = node.parent
    inner = block.title.node.css_first("a[href]")
    if inner is not None and _is_page_link(inner):
        return inner
    return next((link for link in block.node.css("a[href]")[:20] if _is_page_link(link)), None)


def _is_page_link(node: LexborNode) -> bool:
    address = (node.attributes.get("href") or "").strip().lower()
    return bool(address) and not address.startswith(("#", "javascript:", "mailto:", "magnet:", "irc:", "tel:"))


def _build_rows(page: Page, blocks: Sequence[Block]) -> list[ListRow]:
    rows: dict[tuple[str, str], ListRow] = {}
    region = currency_region(page)
    for block in blocks:
        anchor = _row_link(block)
        url = page.link(anchor.attributes.get("href") or "") if anchor is not None else None
        if url:
            rows.setdefault((url, block.title.text), _build_row(page, block, url, region))
    return list(rows.values())


def _build_row(page: Page, block: Block, url: str, region: str) -> ListRow:
    price = row_price(block.title.text, block.node, region)
    text, usenet = block.text(), _USENET_SUBJECT_RE.search(block.title.text)
    links = [node.attributes.get("href") or "" for node in block.node.css("a[href^='magnet:']")[:2]]
    return ListRow(
        url=url,
        title=usenet[1] if usenet else block.title.text,
        source="repeated block",
        text="\n".join(links),
        money=price.money if price else None,
        price_high=price.high if price else None,
        pictures=tuple(filter(None, (page.link(address) for address in picture_addresses(block.node)))),
        links=tuple(links),
        size=find_size(text),
    )


def row_price(title: str, node: LexborNode, region: str) -> StatedPrice | None:
    """The price in a row, after its title rather than before it, not one struck out; None without one in a currency."""
    for text in dict.fromkeys(price_lines(node)):
        text = text[:MAX_BLOCK_CHARS]
        title_start = text.replace("\n", " ").find(title)
        text_after = text[title_start + len(title) :] if title_start >= 0 else text
        text_before = text[: max(title_start, 0)]
        for part in (text_after, text_before):
            match = _PRICE_RE.search(part)
            if match:
                return _with_range(match, part, region)
    return None


def _with_range(match: re.Match[str], text: str, region: str) -> StatedPrice | None:
    """The price that matches, with the upper end of its range if a text goes on with one."""
    prices = find_prices(match[0], None, region)
    following = find_prices(text[match.start() : match.end() + MAX_RANGE_CHARS], None, region)
    return following[0] if prices and following and following[0].money == prices[0].money else choose_price(prices)


def sentence_price(text: str, region: str) -> Money | None:
    """The first number with a currency in a text."""
    match = _PRICE_RE.search(text)
    return parse_price(match[0], None, region) if match else None


def picture_addresses(node: LexborNode) -> list[str]:
    """The addresses of the first pictures in an element, those behind lazy loading in place of placeholders."""
    addresses = []
    for image in node.css("img")[:3]:
        attributes = image.attributes
        names = ("data-src", "data-original", "data-lazy-src", "data-lazyload", "src")
        address = next((attributes[name] for name in names if attributes.get(name)), None)
        if address and not address.startswith("data:"):
            addresses.append(address)
    return addresses
