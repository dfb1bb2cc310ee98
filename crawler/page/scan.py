"""A cheap look at raw bytes before any parser sees them: may this page be a bomb?

Parsers take quadratic time over nested elements and over the attributes of one tag (100,000 nested elements or 40,000
attributes: more than a minute). The scan is linear and errs on the careful side: a suspicious page is still read, in a
worker process that can be killed.
"""

from __future__ import annotations

import re
from collections import Counter

IN_PLACE = 512 * 1024  # bytes; above it even an honest page keeps the event loop busy for too long
MAX_DEPTH = 2000
MAX_WORDS = 2000  # between two "<": room for that many attributes, whatever quotes and ">" stand between them
MAX_TAGS = 100_000

_TAG = re.compile(rb"(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
# Elements without content, and those that end by themselves where the next one begins.
_EMPTY = b"area base br col embed hr img input link meta param source track wbr"
_FLAT = frozenset((*_EMPTY.split(), *b"p li option dt dd tr td th tbody thead".split()))


def suspicious(body: bytes) -> bool:
    """True where a page belongs in a worker process: large, deeply nested or with huge tags. Linear in its length."""
    return len(body) > IN_PLACE or body.count(b"<") > MAX_TAGS or _is_bomb(body)


def _is_bomb(body: bytes) -> bool:
    depth = 0
    unclosed: Counter[bytes] = Counter()
    for piece in body.split(b"<"):
        if len(piece) > 2 * MAX_WORDS and len(piece.split()) > MAX_WORDS:
            return True
        tag = _TAG.match(piece)
        if tag is None:
            continue
        name = tag[2].lower()
        if tag[1]:
            if unclosed[name]:
                unclosed[name] -= 1
                depth -= 1
        elif name not in _FLAT:
            unclosed[name] += 1
            depth += 1
        if depth > MAX_DEPTH:
            return True
    return False
