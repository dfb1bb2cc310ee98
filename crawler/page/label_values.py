"""Values that a page shows after a label: "Brand: Casio", a row of a table, two elements side by side.

The source is searched, not the tree, because any markup may come between a label and its value: a label fills an
element or begins it; its value follows a colon, or is the text of the next element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape

from ahocorasick_rs import AhoCorasick, MatchKind

from crawler.page.page import Page
from crawler.page.vocabulary import label_fields, lower_same_length

MAX_LABELS = 400  # labels with a value
MAX_VALUE_CHARS = 200
_SPACE_RE = re.compile(r"(?:\s|&nbsp;|[•·*\-\u200e\u200f]){0,60}")
_TAG_NAME_RE = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})")
_AFTER_LABEL_RE = re.compile(
    r"(?:\s|&nbsp;|[\u200e\u200f]|\([^()<>]{1,30}\)){0,60}([:：]?)(?:\s|&nbsp;|[\u200e\u200f]){0,200}"
    r"(?:([^<>:：]{1,400})|((?:<[^<>]{1,600}>(?:\s|&nbsp;|[:：\u200e\u200f]){0,200}){1,8})([^<>]{1,400}))"
)
_SIDE_BY_SIDE_RE = re.compile(
    r"^</[a-zA-Z0-9]{1,20}>.{0,4000}<(?:td|dd|th|span|div|p|b|strong|a|li|em|label|bdi)\b", re.S
)
_NON_LABEL_TAGS = frozenset(("a", "option", "button", "li", "script", "title", "textarea", "h1"))
_EMPTY_VALUES = frozenset(("", "-", "–", "—", "n/a", "na", "none", "unknown", "null", "不详", "无", "暂无"))


def labelled_values(page: Page) -> dict[str, list[str]]:
    """Field -> the values after its labels, in page order, each once."""
    values_by_field: dict[str, list[str]] = {}
    for field, value in _field_values(page.markup):
        values = values_by_field.setdefault(field, [])
        if value not in values:
            values.append(value)
    return values_by_field


def _field_values(source: str) -> Iterator[tuple[str, str]]:
    lowercase = lower_same_length(source)
    words, automaton = _automaton()
    label_count = 0
    for index, begin, end in automaton.find_matches_as_indexes(lowercase):
        if lowercase[end : end + 1].isalpha() and lowercase[end] < "\u0e00":
            continue
        tag = _tag_before(source, begin)
        after = _AFTER_LABEL_RE.match(source, end) if tag else None
        value = _value_after(tag, after) if after else None
        if value:
            yield from ((field, value) for field in label_fields()[words[index]])
            label_count += 1
        if label_count >= MAX_LABELS:
            return


def _tag_before(source: str, begin: int) -> str:
    """The name of the tag right before `begin`, "" if there is text between them."""
    tag_end = source.rfind(">", max(0, begin - 60), begin)
    if tag_end < 0 or _SPACE_RE.fullmatch(source, tag_end + 1, begin) is None:
        return ""
    tag_start = source.rfind("<", max(0, tag_end - 600), tag_end)
    tag = _TAG_NAME_RE.match(source, tag_start) if tag_start >= 0 else None
    return tag[1].lower() if tag else ""


def _value_after(tag: str, after: re.Match[str]) -> str | None:
    """The value after a label; None if the word is not a label: part of a sentence, a link, the head of a column."""
    colon, inline_text, markup_between, next_text = after.groups()
    if inline_text is not None and not colon:
        return None
    is_separate = inline_text is None and not colon and ":" not in markup_between[:300] and "：" not in markup_between
    if is_separate and (tag in _NON_LABEL_TAGS or not _SIDE_BY_SIDE_RE.match(markup_between)):
        return None
    text = " ".join(unescape(inline_text if inline_text is not None else next_text).split()).strip(" :：\u200e\u200f|")
    lowercase = text.casefold()
    return text[:MAX_VALUE_CHARS] if lowercase not in _EMPTY_VALUES and lowercase not in label_fields() else None


@cache
def _automaton() -> tuple[list[str], AhoCorasick]:
    words = sorted(label_fields())
    return words, AhoCorasick(words, matchkind=MatchKind.LeftmostLongest)
