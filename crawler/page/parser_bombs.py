"""Detect and defuse parser bombs before any parser sees a page.

Parsers take quadratic time over nested elements, over the attributes of one tag and over formatting that is never
closed (100,000 nested elements or 40,000 attributes: more than a minute), and silently drop what lies too deep.
Detecting and defusing are linear. A suspicious page is read in a process that can be killed; a bomb is defused first:
start tags beyond a depth and attributes beyond a number are left out, their text stays.
"""

from __future__ import annotations

import re

from crawler.page.html_tokenizer import CDATA, count_attributes, iter_tags

MAX_IN_PROCESS_BYTES = 512 * 1024  # bytes; above it even an honest page keeps the event loop busy for too long
MAX_DEPTH = 512  # elements open at once; no tag of 466 saved pages lies deeper
MAX_TAG_ATTRIBUTES = 2000  # attributes of one tag
MAX_NESTED_TABLES = 40  # inside one another: parsers look through all of them at every row
MAX_TAGS = 100_000
MAX_KEPT_ATTRIBUTES = 500  # of one tag that is kept whole; enough for all tags of those pages
MAX_OPEN_FORMATTING = 16  # open at once, enough for those pages: parsers repeat each in every paragraph that follows

# Elements without content, and those that end by themselves where the next one begins.
_VOID_TAGS = "area base br col embed hr img input link meta param source track wbr"
_SELF_CLOSING_TAGS = "p li option dt dd tr td th tbody thead"
_FLAT_TAGS = frozenset(f"{_VOID_TAGS} {_SELF_CLOSING_TAGS}".split())
_FORMATTING_TAGS = frozenset(re.findall(r"\w+", "a b big code em font i nobr s small strike strong tt u"))


def is_suspicious(body: bytes) -> bool:
    """True where a page belongs in a worker process: large, deeply nested or with huge tags. Linear in its length."""
    return len(body) > MAX_IN_PROCESS_BYTES or body.count(b"<") > MAX_TAGS or is_bomb(body.decode("latin-1"))


def is_ascii_compatible(encoding: str) -> bool:
    """Whether text in this encoding has its tags at the same places as its bytes read as Latin-1.

    So it is where "<", ">", "=", quotes and spaces are never part of a longer character: everywhere but in UTF-16,
    UTF-32 and ISO-2022-JP.
    """
    return not encoding.startswith(("utf-16", "utf-32", "iso2022"))


def is_bomb(source: str) -> bool:
    """Whether a page nests too deep, has a tag that is too large, or never closes its formatting."""
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
    """The source without start tags that lie too deep and without the attributes of tags that have too many."""
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
    """The elements that are open, by name; those that were refused wait for their end tags."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._depth = 0
        self._formatting = 0

    def open(self, name: str) -> bool:
        """Whether there is room for one more; it is refused where there is none."""
        if name in _FLAT_TAGS:
            return True
        formatting, inside = name in _FORMATTING_TAGS, self._open.get(name, 0)
        room = MAX_DEPTH if inside > MAX_DEPTH // 4 else 2 * MAX_DEPTH  # a bomb's own tag leaves room for others
        full = self._depth >= room or (formatting and self._formatting >= MAX_OPEN_FORMATTING)
        if full or (name == "table" and inside >= MAX_NESTED_TABLES):
            self._refused[name] = self._refused.get(name, 0) + 1
            return False
        self._open[name] = inside + 1
        self._depth += 1
        self._formatting += formatting
        return True

    def close(self, name: str) -> bool:
        """Whether an end tag belongs to an element that was let in (or to none); the innermost was the refused one."""
        refused = self._refused.get(name, 0)
        if refused:
            self._refused[name] = refused - 1
            return False
        inside = self._open.get(name, 0)
        if inside:
            self._open[name] = inside - 1
            self._depth -= 1
            self._formatting -= name in _FORMATTING_TAGS
        return True
