"""The rows of a page of results: blocks that repeat, each with a title of its own and an address.

No markup is known beforehand. Texts whose elements stand alike (same tags and class around them) form a group; the
block of a text is the largest element around it that holds no other text of its group. The group whose blocks look most
like offers or releases (price, size, picture, link to a page of their own, long and different texts) is the list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from attrs import define, frozen
from selectolax.lexbor import LexborNode

from crawler.money import Money, price
from crawler.page.page import Page, visible_text
from crawler.page.row import MOST, SIZE, Row, size_in

LOOKED_AT = 4_000  # elements that may be titles
LEAST = 2  # rows of a list
SHORTEST, LONGEST = 2, 300  # characters of a title
# Scores of a list, set on saved pages (half `tune`): menus and footers stay below 14; on pages that no search led to,
# "more of this" under an article reaches 28, lists start at 30.
ENOUGH, ENOUGH_UNASKED = 14.0, 29.0
_TITLES = (
    "a, h2, h3, h4, h5, strong, b, dt, td, td > span, [class*=title], [class*=Title], [class*=name], [class*=Name], "
    "[class*=text]"
)
_ASIDE = frozenset(("nav", "header", "footer", "aside", "select"))
_ASIDE_NAMES = re.compile(
    r"\b(?:nav|menu|breadcrumb|crumb|footer|header|sidebar|pagination|pager|filter|facet|tags?|cookie|language|social)",
    re.I,
)
_PRICE = re.compile(
    r"(?:[$€£¥￥₹₽₩]|NT\$|R\$|Rs\.?|EUR|USD|CHF|RM|Rp)\s{0,2}[0-9][0-9.,\s]{0,14}|[0-9][0-9.,]{0,14}\s{0,2}(?:[€£₽₩]|元|円|zł|Kč|lei|kr\b|EUR|USD)"
)
ASKED = re.compile(
    r"[?&](?:q|query|keywords?|kw|wd|key|search|search_?text|term|s|k|text|st)=|/(?:search|browse|sch|list)[/?.]", re.I
)
_FILES = "a[href^='magnet:'], a[href*='.torrent'], a[href*='.nzb']"
_USENET = re.compile(
    r"\"(?:\d{6,12}\s)?([^\"]{4,200}?)(?:\.(?:nzb|nfo|par2|rar|sfv|srr|mkv|zip|7z|[rz]\d\d|\d{3}))?\"\s{0,3}yEnc", re.I
)
_ABOUT = re.compile(rf"\b(?:size|date|added|uploaded|seller|price)\s{{0,2}}[:：]|^(?:{_PRICE.pattern})", re.I)
_DIGITS = re.compile(r"\d+")


@frozen
class _Text:
    """An element that may be the title of a row."""

    node: LexborNode
    text: str
    around: tuple[int, ...]  # identities of the elements around it, inner first


@define
class _Block:
    """What stands around one title."""

    title: _Text
    node: LexborNode

    def words(self) -> str:
        """The visible text of the block."""
        return visible_text(self.node)[:3_000]


@frozen
class Repeated:
    """The rows of a page's list and the elements of their blocks, by identity."""

    rows: list[Row]
    blocks: frozenset[int] = frozenset()


def repeated(page: Page) -> Repeated:
    """The page's list; without rows where nothing on it looks like one. Pages that a search led to have one sooner."""
    asked = ASKED.search(page.url) is not None
    best: list[_Block] = []
    score = ENOUGH if asked else ENOUGH_UNASKED
    for group in _groups(page):
        blocks = _blocks(group)
        found = _score(blocks, asked)
        if found > score:
            best, score = blocks, found
    return Repeated(_rows(page, best), frozenset(block.node.mem_id for block in best))


def _groups(page: Page) -> Iterable[list[_Text]]:
    groups: dict[tuple[str, ...], list[_Text]] = {}
    for node in page.nodes(_TITLES, LOOKED_AT):
        text = _title(node)
        if not SHORTEST <= len(text) <= LONGEST:
            continue
        around, signature = _around(node)
        if signature:
            groups.setdefault(signature, []).append(_Text(node, text, around))
    for group in groups.values():
        different = {each.text for each in group}
        if len(different) >= LEAST and len(different) * 2 > len(group):
            yield group


def _title(node: LexborNode) -> str:
    """The text of an element; the whole of one that is shown clipped."""
    text = visible_text(node) if len(node.html or "") < 6_000 else ""
    whole = (node.attributes.get("title") or "").strip() if node.tag == "a" else ""
    clipped = text.endswith(("…", "...")) or not text
    return " ".join(whole.split()) if clipped and len(whole) > len(text) - 3 else text


def _around(node: LexborNode) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The elements around one, and how it stands in them: () for what belongs to menus and footers."""
    signature = [node.tag or "", _class(node)]
    around = []
    parent = node.parent
    for depth in range(40):
        if parent is None or parent.tag in ("body", "html", None):
            break
        if parent.tag in _ASIDE or (depth < 6 and _ASIDE_NAMES.search(parent.attributes.get("class") or "")):
            return (), ()
        around.append(parent.mem_id)
        if depth < 3:
            signature += [parent.tag or "", _class(parent) if depth == 0 else ""]
        parent = parent.parent
    return tuple(around), tuple(signature)


def _class(node: LexborNode) -> str:
    """The first class without numbers, which count rows."""
    return _DIGITS.sub("", next(iter((node.attributes.get("class") or "").split()), ""))


def _blocks(group: Sequence[_Text]) -> list[_Block]:
    shared = Counter(identity for each in group for identity in each.around)
    blocks = []
    for each in group[:MOST]:
        node = each.node
        for identity in each.around:
            if shared[identity] > 1 or node.parent is None:
                break
            node = node.parent
        blocks.append(_Block(each, node))
    return blocks


def _score(blocks: Sequence[_Block], asked: bool) -> float:
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


def _anchor(block: _Block) -> LexborNode | None:
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


def _rows(page: Page, blocks: Sequence[_Block]) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    for block in blocks:
        anchor = _anchor(block)
        url = page.link(anchor.attributes.get("href") or "") if anchor is not None else None
        if url:
            rows.setdefault((url, block.title.text), _row(page, block, url))
    return list(rows.values())


def _row(page: Page, block: _Block, url: str) -> Row:
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


def _money(block: _Block, words: str, url: str) -> Money | None:
    from crawler.urls import host

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
