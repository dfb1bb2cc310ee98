"""Facts that a page writes behind a label: "Brand: Casio", a row of a table, two elements side by side.

What stands between a label and its value is markup of any kind, so the source is read, not the tree: a label fills an
element or begins it; its value follows a colon, or is the text of the next element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape

from ahocorasick_rs import AhoCorasick, MatchKind

from crawler.page.page import Page
from crawler.page.words import labels, lowered

MOST = 400  # places where a label may stand that are looked at
LONGEST = 200  # characters of a value
_SPACE = re.compile(r"(?:\s|&nbsp;|[•·*\-\u200e\u200f]){0,60}")
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")
_AFTER = re.compile(
    r"(?:\s|&nbsp;|[\u200e\u200f]|\([^()<>]{1,30}\)){0,60}([:：]?)(?:\s|&nbsp;|[\u200e\u200f]){0,200}"
    r"(?:([^<>:：]{1,400})|((?:<[^<>]{1,600}>(?:\s|&nbsp;|[:：\u200e\u200f]){0,200}){1,8})([^<>]{1,400}))"
)
_SIDE = re.compile(r"^</[a-zA-Z0-9]{1,20}>.{0,4000}<(?:td|dd|th|span|div|p|b|strong|a|li|em|label|bdi)\b", re.S)
_NO_LABEL = frozenset(("a", "option", "button", "li", "script", "title", "textarea", "h1"))
_EMPTY_VALUES = frozenset(("", "-", "–", "—", "n/a", "na", "none", "unknown", "null", "不详", "无", "暂无"))


def labelled(page: Page) -> dict[str, list[str]]:
    """Field -> the values that stand behind its labels, in page order, without repetition."""
    found: dict[str, list[str]] = {}
    for field, value in _pairs(page.markup):
        values = found.setdefault(field, [])
        if value not in values:
            values.append(value)
    return found


def _pairs(source: str) -> Iterator[tuple[str, str]]:
    low = lowered(source)
    words, automaton = _automaton()
    seen = 0
    for index, begin, end in automaton.find_matches_as_indexes(low):
        if low[end : end + 1].isalpha() and low[end] < "\u0e00":
            continue
        tag = _tag_before(source, begin)
        after = _AFTER.match(source, end) if tag else None
        value = _value(tag, after) if after else None
        if value:
            yield from ((field, value) for field in labels()[words[index]])
            seen += 1
        if seen >= MOST:
            return


def _tag_before(source: str, begin: int) -> str:
    """The name of the tag right before a place, "" where there is text between them."""
    closed = source.rfind(">", max(0, begin - 60), begin)
    if closed < 0 or _SPACE.fullmatch(source, closed + 1, begin) is None:
        return ""
    opened = source.rfind("<", max(0, closed - 600), closed)
    tag = _TAG.match(source, opened) if opened >= 0 else None
    return tag[1].lower() if tag else ""


def _value(tag: str, after: re.Match[str]) -> str | None:
    """The value behind a label, None where the word is no label: part of a sentence, a link, the head of a column."""
    colon, same, between, other = after.groups()
    if same is not None and not colon:
        return None
    apart = same is None and not colon and ":" not in between[:300] and "：" not in between
    if apart and (tag in _NO_LABEL or not _SIDE.match(between)):
        return None
    text = " ".join(unescape(same if same is not None else other).split()).strip(" :：\u200e\u200f|")
    low = text.casefold()
    return text[:LONGEST] if low not in _EMPTY_VALUES and low not in labels() else None


@cache
def _automaton() -> tuple[list[str], AhoCorasick]:
    words = sorted(labels())
    return words, AhoCorasick(words, matchkind=MatchKind.LeftmostLongest)
