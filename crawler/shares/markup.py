"""Markup around and inside addresses: tags, entities, marks of forums. What may be an address or a code is kept."""

from __future__ import annotations

import html
import re

from crawler.shares.letters import is_address, whole
from crawler.shares.views import Piece, Replacement

_BLOCKS = ("address", "article", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol")
_MORE_BLOCKS = ("option", "p", "section", "table", "tr", "ul")
_SEPARATORS = dict.fromkeys((*_BLOCKS, *_MORE_BLOCKS), "\n") | {"td": "|", "th": "|"}
_VALUES = re.compile(r"""=\s?(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'>]{1,2000}))""")
_CODE_ATTRIBUTE = re.compile(r"(?:code|pwd|pass|passwd|password|tiquma)\Z", re.IGNORECASE)
_SHORT_VALUE = re.compile(r"(?:value|clipboard-text|data-copy)\Z", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?!h[1-6]>)(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{3,8}>")  # a code between angle brackets
_INLINE = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "center", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd")
) | frozenset(
    ("label", "mark", "o", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr")
)
_BBCODE = frozenset(
    ("a", "align", "b", "center", "code", "color", "email", "font", "hide", "i", "img", "indent", "left", "list", "p")
) | {"quote", "right", "s", "size", "spoiler", "table", "td", "th", "tr", "u", "url"}


def entity(match: re.Match[str]) -> Replacement:
    """The sign that an entity stands for."""
    found = html.unescape(match[0])
    if found == match[0]:
        return None
    return whole(match, found, "entities" if is_address(found) else None)


def tag(match: re.Match[str]) -> Replacement:
    """Tags vanish; blocks part lines, and values of attributes that may hold an address or a code are kept."""
    pieces: list[Piece] = []
    if match[0].startswith("<") and _NO_TAG.fullmatch(match[0]):
        return [
            ("(", match.start(), match.start() + 1),
            (match[1], *match.span(1)),
            (")", match.end() - 1, match.end()),
        ], None
    for value in _VALUES.finditer(match[0]):
        group = value.lastindex or 0
        before = _before(match[0], value)
        if before is not None:
            start, end = match.start() + value.start(group), match.start() + value.end(group)
            pieces += [(before, start, start), (value[group], start, end), (" ", end, end)]
    trick = None if pieces else "markup"
    name = (match[1] or "").lower()
    if separator := _SEPARATORS.get(name, "" if name in _INLINE or not name else " "):
        pieces.append((separator, match.start(), match.end()))
    return pieces, trick


def _before(written: str, value: re.Match[str]) -> str | None:
    """What is put before the value of an attribute that is kept; None where it is not."""
    said, near = value[value.lastindex or 0], max(0, value.start() - 24)
    if len(said) < 9 and _SHORT_VALUE.search(written, near, value.start()):
        return " "
    if len(said) < 9 and _CODE_ATTRIBUTE.search(written, near, value.start()):
        return " code:"
    return " " if "/" in said or "magnet:" in said or "码" in said else None


def bbcode(match: re.Match[str]) -> Replacement:
    """Marks of forums vanish; the address of [url=...] is kept, rows part lines."""
    name = match[1].lower()
    if name not in _BBCODE:
        return None
    if name in ("url", "img", "a") and match[2]:
        return [
            (" ", match.start(), match.start()),
            (match[2], match.start(2), match.end(2)),
            (" ", match.end(2), match.end()),
        ], None
    return whole(match, {"td": "|", "th": "|", "tr": "\n", "url": " "}.get(name, ""))
