"""Page: what a spider reads. Selections raise if a mandatory value is missing, so a changed layout is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import isfinite
from typing import Any
from urllib.parse import urljoin

from attrs import Factory, define, field
from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.errors import SwordnetError
from crawler.page.charset import decode
from crawler.page.html_tokenizer import strip_invisible
from crawler.page.parser_bombs import defuse, is_ascii_compatible, is_bomb

_NO_DEFAULT: Any = object()
MAX_ADDRESS_CHARS = 2_000
_HARMLESS_CHARS = 2_000  # no parser takes long for so short a page
_STATE_FIELDS = ("url", "body", "content_type", "status", "values", "scanned")
_TEXT_SEPARATOR = "\x1f"
_CJK_RANGES = "\u3040-\u30ff\u3400-\u9fff"
_SPLIT_CJK_RE = re.compile(f"[{_CJK_RANGES}] [{_CJK_RANGES}]")
_SEPARATED_CJK_RE = re.compile(f"(?<=[{_CJK_RANGES}]){_TEXT_SEPARATOR}+(?=[{_CJK_RANGES}])")
_BLOCK_SELECTOR = "div, p, br, li, dd, dt, td, th, h1, h2, h3, h4, h5, h6, ul, ol, table, section, article, option"
_INVISIBLE_TAGS = ["script", "style", "noscript", "template"]


class LayoutError(SwordnetError):
    """A page lacks what every page of its kind has: the layout changed, or this is another kind of page."""


class Selection:
    """The elements that a CSS selector matched, in page order; `text` and `attrib` are those of the first one."""

    def __init__(self, nodes: list[LexborNode], selector: str) -> None:
        self._nodes = nodes
        self._selector = selector

    def __iter__(self) -> Iterator[Selection]:
        return (Selection([node], self._selector) for node in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __getitem__(self, index: int) -> Selection:
        return Selection([self._nodes[index]], self._selector)

    def css(self, selector: str) -> Selection:
        """Elements below any of these that match `selector`."""
        return Selection(
            [element for node in self._nodes for element in _deduplicate(node.css(selector), selector)], selector
        )

    @property
    def attrib(self) -> Mapping[str, str]:
        """Attributes of the first element; one without a value is "". Raises LayoutError if there is no element."""
        return {name: value or "" for name, value in self._first().attributes.items()}

    def text(self, default: Any = _NO_DEFAULT, separator: str = " ") -> Any:
        """Visible text of the first element, white space collapsed; without one, `default`, else raises LayoutError."""
        if not self._nodes and default is not _NO_DEFAULT:
            return default
        return visible_text(self._first(), separator)

    @property
    def tag(self) -> str:
        """Tag name of the first element. Raises LayoutError if there is none."""
        return self._first().tag or ""

    def html(self) -> str:
        """HTML source of the first element."""
        return self._first().html or ""

    def _first(self) -> LexborNode:
        if not self._nodes:
            raise LayoutError(f"nothing matches {self._selector!r}")
        return self._nodes[0]


def _deduplicate(nodes: list[LexborNode], selector: str) -> list[LexborNode]:
    """Each element once: for "a, b" the parser gives an element once for every part that it matches."""
    if "," not in selector:
        return nodes
    return [
        node
        for previous, node in zip([None, *nodes], nodes, strict=False)
        if previous is None or previous.mem_id != node.mem_id
    ]


def has_blocks(node: LexborNode) -> bool:
    """Whether an element contains block elements. The parser's matches include the element itself."""
    return any(inner.mem_id != node.mem_id for inner in node.css(_BLOCK_SELECTOR)[:2])


def visible_text(node: LexborNode, separator: str = " ") -> str:
    """Text of an element without that of scripts and styles inside it; of a script itself, all of it.

    Pieces of one line of Chinese or Japanese (a highlighted word in a title) are joined without a space.
    """
    if node.css_first(", ".join(_INVISIBLE_TAGS)) is not None and node.tag not in _INVISIBLE_TAGS:
        node = node.clone()
        node.strip_tags(_INVISIBLE_TAGS)
    text = " ".join(node.text(separator=separator).split())
    if separator == " " and _SPLIT_CJK_RE.search(text) and not has_blocks(node):
        text = " ".join(
            _SEPARATED_CJK_RE.sub("", node.text(separator=_TEXT_SEPARATOR)).replace(_TEXT_SEPARATOR, " ").split()
        )
    return text


