"""Detect and defuse parser bombs before any parser sees a page.

Parsers take quadratic time for nested elements, for the attributes of one tag and for formatting that is never closed
(100,000 nested elements or 40,000 attributes: more than a minute), and silently drop what is nested too deep. Detecting
and defusing are linear. A suspicious page is read in a process that can be killed; a bomb is defused first: start tags
beyond a depth and attributes beyond a number are left out, their text stays.
"""

from __future__ import annotations

import re

from crawler.page.html_tokenizer import CDATA, count_attributes, iter_tags

MAX_IN_PROCESS_BYTES = 512 * 1024  # above it even an honest page blocks the event loop for too long
MAX_DEPTH = 512  # elements open at once; no tag of 466 saved pages is nested deeper
MAX_TAG_ATTRIBUTES = 2000
MAX_NESTED_TABLES = 40  # inside one another: parsers search all of them at every row
MAX_TAGS = 100_000
MAX_KEPT_ATTRIBUTES = 500  # of a tag that is kept whole; enough for all tags of the 466 pages
MAX_OPEN_FORMATTING = 16  # open at once, enough for the 466 pages: parsers repeat each in every later paragraph

# Void elements, and those that end implicitly where the next one begins.
_VOID_TAGS = "area base br col embed hr img input link meta param source track wbr"
_SELF_CLOSING_TAGS = "p li option dt dd tr td th tbody thead"
_FLAT_TAGS = frozenset(f"{_VOID_TAGS} {_SELF_CLOSING_TAGS}".split())
_FORMATTING_TAGS = frozenset(re.findall(r"\w+", "a b big code em font i nobr s small strike strong tt u"))


def is_suspicious(body: bytes) -> bool:
    """Whether a page belongs in a worker process: large, deeply nested or with huge tags. Linear in its length."""
    return len(body) > MAX_IN_PROCESS_BYTES or body.count(b"<") > MAX_TAGS or is_bomb(body.decode("latin-1"))


def is_ascii_compatible(encoding: str) -> bool:
    """Whether text in this encoding has its tags at the same positions as its bytes decoded as Latin-1.

    That holds where "<", ">", "=", quotes and spaces are never part of a longer character: in all encodings but UTF-16,
    UTF-32 and ISO-2022-JP.
    """
    return not encoding.startswith(("utf-16", "utf-32", "iso2022"))


def is_bomb(source: str) -> bool:
    """Whether a page nests too deep, has a tag with too many attributes, or leaves too much formatting open."""
    open_elements = _OpenElements()
    for tag, name in iter_tags(source):
        if tag.end() - tag.start() > 2 * MAX_TAG_ATTRIBUTES and _is_huge(tag, MAX_TAG_ATTRIBUTES):
            return True
        if name in _FLAT_TAGS:
            continue
        if tag[1]:
            open_elements.close(name)
        elif name is CDATA or not open_elements.open(name):
            return True
    return False


def defuse(source: str) -> str:
    """`source` without start tags that are nested too deep and without the attributes of tags that have too many."""
    pieces: list[str] = []
    open_elements = _OpenElements()
    position = 0
    for tag, name in iter_tags(source):
        pieces.append(source[position : tag.start()])
        if name is not CDATA and (open_elements.close(name) if tag[1] else open_elements.open(name)):
            pieces.append(f"<{tag[1]}{name}>" if _is_huge(tag, MAX_KEPT_ATTRIBUTES) else tag[0])
        else:
            pieces.append(" ")
        position = tag.end()
    pieces.append(source[position:])
    return "".join(pieces)


def _is_huge(tag: re.Match[str], max_attributes: int) -> bool:
    return tag.end() - tag.start() > 2 * max_attributes and count_attributes(tag[3]) > max_attributes


class _OpenElements:
    """Counts of open elements by name, and of refused ones until their end tags."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._depth = 0
        self._formatting = 0

    def open(self, name: str) -> bool:
        """Count an element as open and return True; if there is no room, count it as refused and return False."""
        if name in _FLAT_TAGS:
            return True
        is_formatting, open_count = name in _FORMATTING_TAGS, self._open.get(name, 0)
        max_depth = (
            MAX_DEPTH if open_count > MAX_DEPTH // 4 else 2 * MAX_DEPTH
        )  # the bomb's own tag leaves room for others
        is_full = self._depth >= max_depth or (is_formatting and self._formatting >= MAX_OPEN_FORMATTING)
        if is_full or (name == "table" and open_count >= MAX_NESTED_TABLES):
            self._refused[name] = self._refused.get(name, 0) + 1
            return False
        self._open[name] = open_count + 1
        self._depth += 1
        self._formatting += is_formatting
        return True

    def close(self, name: str) -> bool:
        """Whether an end tag closes an accepted element (or none); refused ones are innermost, so they close first."""
        refused = self._refused.get(name, 0)
        if refused:
            self._refused[name] = refused - 1
            return False
        open_count = self._open.get(name, 0)
        if open_count:
            self._open[name] = open_count - 1
            self._depth -= 1
            self._formatting -= name in _FORMATTING_TAGS
        return True
