"""The visible text of a page as lines: blocks, cells, buttons and neighbouring links are never joined into one word.

Formatting inside a word ("h<b>e</b>llo") is undone as a browser shows it; other inline elements are parted by a space,
but not within a line of Chinese or Japanese (a highlighted word). The address of a share link is written behind the
words that link to it ("click here https://..."), because it is what is handed out. What fields and frames hold counts
where it hands out a share, or is a text of its own (the lazy description in a textarea, a frame's srcdoc).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import cast

from attrs import Factory, define, frozen
from selectolax.lexbor import LexborNode

from crawler.page.page import Page
from crawler.shares import extract_links
from crawler.shares.link_rules import load_grammar
from crawler.urls import url_host

MAX_NODES = 60_000  # elements and texts of a page that are read
MAX_DEPTH = 600  # of elements; what parser_bombs lets pass is shallower
MAX_LINK_CHARS = 400  # of an address that is written beside the text of its link
MAX_WRITTEN_LINKS = 200  # of a page
MAX_HELD_CHARS = 100_000  # of what a field or a frame holds
MIN_SHARE_CHARS = 8  # of a text that may hold a share link or an access code
SKIPPED_TAGS = frozenset(
    (
        *("script", "style", "noscript", "template", "svg", "math", "head", "select", "option", "datalist"),
        *("textarea", "iframe", "object", "video", "audio", "canvas"),
    )
)
_HELD_TAGS = frozenset(("textarea", "iframe", "noscript"))
_COPYING_TAGS = frozenset(("a", "button", "span", "div", "i"))
_COPIED_TEXT = "data-clipboard-text"  # what clipboard.js copies at a click
BLOCK_TAGS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details"),
        *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre"),
        *("section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    )
)
PAGE_ENDINGS = frozenset(("html", "htm", "shtml", "xhtml", "php", "asp", "aspx", "jsp", "do", "cgi", "cfm"))
_PLAIN_SCHEMES = frozenset(("mailto", "javascript", "tel", "data", "about", "sms", "irc", "whatsapp"))
_FORMATTING_TAGS = frozenset(
    (
        *("b", "i", "em", "strong", "font", "u", "mark", "wbr", "big", "tt", "sub", "sup", "small", "s", "strike"),
        *("del", "ins"),
    )
)
ACCESS_CODE_RE = re.compile(
    r"(?:提取码|提取碼|访问码|訪問碼|密码|密碼|解压码|access code|extraction code|pass(?:word|code)?|pwd|code)"
    r"\s?(?:是|is)?\s?[:：=]\s?\w{3,}",
    re.I,
)
_CJK_RE = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff00-\uff60]")


@frozen(kw_only=True)
class Line:
    """One line: its text and the elements around its first word, outermost first.

    `link_count` and `link_chars` count the links to pages of the same site, and the characters inside them; `has_file`
    says that a link leads to a file instead.
    """

    text: str
    elements: tuple[LexborNode, ...]
    link_count: int = 0
    link_chars: int = 0
    has_file: bool = False


@frozen(kw_only=True)
class PageLines:
    """The lines of a page, its pictures, and the elements that were left out with the reason given for each."""

    lines: list[Line]
    skipped: list[tuple[LexborNode, str]]
    pictures: list[LexborNode]


class _Gap(IntEnum):
    """What stands between two texts of a line: nothing, the border of an inline element, white space."""

    NONE = 0
    INLINE = 1
    SPACE = 2


@define
class _LineBuilder:
    """The line that is being read."""

    pieces: list[str] = Factory(list)
    gap: _Gap = _Gap.NONE
    closed_formatting: bool = False  # a formatting element ended since the last text
    closed_link: bool = False  # a link ended since the last text
    elements: tuple[LexborNode, ...] = ()
    link_count: int = 0
    link_chars: int = 0
    in_page_link: bool = False
    has_file: bool = False

    def add(self, text: str, elements: tuple[LexborNode, ...]) -> None:
        """Add one text."""
        words = " ".join(text.split())
        if not words or text[0].isspace():
            self.gap = _Gap.SPACE
        if not words:
            return
        if self.pieces:
            is_cjk = self.gap is _Gap.INLINE and _CJK_RE.match(self.pieces[-1][-1]) and _CJK_RE.match(words)
            self.pieces.append("" if is_cjk or self.gap is _Gap.NONE else " ")
        else:
            self.elements = elements
        self.pieces.append(words)
        self.link_chars += len(words) if self.in_page_link else 0
        self.gap = _Gap.SPACE if text[-1].isspace() else _Gap.NONE
        self.closed_formatting = self.closed_link = False

    def cross(self, tag: str, *, closing: bool) -> None:
        """Note the border of an inline element."""
        if tag in _FORMATTING_TAGS:
            if self.closed_formatting and not closing:
                self.gap = max(self.gap, _Gap.INLINE)
            self.closed_formatting = closing
        else:
            self.gap = max(self.gap, _Gap.INLINE if tag in ("span", "label") else _Gap.SPACE)

    def finish(self, lines: list[Line]) -> None:
        """Add the line to `lines` unless it is empty, and begin the next."""
        if self.pieces:
            text = "".join(self.pieces)
            lines.append(
                Line(
                    text=text,
                    elements=self.elements,
                    link_count=self.link_count,
                    link_chars=self.link_chars,
                    has_file=self.has_file,
                )
            )
        self.pieces, self.elements = [], ()
        self.gap, self.closed_formatting, self.closed_link = _Gap.NONE, False, False
        self.link_count = self.link_chars = 0
        self.has_file = False


def all_lines(page: Page) -> list[Line]:
    """All lines of a page, read once."""
    lines = page.memo.get("lines")
    if lines is None:
        lines = page.memo["lines"] = page_lines(page, {}).lines
    return cast("list[Line]", lines)


def page_lines(page: Page, skip: Mapping[int, str], root: LexborNode | None = None) -> PageLines:
    """The lines inside `root` (the body by default) in page order, without the elements whose `mem_id` is in `skip`.

    `skip` gives the reason for each element.
    """
    result = PageLines(lines=[], skipped=[], pictures=[])
    root = root or page.tree.body
    walk = _Walk(result, page, url_host(page.url))
    # Nodes still to be entered or, if the third value is set, left; with the elements around each.
    stack: list[tuple[LexborNode, tuple[LexborNode, ...], bool]] = [] if root is None else [(root, (), False)]
    for _ in range(MAX_NODES):
        if not stack:
            break
        node, around, closing = stack.pop()
        tag = node.tag or "-"
        if tag == "-text":
            walk.line.add(node.text_content or "", around)
        elif tag[0] == "-" or tag in SKIPPED_TAGS:
            if tag in _HELD_TAGS and node.mem_id not in skip:
                walk.add_held(node, around)
        elif node.mem_id in skip:
            result.skipped.append((node, skip[node.mem_id]))
            walk.line.cross("a", closing=True)
        else:
            walk.cross(node, tag, around, closing=closing)
            if not closing and len(around) < MAX_DEPTH:
                stack.append((node, around, True))
                children = list(node.iter(include_text=True))
                inner = (*around, node)
                stack.extend((child, inner, False) for child in reversed(children))
    walk.line.finish(result.lines)
    return result


@define
class _Walk:
    """A walk through the elements of a page, of which borders of elements are noted."""

    result: PageLines
    page: Page
    host: str
    line: _LineBuilder = Factory(_LineBuilder)
    written_links: int = 0

    def cross(self, node: LexborNode, tag: str, around: tuple[LexborNode, ...], *, closing: bool) -> None:
        """Note the border of an element."""
        if not closing and (tag == "input" or (tag in _COPYING_TAGS and _COPIED_TEXT in node.attributes)):
            self.add_held(node, around)
        if tag in BLOCK_TAGS:
            self.line.finish(self.result.lines)
        elif tag == "a":
            self._cross_link(node, closing)
        else:
            self.line.cross(tag, closing=closing)
            if tag == "img" and not closing:
                self.result.pictures.append(node)

    def add_held(self, node: LexborNode, around: tuple[LexborNode, ...]) -> None:
        """Add the lines of what a field or a frame holds, or a button copies."""
        source = _held_source(node)
        is_markup = "<" in source
        is_text = is_markup and node.tag in ("textarea", "iframe")
        if len(source) < MIN_SHARE_CHARS or not (is_text or hands_out(source)):
            return
        self.line.finish(self.result.lines)
        if is_markup:
            held = Page(
                url=self.page.url, body=source.encode("utf-8", "replace"), content_type="text/html; charset=utf-8"
            )
            is_outer = not self.page.memo.get("is held")
            held.memo["is held"] = True
            texts = [line.text for line in page_lines(held, {}).lines] if is_outer else []
        else:
            texts = [" ".join(text.split()) for text in source.splitlines()]
        self.result.lines.extend(Line(text=text, elements=(*around, node)) for text in texts if text)

    def _cross_link(self, node: LexborNode, closing: bool) -> None:
        """Note the border of a link; behind its words, write the address of a share."""
        address = (node.attributes.get("href") or "").strip()[:MAX_LINK_CHARS]
        is_internal = _is_internal(address, self.host)
        line = self.line
        if not closing:
            if line.closed_link:
                line.finish(self.result.lines)  # two links side by side are a menu
            line.cross("a", closing=False)
            is_file = is_internal and is_file_address(address)
            line.in_page_link = is_internal and not is_file
            line.link_count += line.in_page_link
            line.has_file |= is_file
            return
        line.in_page_link = False
        line.cross("a", closing=True)
        line.closed_link = bool(line.pieces)
        may_write = not is_internal and self.written_links < MAX_WRITTEN_LINKS
        if may_write and _is_share(address) and address not in "".join(line.pieces):
            line.add(f" {address} ", ())
            self.written_links += 1


# The package of an app: a domain backwards, then names.
PACKAGE_RE = re.compile(
    r"(?:com|net|org|io|tv|me|app|dev|info|edu|co|cn|jp|kr|tw|hk|de|fr|uk|ru|in|it|es|nl|pl|br|ca|au|eu|us|xyz|games?)"
    r"(?:\.[a-z][a-z0-9_]*){2,6}",
    re.I,
)
_INSTALLER_ENDINGS = frozenset(("apk", "xapk", "apks", "apkm", "obb", "zip", "exe", "msi", "ipa"))


def hands_out(text: str) -> bool:
    """Whether a text holds a share link or an access code."""
    return len(text) >= MIN_SHARE_CHARS and bool(ACCESS_CODE_RE.search(text) or extract_links(text))


def _held_source(node: LexborNode) -> str:
    """What a field or a frame holds, or a button copies, as text or markup."""
    attributes = node.attributes
    if node.tag == "textarea":
        source = "".join(child.text_content or "" for child in node.iter(include_text=True))
    elif node.tag == "noscript":
        source = node.inner_html or ""
    else:
        source = attributes.get({"iframe": "srcdoc", "input": "value"}.get(node.tag or "", _COPIED_TEXT)) or ""
    return (source or attributes.get(_COPIED_TEXT) or "")[:MAX_HELD_CHARS]


def is_file_address(address: str) -> bool:
    """Whether an address leads to a file and not to a page, by its ending."""
    name = re.split(r"[?#]", address, maxsplit=1)[0].rsplit("/", 1)[-1]
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    if PACKAGE_RE.fullmatch(name) and ending not in _INSTALLER_ENDINGS:
        return False  # the page of an app, named by its package
    return bool(ending) and len(ending) <= 7 and ending.isascii() and ending.isalnum() and ending not in PAGE_ENDINGS


def _is_share(address: str) -> bool:
    """Whether an address is that of a share: the host decides first, because pages link to thousands of others."""
    scheme, _, rest = address.partition(":")
    if scheme.casefold() in ("http", "https") or address.startswith("//"):
        return _is_drive(url_host(address)) and bool(extract_links(address))
    return bool(rest) and scheme.casefold() not in _PLAIN_SCHEMES and bool(extract_links(address))


@lru_cache(maxsize=4_096)
def _is_drive(host: str) -> bool:
    return load_grammar().rule_for_host(host) is not None


def _is_internal(address: str, host: str) -> bool:
    """Whether a link leads to a page of the same site."""
    if not address or address.startswith("#"):
        return False
    return url_host(address) == host if "//" in address[:10] else ":" not in address[:12]