def text_before(node: LexborNode, max_chars: int) -> str:
    """The text right before an element, or before the one around it if it begins that; "" if there is none or more."""
    for element in (node, node.parent):
        before = element.prev if element is not None else None
        while before is not None and not _own_text(before):
            before = before.prev
        if before is not None:
            text = _own_text(before)
            return text if len(text) <= max_chars else ""
    return ""


def _own_text(node: LexborNode) -> str:
    """The text of a text or an element, "" for a comment."""
    if node.tag == "-text":
        return " ".join((node.text_content or "").split())
    return "" if (node.tag or "-")[0] == "-" else visible_text(node)


def _clean_json(value: Any) -> Any:
    """A JSON value whose strings have no NULs or lone surrogates, which escapes may smuggle in."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")
    if isinstance(value, list):
        return [_clean_json(item) for item in value]
    if isinstance(value, dict):
        return {_clean_json(key): _clean_json(item) for key, item in value.items()}
    return value


def _nan_to_none(_name: str) -> None:
    """None for NaN and Infinity, which are not JSON, but which servers write."""


def _finite_float(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


def _is_markup(source: str, content_type: str) -> bool:
    """Whether a body is markup and not JSON. Both are mislabelled, so the first character counts first."""
    first = source[:64].lstrip()[:1]
    return first == "<" or (first not in ("{", "[") and "json" not in content_type)


@define(kw_only=True)
class Page:
    """One answer: bytes, address, content type and the values of its request. Parsed on first use."""

    url: str
    body: bytes
    content_type: str = ""
    status: int = 200
    values: Mapping[str, str] = field(default=Factory(dict))
    scanned: bool = field(default=False, eq=False)  # the bytes were checked and contain no parser bomb
    memo: dict[str, Any] = field(factory=dict, eq=False, repr=False)  # what readers found out about it, by reader

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STATE_FIELDS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.memo = {}
        for name, value in state.items():
            setattr(self, name, value)

    @cached_property
    def source(self) -> str:
        """The body as text; parser bombs, which would keep a parser busy for minutes, are defused."""
        decoded = decode(self.body, self.content_type)
        text = decoded.text
        if (
            len(text) <= _HARMLESS_CHARS
            or not _is_markup(text, self.content_type)
            or (self.scanned and is_ascii_compatible(decoded.encoding))
        ):
            return text
        return defuse(text) if is_bomb(text) else text

    @cached_property
    def encoding(self) -> str:
        """The Python name of the encoding in which the body was read."""
        return decode(self.body, self.content_type).encoding

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The parsed page, for readers that visit many elements."""
        return LexborHTMLParser(self.source)

    @cached_property
    def markup(self) -> str:
        """The source without scripts, styles, templates, drawings and comments: what people may see of it."""
        return strip_invisible(self.source)

    def nodes(self, selector: str, limit: int) -> Iterator[LexborNode]:
        """The first `limit` elements that match a CSS selector, as nodes of the parser, for readers that visit many."""
        return iter(_deduplicate(self.tree.css(selector)[:limit], selector))

    def css(self, selector: str) -> Selection:
        """Elements that match a CSS selector."""
        return Selection(_deduplicate(self.tree.css(selector), selector), selector)

    def text(self) -> str:
        """Visible text of the whole page."""
        body = self.tree.body
        return visible_text(body, " ") if body else ""

    def json(self) -> Any:
        """The body as JSON, NaN and infinite numbers as None. Raises LayoutError if it is not JSON (an HTML shell)."""
        try:
            value = json.loads(self.source, parse_constant=_nan_to_none, parse_float=_finite_float)
            return _clean_json(value) if "\\u" in self.source else value
        except (ValueError, RecursionError) as error:
            raise LayoutError(f"not JSON: {error}") from None

    def urljoin(self, reference: str) -> str:
        """`reference` as an absolute address, relative to this page (or its <base>, if it has one).

        Raises LayoutError if it is not an address at all.
        """
        try:
            return urljoin(self._base, reference.strip())
        except ValueError as error:
            raise LayoutError(f"no address: {reference[:100]!r}: {error}") from None

    def link(self, reference: str) -> str | None:
        """`reference` as an absolute http(s) address; None if it is not one, or of absurd length."""
        try:
            address = urljoin(self._base, reference.strip()) if len(reference) < MAX_ADDRESS_CHARS else ""
        except ValueError:
            return None
        return address if address.startswith(("http://", "https://")) else None

    @cached_property
    def _base(self) -> str:
        base = self.css("base[href]") if self.is_html else None
        return urljoin(self.url, base.attrib["href"].strip()) if base else self.url

    @property
    def is_html(self) -> bool:
        """False if this is JSON: its first character says so, or, where that says nothing, its label."""
        return _is_markup(self.source, self.content_type)
