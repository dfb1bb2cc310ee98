"""A look at a page before any parser sees it: may it be a bomb, and what is left of it without the explosive.

Parsers take quadratic time over nested elements, over the attributes of one tag and over formatting that is never
closed (100,000 nested elements or 40,000 attributes: more than a minute), and drop in silence what lies too deep. Both
steps here are linear. A suspicious page is read in a process that can be killed; a bomb is defused first: start tags
beyond a depth and attributes beyond a number are left out, their text stays.
"""

from __future__ import annotations

import re
from collections import Counter

IN_PLACE = 512 * 1024  # bytes; above it even an honest page keeps the event loop busy for too long
MAX_DEPTH = 512  # elements open at once; no tag of 466 saved pages lies deeper
MAX_WORDS = 2000  # between two "<": room for that many attributes, whatever quotes and ">" stand between them
MAX_TABLES = 40  # inside one another: parsers look through all of them at every row
MAX_TAGS = 100_000
MAX_ATTRIBUTES = 500  # of one tag that is kept whole; enough for all tags of those pages
MAX_FORMATTING = 16  # open at once, enough for those pages: parsers repeat each in every paragraph that follows

_TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_STOP = re.compile(r">|=\s{0,9}[\"']")
_QUOTED = re.compile(r"=\s{0,9}(?:\"[^\"]*\"|'[^']*')")
# Elements without content, and those that end by themselves where the next one begins.
_EMPTY = "area base br col embed hr img input link meta param source track wbr"
_SELF_ENDING = "p li option dt dd tr td th tbody thead"
_FLAT = frozenset(f"{_EMPTY} {_SELF_ENDING}".split())
_FORMATTING = frozenset(re.findall(r"\w+", "a b big code em font i nobr s small strike strong tt u"))
_RAW = {name: re.compile(f"</{name}", re.I) for name in ("script", "style", "textarea", "title", "xmp", "iframe")}


def suspicious(body: bytes) -> bool:
    """True where a page belongs in a worker process: large, deeply nested or with huge tags. Linear in its length."""
    return len(body) > IN_PLACE or body.count(b"<") > MAX_TAGS or is_bomb(body.decode("latin-1"))


def is_bomb(source: str) -> bool:
    """Whether a page nests too deep, has a tag that is too large, or never closes its formatting."""
    opened = _Open()
    for piece in source.split("<"):
        if len(piece) > 2 * MAX_WORDS and len(piece.split(None, MAX_WORDS)) > MAX_WORDS:
            return True
        tag = _TAG.match(piece)
        if tag is None:
            continue
        name = tag[2].lower()
        if tag[1]:
            opened.close(name)
        elif not opened.open(name):
            return True
    return False


def defused(source: str) -> str:
    """The source without start tags that lie too deep and without the attributes of tags that have too many."""
    kept: list[str] = []
    opened = _Open()
    place = 0
    while (begin := source.find("<", place)) >= 0:
        kept.append(source[place:begin])
        tag = _TAG.match(source, begin + 1)
        if tag is None:
            end = _after_comment(source, begin)
            kept.append(source[begin:end])
            place = end
            continue
        end = _tag_end(source, tag.end())
        name = tag[2].lower()
        if opened.close(name) if tag[1] else opened.open(name):
            kept.append(_slim(source[begin:end], tag[0]))
        else:
            kept.append(" ")
        place = _after_raw(source, end, kept) if not tag[1] and name in _RAW else end
    kept.append(source[place:])
    return "".join(kept)


class _Open:
    """The elements that are open, by name; those that were refused wait for their end tags."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._depth = 0
        self._formatting = 0

    def open(self, name: str) -> bool:
        """Whether there is room for one more; it is refused where there is none."""
        if name in _FLAT:
            return True
        formatting = name in _FORMATTING
        room = (
            MAX_DEPTH if self._open[name] > MAX_DEPTH // 4 else 2 * MAX_DEPTH
        )  # a bomb's own tag leaves room for others
        full = self._depth >= room or (formatting and self._formatting >= MAX_FORMATTING)
        if full or (name == "table" and self._open[name] >= MAX_TABLES):
            self._refused[name] += 1
            return False
        self._open[name] += 1
        self._depth += 1
        self._formatting += formatting
        return True

    def close(self, name: str) -> bool:
        """Whether an end tag belongs to an element that was let in (or to none); the innermost was the refused one."""
        if self._refused[name]:
            self._refused[name] -= 1
            return False
        if self._open[name]:
            self._open[name] -= 1
            self._depth -= 1
            self._formatting -= name in _FORMATTING
        return True


def _tag_end(source: str, start: int) -> int:
    """The place after a tag's ">"; quotes hide a ">" only where they begin a value. The end where there is none."""
    while stop := _STOP.search(source, start):
        if stop[0] == ">":
            return stop.end()
        start = source.find(stop[0][-1], stop.end()) + 1
        if start == 0:
            break
    return len(source)


def _slim(tag: str, opening: str) -> str:
    if len(tag) <= 2 * MAX_ATTRIBUTES or len(_QUOTED.sub("", tag).split(None, MAX_ATTRIBUTES)) <= MAX_ATTRIBUTES:
        return tag
    return f"<{opening}>"


def _after_comment(source: str, begin: int) -> int:
    if not source.startswith("<!--", begin):
        return begin + 1
    end = source.find("-->", begin + 4)
    return len(source) if end < 0 else end + 3


def _after_raw(source: str, end: int, kept: list[str]) -> int:
    """Keep the text of a script, style or title as it is, up to its end tag."""
    name = kept[-1][1:9].lower()
    closing = next((pattern for raw, pattern in _RAW.items() if name.startswith(raw)), None)
    found = closing.search(source, end) if closing else None
    if found is None:
        return end
    kept.append(source[end : found.start()])
    return found.start()
