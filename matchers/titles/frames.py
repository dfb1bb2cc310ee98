"""Frames that make a title another work: a longer title in quotation marks, a retelling in minutes, something of it.

《轨道纪元面试题》 is one title; "3分钟看完轨道纪元" retells it; "轨道纪元的秘密" is about it. What stands in the
frame is judged by its place and by how it is made (run_kinds.py), not by a list of such works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from matchers.titles.analysis import HARD_BOUNDARY, AnalysedText
from matchers.titles.name_matches import NameMatch

_OPENING_MARKS, _CLOSING_MARKS = "《〈「『", "》〉」』"
_POSSESSIVE_CHAR = "的"
MIN_FRAME_CHARS = 2  # characters beside the name that make a frame
MAX_CHATTER_SHARE = 0.5  # of a run that may be a frame
MAX_FRAME_CHARS = 60  # characters of a title in quotation marks
_QUANTITY_PATTERN = r"(?:\d{1,3}|[一二两三四五六七八九十几半百]{1,3}) ?"
_RETELLING_BEFORE_RE = re.compile(
    rf"{_QUANTITY_PATTERN}(?:分钟|小时|秒钟?|天|张图|页纸|句话|口气)[^\W\d_]{{0,4}}[看读懂学讲听聊说速透通会完][^\W\d_]{{0,2}}$"
    r"|\d{1,3} ?(?:minutes?|mins?|hours?|pages?|words) (?:[a-z]+ )?(?:of|on|to|about|with) ?$"
)
_RETELLING_BEHIND_RE = re.compile(
    rf"{_QUANTITY_PATTERN}(?:分钟|张图|页纸|句话)(?:[^\W\d_]{{0,3}}[看读懂学讲听聊说速透通]|版)"
    r"| ?in (?:under |just |only )?(?:\d{1,3}|an?|one|two|three|five|ten|a few|a couple of)"
    r" ?(?:minutes?|mins?|hours?|pages?|words)"
)


def find_frame(name_match: NameMatch, text: AnalysedText) -> tuple[str, str] | None:
    """The kind of contradiction (before or behind) that a frame around the name makes, and its quote; None if there is
    none.
    """
    start, end = name_match.start, name_match.end
    framed = _framed_span(text, start, end)
    if framed:
        first, last = framed
        if first < start and not text.boundaries[start] and _is_part_of_title(text, first, start):
            return "before", text.quote(first, last)
        if end < last and not text.boundaries[end] and _is_part_of_title(text, end, last):
            return "behind", text.quote(first, last)
        return None
    return _retelling(text, start, end) or _possession(text, end)


def _framed_span(text: AnalysedText, start: int, end: int) -> tuple[int, int] | None:
    """The positions inside the quotation marks around start..end; None if there are none."""
    original = text.original
    if not any(mark in original for mark in _OPENING_MARKS):
        return None
    first_offset, last_offset = text.span(start, end)
    opening = max(original.rfind(mark, max(0, first_offset - MAX_FRAME_CHARS), first_offset) for mark in _OPENING_MARKS)
    closings = (original.find(mark, last_offset, last_offset + MAX_FRAME_CHARS) for mark in _CLOSING_MARKS)
    closing = min((offset for offset in closings if offset >= 0), default=-1)
    if opening < 0 or closing < 0 or any(mark in original[opening:first_offset] for mark in _CLOSING_MARKS):
        return None
    return text.positions_between(opening, closing)


def _is_cut(text: AnalysedText, position: int) -> bool:
    return text.boundaries[position] == HARD_BOUNDARY


def _is_part_of_title(text: AnalysedText, start: int, end: int) -> bool:
    """Whether unknown words, not sellers' ones, stand at start..end."""
    unknown = sum(1 for noisy in text.noise[start:end] if not noisy)
    if unknown < MIN_FRAME_CHARS or text.compact[start:end].isdigit():
        return False
    return text.run_kind(start, end).chatter < MAX_CHATTER_SHARE


def _retelling(text: AnalysedText, start: int, end: int) -> tuple[str, str] | None:
    before = text.folded[: text.positions[start]]
    match = _RETELLING_BEFORE_RE.search(before[-32:]) if before and not _is_cut(text, start) else None
    if match:
        first = text.position_of(len(before) - len(match.group()))
        return "before", text.quote(first, start)
    behind = text.folded[text.positions[end - 1] + 1 :][:48]
    match = _RETELLING_BEHIND_RE.match(behind.lstrip() if behind[:1] == " " else behind)
    if match:
        return "behind", match.group().strip()
    return None


def _possession(text: AnalysedText, end: int) -> tuple[str, str] | None:
    """Something of the name: 的 right behind it, and then a run that is no sellers' chatter."""
    if text.compact[end : end + 1] != _POSSESSIVE_CHAR or text.boundaries[end]:
        return None
    last = next(_run_ends(text, end + 1), end + 1)
    if last - end - 1 < MIN_FRAME_CHARS or not _is_part_of_title(text, end + 1, last):
        return None
    return "behind", text.quote(end, last)


def _run_ends(text: AnalysedText, position: int) -> Iterator[int]:
    """The end of the run of unknown text from `position` on, if one begins there."""
    for first, last in text.unknown_runs:
        if first <= position < last:
            yield last
