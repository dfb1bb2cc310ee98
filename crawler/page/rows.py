"""The rows of a page of results: blocks that repeat, each with a title of its own and an address.

No markup is known beforehand. Of the groups of texts that stand alike (crawler.page.groups) the one whose blocks look
most like offers or releases (price, size, picture, link to a page of their own, long and different texts) is the list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen
from selectolax.lexbor import LexborNode

from crawler.money import Money, price
from crawler.page.groups import Block, blocks, groups
from crawler.page.page import Page
from crawler.page.row import SIZE, Row, size_in
from crawler.urls import host

# Scores of a list, set on saved pages (half `tune`): menus and footers stay below 14; on pages that no search led to,
# "more of this" under an article reaches 28, lists start at 30.
ENOUGH, ENOUGH_UNASKED = 14.0, 29.0
_PRICE = re.compile(
    r"(?:[$€£¥￥₹₽₩]|NT\$|R\$|Rs\.?|EUR|USD|CHF|RM|Rp)\s{0,2}[0-9][0-9.,\s]{0,14}"
    r"|[0-9][0-9.,]{0,14}\s{0,2}(?:[€£₽₩]|元|円|zł|Kč|lei|kr\b|EUR|USD)"
)
ASKED = re.compile(
    r"[?&](?:q|query|keywords?|kw|wd|key|search|search_?text|term|s|k|text|st)=|/(?:search|browse|sch|list)[/?.]", re.I
)
# What rows of offers and releases are marked by; a page with fewer of these has no list that could be told from a menu.
_MARKS = (
    *("$", "€", "£", "¥", "￥", "₹", "₽", "元", "円", "Rs", " kr", "EUR", "&euro;", "&yen;", "&pound;"),
    *("MB", "GB", "MiB", "magnet:", "yEnc"),
)
LEAST_MARKS = 4
_FILES = "a[href^='magnet:'], a[href*='.torrent'], a[href*='.nzb']"
_USENET = re.compile(
    r"\"(?:\d{6,12}\s)?([^\"]{4,200}?)(?:\.(?:nzb|nfo|par2|rar|sfv|srr|mkv|zip|7z|[rz]\d\d|\d{3}))?\"\s{0,3}yEnc", re.I
)
_ABOUT = re.compile(rf"\b(?:size|date|added|uploaded|seller|price)\s{{0,2}}[:：]|^(?:{_PRICE.pattern})", re.I)


@frozen
class Repeated:
    """The rows of a page's list and the elements of their blocks, by identity."""

    rows: list[Row]
    blocks: frozenset[int] = frozenset()


def repeated(page: Page) -> Repeated:
    """The page's list; without rows where nothing on it looks like one. Pages that a search led to have one sooner."""
    asked = ASKED.search(page.url) is not None
    if not asked and sum(map(page.markup.count, _MARKS)) < LEAST_MARKS:
        return Repeated([])
    best: list[Block] = []
    score = ENOUGH if asked else ENOUGH_UNASKED
    for group in groups(page):
        around = blocks(group)
        found = _score(around, asked)
        if found > score:
            best, score = around, found
    return Repeated(_rows(page, best), frozenset(block.node.mem_id for block in best))


def _score(blocks: Sequence[Block], asked: bool) -> float:
    """How much a group looks like the list of a page: the length of its titles times what its blocks have."""
    looked = blocks[:12]
    words = [block.words() for block in looked]
    length = sum(min(len(block.title.text.encode("gb18030", "replace")), 80) for block in looked) / len(looked)
    share = 1.0 / len(looked)
    priced = share * sum(bool(_PRICE.search(text)) for text in words)
    sized = share * sum(bool(SIZE.search(text)) for text in words)
    pictured = share * sum(block.node.css_first("img") is not None for block in looked)
    linked = share * sum(_anchor(block) is not None for block in looked)
    files = share * sum(block.node.css_first(_FILES) is not None or "yEnc" in block.title.text for block in looked)
    holds = 2.0 * priced + 1.5 * sized + 0.5 * pictured + 1.5 * files
    if max(priced, sized, files) < 0.5 and not (asked and pictured > 0.7 and len(blocks) > 5):
        return 0.0
    own = 1.0 + 0.3 * (looked[0].title.node.tag in ("a", "h2", "h3", "h4"))
    own *= 0.5 if share * sum(bool(_ABOUT.search(block.title.text)) for block in looked) > 0.5 else 1.0
    return float(length**0.5 * holds * linked * own * min(len(blocks), 10) ** 0.3)


def _anchor(block: Block) -> LexborNode | None:
    """The link of a row: the title's own, the one around it, else the first in the block."""
    node: LexborNode | None = block.title.node
    for _ in range(4):
        if node is None:
            break
        if node.tag == "a" and _leads_on(node):
            return node
        node = node.parent
    inner = block.title.node.css_first("a[href]")
    if inner is not None and _leads_on(inner):
        return inner
    return next((each for each in block.node.css("a[href]")[:20] if _leads_on(each)), None)


def _leads_on(node: LexborNode) -> bool:
    address = (node.attributes.get("href") or "").strip().lower()
    return bool(address) and not address.startswith(("#", "javascript:", "mailto:", "magnet:", "irc:", "tel:"))


def _rows(page: Page, blocks: Sequence[Block]) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    for block in blocks:
        anchor = _anchor(block)
        url = page.link(anchor.attributes.get("href") or "") if anchor is not None else None
        if url:
            rows.setdefault((url, block.title.text), _row(page, block, url))
    return list(rows.values())


def _row(page: Page, block: Block, url: str) -> Row:
    words, usenet = block.words(), _USENET.search(block.title.text)
    links = [node.attributes.get("href") or "" for node in block.node.css("a[href^='magnet:']")[:2]]
    return Row(
        url=url,
        title=usenet[1] if usenet else block.title.text,
        source="repeated block",
        text="\n".join(links),
        money=_money(block, words, url),
        pictures=tuple(filter(None, (page.link(address) for address in _pictures(block.node)))),
        links=tuple(links),
        size=size_in(words),
    )


def _money(block: Block, words: str, url: str) -> Money | None:
    title = words.find(block.title.text)
    behind = words[title + len(block.title.text) :] if title >= 0 else words
    found = _PRICE.search(behind) or _PRICE.search(words[: max(title, 0)])
    return price(found[0], None, host(url)) if found else None


def _pictures(node: LexborNode) -> list[str]:
    found = []
    for image in node.css("img")[:3]:
        attributes = image.attributes
        names = ("data-src", "data-original", "data-lazy-src", "data-lazyload", "src")
        address = next((attributes[name] for name in names if attributes.get(name)), None)
        if address and not address.startswith("data:"):
            found.append(address)
    return found
