"""A rewritten text that maps every character back to its place in the original."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable

from attrs import evolve, frozen

MAX_MARK_CHARS = 5000  # characters of the original that one mark may span

# One piece of a replacement: its text, and start and end of the span of the view that it replaces. A text as long as
# its span is mapped character by character.
Piece = tuple[str, int, int]


@frozen(kw_only=True)
class TrickMark:
    """A trick that was undone, with its span in the original text."""

    trick: str
    start: int
    end: int


@frozen(kw_only=True, eq=False)
class TextView:
    """`text` with tricks undone; its character i came from original[starts[i]:ends[i]]. `marks` are sorted by start."""

    text: str
    starts: array[int]
    ends: array[int]
    marks: tuple[TrickMark, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original from which text[start:end] came. An empty span stays empty."""
        if start >= end:
            position = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return position, position
        return min(self.starts[start:end]), max(self.ends[start:end])

    def tricks(self, start: int, end: int) -> frozenset[str]:
        """The tricks that were undone inside text[start:end]."""
        first, last = self.span(start, end)
        nearby_marks = self.marks[
            bisect_left(self.marks, first - MAX_MARK_CHARS, key=_mark_start) : bisect_left(
                self.marks, last, key=_mark_start
            )
        ]
        return frozenset(mark.trick for mark in nearby_marks if mark.end > first)

    def with_sorted_marks(self) -> TextView:
        """The same view with its marks sorted by start, as `tricks` requires."""
        return evolve(self, marks=tuple(sorted(self.marks, key=_mark_start)))

    def replace(self, pattern: re.Pattern[str], pieces: Callable[[re.Match[str]], Replacement]) -> TextView:
        """The view with each match of `pattern` replaced by `pieces(match)`; None leaves a match unchanged."""
        if pattern.search(self.text) is None:
            return self
        builder = _ViewBuilder(self)
        for match in pattern.finditer(self.text):
            if (replacement := pieces(match)) is not None:
                builder.add_replacement(match.start(), match.end(), *replacement)
        return builder.build()


Replacement = tuple[Iterable[Piece], str | None] | None


class _ViewBuilder:
    def __init__(self, view: TextView) -> None:
        self._view = view
        self._texts: list[str] = []
        self._starts, self._ends = array("I"), array("I")
        self._marks: list[TrickMark] = []
        self._copied_end = 0

    def add_replacement(self, start: int, end: int, pieces: Iterable[Piece], trick: str | None) -> None:
        self._copy_until(start)
        for text, first, last in pieces:
            self._texts.append(text)
            if len(text) == last - first:
                self._starts.extend(self._view.starts[first:last])
                self._ends.extend(self._view.ends[first:last])
            else:
                origin = self._view.span(first, last)
                self._starts.extend([origin[0]] * len(text))
                self._ends.extend([origin[1]] * len(text))
        if trick:
            first, last = self._view.span(start, end)
            self._marks.append(TrickMark(trick=trick, start=first, end=last))
        self._copied_end = end

    def _copy_until(self, end: int) -> None:
        self._texts.append(self._view.text[self._copied_end : end])
        self._starts.extend(self._view.starts[self._copied_end : end])
        self._ends.extend(self._view.ends[self._copied_end : end])

    def build(self) -> TextView:
        if not self._copied_end:
            return self._view
        self._copy_until(len(self._view.text))
        marks = (*self._view.marks, *self._marks)
        return TextView(text="".join(self._texts), starts=self._starts, ends=self._ends, marks=marks)


def identity_view(text: str) -> TextView:
    """A view of the unchanged text."""
    return TextView(text=text, starts=array("I", range(len(text))), ends=array("I", range(1, len(text) + 1)))


def _mark_start(mark: TrickMark) -> int:
    return mark.start
