"""Remove markup around and inside addresses: tags, entities, BBCode. Possible addresses and access codes are kept."""

from __future__ import annotations

import html
import re

from crawler.shares.confusables import is_url_text, replace_match
from crawler.shares.text_view import Piece, Replacement

_BLOCK_TAGS = (
    "address",
    "article",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
)
_MORE_BLOCK_TAGS = ("option", "p", "section", "table", "tr", "ul")
_TAG_SEPARATORS = dict.fromkeys((*_BLOCK_TAGS, *_MORE_BLOCK_TAGS), "\n") | {"td": "|", "th": "|"}
_ATTRIBUTE_VALUE_RE = re.compile(r"""=\s?(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'>]{1,2000}))""")
_CODE_ATTRIBUTE_RE = re.compile(r"(?:code|pwd|pass|passwd|password|tiquma)\Z", re.IGNORECASE)
_VALUE_ATTRIBUTE_RE = re.compile(r"(?:value|clipboard-text|data-copy)\Z", re.IGNORECASE)
_ANGLE_BRACKETED_CODE_RE = re.compile(r"<(?!h[1-6]>)(?=[A-Za-z]{0,7}[0-9])[A-Za-z0-9]{3,8}>")
_INLINE_TAGS = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "center", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd")
) | frozenset(
    ("label", "mark", "o", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr")
)
_BBCODE_TAGS = frozenset(
    ("a", "align", "b", "center", "code", "color", "email", "font", "hide", "i", "img", "indent", "left", "list", "p")
) | {"quote", "right", "s", "size", "spoiler", "table", "td", "th", "tr", "u", "url"}


def replace_entity(match: re.Match[str]) -> Replacement:
    """Replace an entity with its character."""
    plain_text = html.unescape(match[0])
    if plain_text == match[0]:
        return None
    return replace_match(match, plain_text, "entities" if is_url_text(plain_text) else None)


def replace_tag(match: re.Match[str]) -> Replacement:
    """Remove a tag; block tags become line breaks, and attribute values that may hold an address or code are kept."""
    pieces: list[Piece] = []
    if match[0].startswith("<") and _ANGLE_BRACKETED_CODE_RE.fullmatch(match[0]):
        return [
            ("(", match.start(), match.start() + 1),
            (match[1], *match.span(1)),
            (")", match.end() - 1, match.end()),
        ], None
    for value in _ATTRIBUTE_VALUE_RE.finditer(match[0]):
        group = value.lastindex or 0
        prefix = _attribute_prefix(match[0], value)
        if prefix is not None:
            start, end = match.start() + value.start(group), match.start() + value.end(group)
            pieces += [(prefix, start, start), (value[group], start, end), (" ", end, end)]
    trick = None if pieces else "markup"
    name = (match[1] or "").lower()
    if separator := _TAG_SEPARATORS.get(name, "" if name in _INLINE_TAGS or not name else " "):
        pieces.append((separator, match.start(), match.end()))
    return pieces, trick


def _attribute_prefix(tag_text: str, value_match: re.Match[str]) -> str | None:
    """What to put before an attribute's value if it is kept; None if it is dropped."""
    content, name_start = value_match[value_match.lastindex or 0], max(0, value_match.start() - 24)
    if len(content) < 9 and _VALUE_ATTRIBUTE_RE.search(tag_text, name_start, value_match.start()):
        return " "
    if len(content) < 9 and _CODE_ATTRIBUTE_RE.search(tag_text, name_start, value_match.start()):
        return " code:"
    return " " if "/" in content or "magnet:" in content or "码" in content else None


def replace_bbcode(match: re.Match[str]) -> Replacement:
    """Remove a BBCode tag; the address of [url=...] is kept, and table rows become lines."""
    name = match[1].lower()
    if name not in _BBCODE_TAGS:
        return None
    if name in ("url", "img", "a") and match[2]:
        return [
            (" ", match.start(), match.start()),
            (match[2], match.start(2), match.end(2)),
            (" ", match.end(2), match.end()),
        ], None
    return replace_match(match, {"td": "|", "th": "|", "tr": "\n", "url": " "}.get(name, ""))
