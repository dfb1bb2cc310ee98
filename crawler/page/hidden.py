"""A source without what nobody sees: scripts, styles, templates, drawings, comments. Linear, without a parser."""

from __future__ import annotations

import re

_HIDDEN = re.compile(r"<(?:(script|style|noscript|template|svg|math)(?=[\s/>])|!--)", re.I)
_NAMES = ("script", "style", "noscript", "template", "svg", "math")
_ENDS = {
    **{name: re.compile(f"</{name}[^<>]{{0,20}}>", re.I) for name in _NAMES},
    "": re.compile("-->"),
}


def shown(source: str) -> str:
    """What is left; where an element is never closed, the rest of the page is part of it."""
    pieces, place = [], 0
    while found := _HIDDEN.search(source, place):
        pieces.append(source[place : found.start()])
        end = _ENDS[(found[1] or "").lower()].search(source, found.end())
        place = end.end() if end else len(source)
    pieces.append(source[place:])
    return " ".join(pieces)
