"""The tags of a page in one linear pass without a parser, and its source without the elements nobody sees.

Follows the tokenizer of the HTML standard (https://html.spec.whatwg.org/#tokenization) in what decides where a tag
ends: quotes count only after "=", comments and raw text (scripts, styles, titles) contain no tags. Where it is not
certain that text is raw (inside svg and math, a script that hides a script in a comment), it is read as markup: too
many tags, never too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TAG_RE = re.compile(
    r"""<(/?)([a-zA-Z][^\s/>]*+)"""
    r"""((?:[\s/]++|(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+)>?"""
    r"""|<!--(?:-?>|)|<[!?]|</"""
)
_ATTRIBUTE_RE = re.compile(r"""(?:=[^\s/>=]*+|[^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+""")
_COMMENT_END_RE = re.compile(r"--!?>")
_RAW_TEXT_TAGS = ("script", "style", "textarea", "title", "xmp", "iframe")
_RAW_TEXT_END_RES = {name: re.compile(f"</{name}(?=[\\s/>])", re.I) for name in _RAW_TEXT_TAGS}
_FOREIGN_TAGS = frozenset({"svg", "math"})
CDATA = "<![CDATA["  # yielded as a tag of this name where it may be text or a comment: inside svg and math
_UNBOUNDED_DEPTH = 1 << 60  # as depth of svg: nothing that follows is raw text
_SPECIAL_TAGS = _FOREIGN_TAGS | _RAW_TEXT_END_RES.keys()


# A tag: its match (group 1 is "/" in an end tag, group 3 holds the attributes) and its name in lower case.
Tag = tuple[re.Match[str], str]


def iter_tags(source: str) -> Iterator[Tag]:
    """Yield all tags of a page in order."""
    search, position, foreign_depth = _TAG_RE.search, 0, dict.fromkeys(_FOREIGN_TAGS, 0)
    while match := search(source, position):
        name = match[2]
        if name is None:
            if any(foreign_depth.values()) and source.startswith(CDATA, match.start()):
                yield match, CDATA
            position = _declaration_end(source, match)
            continue
        position, name = match.end(), name.lower()
        yield match, name
        if name in _SPECIAL_TAGS:
            if name in _FOREIGN_TAGS:
                foreign_depth[name] = max(0, foreign_depth[name] - 1) if match[1] else foreign_depth[name] + 1
            elif not match[1] and not any(foreign_depth.values()):
                end = _raw_text_end(source, position, name)
                if end is None:
                    foreign_depth["svg"] = _UNBOUNDED_DEPTH
                else:
                    position = end


def count_attributes(attributes: str) -> int:
    """The number of attributes in `attributes`, group 3 of a tag's match."""
    return len(_ATTRIBUTE_RE.findall(attributes))


def _declaration_end(source: str, match: re.Match[str]) -> int:
    """The position after a comment, a doctype or what is parsed as a comment."""
    end = match.end()
    if match[0].endswith(">"):
        return end
    if match[0] == "<!--":
        closing = _COMMENT_END_RE.search(source, end)
        return closing.end() if closing else len(source)
    bracket = source.find(">", end)
    return bracket + 1 if bracket >= 0 else len(source)


def _raw_text_end(source: str, begin: int, name: str) -> int | None:
    """The position where raw text ends, before its end tag; None if a script may hide another one in a comment."""
    closing = _RAW_TEXT_END_RES[name].search(source, begin)
    end = closing.start() if closing else len(source)
    comment = source.find("<!--", begin, end) if name == "script" else -1
    return None if comment >= 0 and "<script" in source[comment:end].lower() else end


_HIDDEN_START_RE = re.compile(r"<(?:(script|style|noscript|template|svg|math)(?=[\s/>])|!--)", re.I)
_HIDDEN_TAGS = ("script", "style", "noscript", "template", "svg", "math")
_HIDDEN_END_RES = {
    **{name: re.compile(f"</{name}[^<>]{{0,20}}>", re.I) for name in _HIDDEN_TAGS},
    "": re.compile("-->"),
}


def strip_invisible(source: str) -> str:
    """`source` without comments and invisible elements; one that is never closed extends to the end of the page."""
    pieces, position = [], 0
    while start := _HIDDEN_START_RE.search(source, position):
        pieces.append(source[position : start.start()])
        end = _HIDDEN_END_RES[(start[1] or "").lower()].search(source, start.end())
        position = end.end() if end else len(source)
    pieces.append(source[position:])
    return " ".join(pieces)
