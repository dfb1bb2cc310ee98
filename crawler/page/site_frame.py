"""What stands on every page of a site, learnt by comparing pages: menus, side bars, footers, its name and contacts.

A block is the own text of one element, or a link with its text. Its key is made of its position (tags and classes from
the body down), its text and the path of its address, because one title may stand in a side bar ("newest", on every
page) and among the results of a search. Counters ("online users: 37") are compared with their digits removed, but only
between a list and another page: between two listings a number is the price or the access code that tells them apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from hashlib import blake2b
from typing import Any, cast
from unicodedata import normalize
from urllib.parse import urlsplit

from attrs import field, frozen
from selectolax.lexbor import LexborNode

from crawler.contacts import find_contacts
from crawler.page.page import Page, visible_text

MAX_FRAME_KEYS = 4_000  # of each kind; a menu of 1,000 entries is long
MAX_PAGE_NODES = 30_000  # elements and texts of a page that are compared; the rest belongs to no frame
MAX_EQUAL_SHARE = 0.95  # of the blocks of two pages; from it on they are one page at two addresses
MAX_DEPTH = 250  # of elements; what is deeper counts as text of the page
MAX_NAME_CHARS = 60  # of a site's name
MAX_NAMES = 12
MAX_COMPARED_PAGES = 8
MIN_PASSAGE_CHARS = 40  # of a block that is running text
MIN_QUOTING_SAMPLES = 2  # listings that are compared before a text of lists is found to be one listing's own
MAX_MENU_LINKS = 2  # links beside one to the start page, from which it is an entry of a menu and no logo
# What menus call the start page; the name of no site.
_START_WORDS = frozenset(
    ("首页", "首頁", "主页", "主頁", "网站首页", "返回首页", "home", "homepage", "home page", "index", "start", "main")
)
MIN_LOOSE_LETTERS = 4  # letters (a Han character counts as two) beside the digits of a counter
_KEY_BYTES = 6  # two of 4,000 keys are equal by accident once in 35 million sites
_MARKUP_TAGS = frozenset(("script", "style", "noscript", "template", "svg", "math", "select", "textarea", "head"))
_DIGITS_RE = re.compile(r"\d+(?:[.,:]\d+)*")
_HAN_RE = re.compile(r"[\u3400-\u9fff]")
_MONEY_RE = re.compile(r"[$€£¥￥₹₽₩]|元|\b(?:usd|eur|cny|rmb|gbp)\b", re.I)
_PRICE_ONLY_RE = re.compile(
    r"(?:[$€£¥￥₹₽₩]|[A-Z]{3}) ?\d[\d.,]{0,12}(?: ?[A-Z]{3})?|\d[\d.,]{0,12} ?(?:[€£₽₩元]|[A-Z]{3}|zł|kr|Kč|lei)"
)
# Classes that say in which state an element is, not which it is.
_STATE_CLASS_RE = re.compile(r"^(?:is-)?(?:active|current|selected|open|on|first|last|odd|even|hover|visited)\b", re.I)
_TITLE_SEPARATOR_RE = re.compile(r" [-–—|·»«:]{1,2} | ?[|｜_»«] ?|(?<=[\u3400-\u9fff]) ?[-–—] ?")
_COPYRIGHT_RE = re.compile(
    r"(?:©|\(c\)|copyright|版权所有|版權所有)[\s,，]*(?:©\s*)?(?:\d{4}\s*(?:[-–—]\s*\d{4})?)?[\s,，]*", re.I
)
_NAME_END_RE = re.compile(r"[.。,，;；|·•]|\s[-–—]\s|\s{2}|all rights|版权|\d{4}", re.I)
_DESCRIPTION_META = "meta[name=description], meta[property='og:description']"
_SITE_NAME_META = (
    "meta[property='og:site_name'], meta[name='application-name'], meta[name='apple-mobile-web-app-title']"
)


@frozen(kw_only=True)
class SiteFrame:
    """What stands on every page of a site: its menus, side bars, footers, name and contacts.

    `list_blocks` are keys of blocks that stand on a list and on another page, `page_blocks` of those that only pages of
    listings share, `names` the site's own names, the one that most places state first, `contacts` its own contacts as
    `kind:value`. `sells` says that most listings have a price as a line of its own: one without is an offer, too.
    """

    list_blocks: frozenset[str] = frozenset()
    page_blocks: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    sells: bool = False

    def to_json(self) -> dict[str, Any]:
        """The frame as lists of strings."""
        return {
            "list_blocks": sorted(self.list_blocks),
            "page_blocks": sorted(self.page_blocks),
            "names": list(self.names),
            "contacts": list(self.contacts),
            "sells": self.sells,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SiteFrame:
        """A frame from what `to_json` wrote; what is missing is empty."""
        return cls(
            list_blocks=frozenset(map(str, value.get("list_blocks", ()))),
            page_blocks=frozenset(map(str, value.get("page_blocks", ()))),
            names=tuple(map(str, value.get("names", ()))),
            contacts=tuple(map(str, value.get("contacts", ()))),
            sells=value.get("sells") is True,
        )


@frozen
class _Block:
    """The own text of an element or of a link: its exact key, the key without digits and address, and its text."""

    exact: str
    loose: str  # "" for a text that its digits make what it is
    text: str
    mem_ids: tuple[int, ...] = field(repr=False)  # the element and those around it, outermost first


def learn_frame(lists: Sequence[Page], samples: Sequence[Page]) -> SiteFrame:
    """The frame of a site from its lists (home page, a search that finds nothing) and 0..4 pages of listings.

    A block belongs to it that stands on two lists, on a list and a listing, or on every listing (on all but one from
    four on). Pages that have nothing in common, or one page alone, give a frame without blocks. So does the description
    in the head that two pages share. What lists quote of a listing is its own: running text that at most one of two or
    more listings has.
    """
    lists, samples = ([page for page in pages[:MAX_COMPARED_PAGES] if page.is_html] for pages in (lists, samples))
    list_pages = [list(_blocks(page)) for page in lists]
    sample_pages = _distinct([list(_blocks(page)) for page in samples], list_pages)
    everywhere = _shared_keys([*list_pages, *sample_pages], 2)
    on_lists = {key for blocks in list_pages for block in blocks for key in (block.exact, block.loose)}
    passages = _passages_of_lists(list_pages, sample_pages)
    described = _shared_descriptions([*lists, *samples])
    list_blocks = described + [key for key in everywhere if key in on_lists and key not in passages]
    enough_samples = max(2, len(sample_pages) - (len(sample_pages) > 3))
    page_blocks = [block.exact for blocks in sample_pages[:2] for block in blocks if not _MONEY_RE.search(block.text)]
    sample_counts = Counter(key for blocks in sample_pages for key in {block.exact for block in blocks})
    known = set(list_blocks)
    page_blocks = [key for key in page_blocks if sample_counts[key] >= enough_samples and key not in known]
    frame_keys = known.union(page_blocks)
    framed_texts = [
        block.text for blocks in (*list_pages, *sample_pages) for block in blocks if block.exact in frame_keys
    ]
    return SiteFrame(
        list_blocks=frozenset(list_blocks[:MAX_FRAME_KEYS]),
        page_blocks=frozenset(list(dict.fromkeys(page_blocks))[:MAX_FRAME_KEYS]),
        names=_site_names(lists, samples, framed_texts),
        contacts=_contacts(framed_texts),
        sells=2 * sum(_has_price_block(blocks, known) for blocks in sample_pages) > len(sample_pages),
    )


def is_site_description(frame: SiteFrame, text: str) -> bool:
    """Whether a description in the head of a page is that of the site, not of the page."""
    return _description_key(text) in frame.list_blocks


def _description_key(text: str) -> str:
    return _digest(b"d", b"", " ".join(normalize("NFKC", text[:2_000]).casefold().split()))


def _shared_descriptions(pages: Iterable[Page]) -> list[str]:
    """The keys of the descriptions in the heads of at least two pages."""
    counts: Counter[str] = Counter()
    for page in pages:
        contents = [node.attributes.get("content") or "" for node in page.nodes(_DESCRIPTION_META, 4)]
        counts.update({_description_key(text) for text in contents if text.strip()})
    return [key for key, count in counts.items() if count > 1]


def _passages_of_lists(lists: Iterable[Sequence[_Block]], samples: Sequence[Sequence[_Block]]) -> set[str]:
    """The keys of running text on lists that at most one of two or more listings has: what lists quote of it."""
    if len(samples) < MIN_QUOTING_SAMPLES:
        return set()
    counts = Counter(
        key for blocks in samples for key in {key for block in blocks for key in (block.exact, block.loose)}
    )
    passages = [block for blocks in lists for block in blocks if len(block.text) >= MIN_PASSAGE_CHARS]
    return {key for block in passages for key in (block.exact, block.loose) if key and counts[key] <= 1}


def framed_elements(page: Page, frame: SiteFrame, *, site_wide: bool = False) -> frozenset[int]:
    """The `mem_id` of the outermost elements whose text all belongs to the frame; the body itself is never one.

    With `site_wide` only what lists share too counts: what pages of listings share may be the value of a field (one
    seller's name on three of his pages). In a list, a row whose title and address also stood on the home page at the
    same position counts as framed; a list whose rows are all framed found nothing of its own.
    """
    keys = frame.list_blocks if site_wide else frame.list_blocks | frame.page_blocks
    if not keys or not page.is_html:
        return frozenset()
    framed: dict[int, None] = {}
    unframed: set[int] = set()
    blocks = list(_blocks(page))
    for block in blocks:
        if block.exact not in keys and block.loose not in keys:
            unframed.update(block.mem_ids)
    for block in blocks:
        outermost = next((identity for identity in block.mem_ids if identity not in unframed), None)
        if outermost is not None:
            framed[outermost] = None
    return frozenset(framed)


def _distinct(samples: Iterable[list[_Block]], lists: Iterable[list[_Block]]) -> list[list[_Block]]:
    """The samples that differ from the lists and from one another: one listing at two addresses shares all it says."""
    known = [{block.exact for block in blocks} for blocks in lists]
    distinct = []
    for blocks in samples:
        keys = {block.exact for block in blocks}
        if all(len(keys & others) < MAX_EQUAL_SHARE * len(keys | others) for others in known):
            known.append(keys)
            distinct.append(blocks)
    return distinct


def _has_price_block(blocks: Iterable[_Block], list_blocks: Set[str]) -> bool:
    """Whether a page has a price of its own that is all the text of its element."""
    return any(_PRICE_ONLY_RE.fullmatch(block.text) and block.exact not in list_blocks for block in blocks)


def _shared_keys(pages: Iterable[Sequence[_Block]], min_pages: int) -> list[str]:
    """The keys on at least `min_pages` of the pages, in page order."""
    counts: Counter[str] = Counter()
    for blocks in pages:
        counts.update({key: None for block in blocks for key in (block.exact, block.loose) if key}.keys())
    return [key for key, count in counts.items() if count >= min_pages]


def _blocks(page: Page) -> Iterator[_Block]:
    """Yield the blocks of a page in page order, as far as MAX_PAGE_NODES and MAX_DEPTH go."""
    body = page.tree.body
    # Elements that are still to be read: their first child, their position, `mem_id` of the elements around it.
    stack = [] if body is None else [(body.first_child, b"", cast("tuple[int, ...]", ()))]
    budget = MAX_PAGE_NODES
    while stack and budget > 0:
        node, position, around = stack.pop()
        texts: list[str] = []
        children = []
        column = 0
        while node is not None and budget > 0:
            budget -= 1
            tag = node.tag or "-"
            if tag[0] == "-" or tag == "br":
                texts.append(_line_text(node, tag))
            elif tag == "a" and node.attributes.get("href"):
                yield from _link_block(node, position, around)
            elif tag not in _MARKUP_TAGS and len(around) < MAX_DEPTH:
                column += tag in ("td", "th")
                children.append((node.first_child, _position(node, tag, position, column), (*around, node.mem_id)))
            node = node.next
        text = "\n".join(filter(None, map(str.strip, " ".join(texts).splitlines())))
        if text and around:
            yield _make_block(text, "", position, around)
        stack.extend(reversed(children))


def _line_text(node: LexborNode, tag: str) -> str:
    """A text with its white space collapsed; a line break for <br>, "" for a comment."""
    return "\n" if tag == "br" else " ".join((node.text_content or "").split()) if tag == "-text" else ""


def _link_block(node: LexborNode, position: bytes, around: tuple[int, ...]) -> Iterator[_Block]:
    attributes = node.attributes
    text = visible_text(node)[:500] or attributes.get("title") or ""
    if text:
        yield _make_block(text, _address_path(attributes.get("href") or ""), position + b"a", (*around, node.mem_id))


def _make_block(text: str, address: str, position: bytes, around: tuple[int, ...]) -> _Block:
    folded = normalize("NFKC", text[:2_000]).casefold()
    counter = _DIGITS_RE.sub("0", folded)
    loose = ""
    if counter != folded and not _MONEY_RE.search(folded):
        letters = sum(map(str.isalpha, counter)) + len(_HAN_RE.findall(counter))
        loose = _digest(b"~", position, counter) if letters >= MIN_LOOSE_LETTERS else ""
    return _Block(_digest(b"=", position, folded, address), loose, text[:2_000], around)


def _position(node: LexborNode, tag: str, around: bytes, column: int) -> bytes:
    """The position of what is inside an element: tags and classes without digits, and the column of a table's cell."""
    attributes = node.attributes
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"[:200] if attributes else ""
    kept = [name for name in _DIGITS_RE.sub("", names).split() if not _STATE_CLASS_RE.match(name)]
    label = f"{tag}.{'.'.join(kept)}" if kept or tag not in ("td", "th") else f"td{column}"
    return blake2b(around + label.encode("utf-8", "replace"), digest_size=8).digest()


def _address_path(address: str) -> str:
    """The path of a link: queries carry session numbers and the page one came from."""
    try:
        parts = urlsplit(address.strip()[:500])
    except ValueError:
        return address[:100]
    return parts.path if parts.path not in ("", "/") or not parts.query else f"?{parts.query}"


def _digest(kind: bytes, position: bytes, *texts: str) -> str:
    source = b"\0".join((kind, position, *(text.encode("utf-8", "replace") for text in texts)))
    return blake2b(source, digest_size=_KEY_BYTES).hexdigest()


def _site_names(lists: Sequence[Page], samples: Sequence[Page], framed_texts: Iterable[str]) -> tuple[str, ...]:
    """The names a site gives itself: declared, constant in the titles of its pages, beside the copyright sign, or the
    text of a framed block or of a link home that a title has too. The first spelling of each counts.
    """
    pages = [*lists, *samples]
    titles = [set(_title_parts(page)) for page in pages]
    counts = Counter(part for parts in titles for part in parts)
    on_lists = {part for page in lists for part in _title_parts(page)}
    constant = [part for part, count in counts.items() if count > 1 and (part in on_lists or count == len(pages))]
    names = [node.attributes.get("content") or "" for page in pages for node in page.nodes(_SITE_NAME_META, 3)]
    names += constant
    lines = dict.fromkeys(line for text in framed_texts for line in text.split("\n"))
    names += filter(None, map(_copyright_name, lines))
    names += [line for line in lines if len(_letters(line)) > 2 and any(part.startswith(line) for part in constant)]
    homes = Counter(name for page in pages for name in set(_home_links(page)))
    stated = {_letters(name) for name in (*counts, *names)}
    names += [name for name, count in homes.items() if count > 1 and _letters(name) in stated]
    unique: dict[str, str] = {}
    for name in names:
        if len(name) <= MAX_NAME_CHARS and len(_letters(name)) > 1 and name.strip().casefold() not in _START_WORDS:
            unique.setdefault(_letters(name), " ".join(name.split()))
    support = Counter(_letters(name) for name in (*names, *homes))
    ranked = sorted(unique.values(), key=lambda name: (-support[_letters(name)], len(name)))
    return tuple(ranked[:MAX_NAMES])


def _title_parts(page: Page) -> list[str]:
    title = page.css("title").text(default="")[:300]
    return [part.strip() for part in _TITLE_SEPARATOR_RE.split(title) if len(part.strip()) > 1]


def _home_links(page: Page) -> Iterator[str]:
    """Yield the texts of links to the site's own start page."""
    parts = urlsplit(page.url)
    home = f"{parts.scheme}://{parts.netloc}"
    for node in page.nodes("a[href]", 60):
        address = page.link(node.attributes.get("href") or "") or ""
        if address.rstrip("/").casefold() == home.casefold() or node.attributes.get("rel") == "home":
            yield "" if _is_menu_entry(node) else _link_name(node)
    for node in page.nodes("h1 a[href], [class*=logo] a[href], [id*=logo] a[href], a[class*=logo], a[class*=brand]", 6):
        yield _link_name(node)


def _is_menu_entry(node: LexborNode) -> bool:
    """Whether a link is the first of several in one list or row."""
    parent = node.parent
    row = parent.parent if parent is not None and parent.tag == "li" else parent
    if row is None or row.tag == "body":
        return False
    links = row.css("a[href]")[: MAX_MENU_LINKS + 2]
    return len(links) > MAX_MENU_LINKS and links[0].mem_id == node.mem_id


def _link_name(node: LexborNode) -> str:
    """The text of a link, else what its picture shows."""
    picture = node.css_first("img[alt]")
    shown = picture.attributes.get("alt") or "" if picture is not None else ""
    return (visible_text(node) or " ".join(shown.split()))[: MAX_NAME_CHARS + 1]


def _copyright_name(text: str) -> str:
    """The name beside a copyright sign: "© 2026 Some Shop", "Some Shop © 2026"; "" without one."""
    match = _COPYRIGHT_RE.search(text)
    if match is None:
        return ""
    before, after = text[: match.start()].strip(), text[match.end() :].strip()
    name = _NAME_END_RE.split(before or after, maxsplit=1)[0].strip()
    return name if len(name) <= MAX_NAME_CHARS and any(map(str.isalpha, name)) else ""


def _contacts(framed_texts: Iterable[str]) -> tuple[str, ...]:
    """The contacts in framed texts as `kind:value`."""
    text = "\n".join(dict.fromkeys(framed_texts))
    return tuple(dict.fromkeys(f"{contact.kind}:{contact.value}" for contact in find_contacts(text)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
