"""The rows of a page of results: blocks that repeat, each with a title of its own and an address.

No markup is known beforehand. Of the groups of texts that stand alike (crawler.page.groups) the one whose blocks look
most like offers or releases (price, size, picture, link to a page of their own, long and different texts) is the list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.money import Money, parse_price
from crawler.page.groups import Block, group_blocks, title_groups
from crawler.page.page import Page
from crawler.page.row import SIZE_RE, ListRow, find_size
from crawler.urls import url_host

# Scores of a list, set on saved pages (half `tune`): menus and footers stay below 14; on pages that no search led to,
# "more of this" under an article reaches 28, lists start at 30.
MIN_SEARCH_PAGE_SCORE, MIN_OTHER_PAGE_SCORE = 14.0, 29.0
_PRICE_RE = re.compile(
    r"(?:[$€£¥￥₹₽₩]|NT\$|R\$|Rs\.?|EUR|USD|CHF|RM|Rp)\s{0,2}[0-9][0-9.,\s]{0,14}"
    r"|[0-9][0-9.,]{0,14}\s{0,2}(?:[€£₽₩]|元|円|zł|Kč|lei|kr\b|EUR|USD)"
)
SEARCH_ADDRESS_RE = re.compile(
    r"[?&](?:q|query|keywords?|kw|wd|key|search|search_?text|term|s|k|text|st)=|/(?:search|browse|sch|list)[/?.]", re.I
)
# What rows of offers and releases are marked by; a page with fewer of these has no list that could be told from a menu.
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
    """The rows of a page's list and the elements of their blocks, by identity."""

    rows: list[ListRow]
    block_ids: frozenset[int] = frozenset()


def repeated_rows(page: Page) -> RepeatedRows:
    """The page's list; without rows where nothing on it looks like one. Pages that a search led to have one sooner."""
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
    """How much a group looks like the list of a page: the length of its titles times what its blocks have."""
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
    for block in blocks:
        anchor = _row_link(block)
        url = page.link(anchor.attributes.get("href") or "") if anchor is not None else None
        if url:
            rows.setdefault((url, block.title.text), _build_row(page, block, url))
    return list(rows.values())


def _build_row(page: Page, block: Block, url: str) -> ListRow:
    text, usenet = block.text(), _USENET_SUBJECT_RE.search(block.title.text)
    links = [node.attributes.get("href") or "" for node in block.node.css("a[href^='magnet:']")[:2]]
    return ListRow(
        url=url,
        title=usenet[1] if usenet else block.title.text,
        source="repeated block",
        text="\n".join(links),
        money=_row_price(block, text, url),
        pictures=tuple(filter(None, (page.link(address) for address in _picture_addresses(block.node)))),
        links=tuple(links),
        size=find_size(text),
    )


def _row_price(block: Block, text: str, url: str) -> Money | None:
    title_start = text.find(block.title.text)
    text_after = text[title_start + len(block.title.text) :] if title_start >= 0 else text
    match = _PRICE_RE.search(text_after) or _PRICE_RE.search(text[: max(title_start, 0)])
    return parse_price(match[0], None, url_host(url)) if match else None


def _picture_addresses(node: LexborNode) -> list[str]:
    addresses = []
    for image in node.css("img")[:3]:
        attributes = image.attributes
        names = ("data-src", "data-original", "data-lazy-src", "data-lazyload", "src")
        address = next((attributes[name] for name in names if attributes.get(name)), None)
        if address and not address.startswith("data:"):
            addresses.append(address)
    return addresses
