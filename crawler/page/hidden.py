"""A source without what nobody sees: scripts, styles, templates, drawings, comments. Linear, without a parser."""

from __future__ import annotations

import re

_HIDDEN_START_RE = re.compile(r"<(?:(script|style|noscript|template|svg|math)(?=[\s/>])|!--)", re.I)
_HIDDEN_TAGS = ("script", "style", "noscript", "template", "svg", "math")
_HIDDEN_END_RES = {
    **{name: re.compile(f"</{name}[^<>]{{0,20}}>", re.I) for name in _HIDDEN_TAGS},
    "": re.compile("-->"),
}


def strip_invisible(source: str) -> str:
    """What is left; where an element is never closed, the rest of the page is part of it."""
    pieces, position = [], 0
    while start := _HIDDEN_START_RE.search(source, position):
        pieces.append(source[position : start.start()])
        end = _HIDDEN_END_RES[(start[1] or "").lower()].search(source, start.end())
        position = end.end() if end else len(source)
    pieces.append(source[position:])
    return " ".join(pieces)
