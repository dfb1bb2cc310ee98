"""One text as an offer's speech: which signs stand where, and which of them are denied.

A sign is a word with an area or a pair of words near each other in one clause. What denies turns it: "不是电子版" is no
file, "no paper book" is a file, so a denied sign keeps its place under the area with `no_` before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property

from attrs import evolve, frozen

from crawler.text import is_han
from matchers.offers.sounds import heard
from matchers.offers.words import Denial, denials, pairs, signs, slots
from matchers.titles.lately import lately
from matchers.titles.reading import Reading, reading_of

DENIED = "no_"
EXTRA = "extra_"
FARTHEST = 60  # characters between a denial and what it denies, however long the words
GIFT_REACH = 8  # characters between "with it you get" and what you get
_BREAK = re.compile(r"[。！？!?；;\n，,]|\.(?=\s|$)")
_WORD = re.compile(r"[^\s]{1,60}")
_GIVEN = frozenset({"file", "handover", "companion", "drive"})  # what may come beside a printed book


@frozen(kw_only=True)
class Sign:
    """A sign at key[start:end] of a folded text: the word of the list, or the two of a pair, that made it."""

    area: str
    word: str
    probability: float
    start: int
    end: int


class Speech:
    """The signs of one text, each once a place, in their order."""

    def __init__(self, text: str) -> None:
        self.reading: Reading = reading_of(text)
        self.key = self.reading.folded.text

    @cached_property
    def signs(self) -> tuple[Sign, ...]:
        """All signs, the denied ones under their denied area."""
        found = [*self._words(), *self._heard(), *self._pairs()]
        return tuple(sorted((self._turned(sign) for sign in found), key=lambda one: (one.start, one.end, one.area)))

    def quote(self, sign: Sign) -> str:
        """The very characters of a sign."""
        first, last = self.reading.folded.original(sign.start, sign.end)
        return self.reading.original[first:last]

    @cached_property
    def _breaks(self) -> list[int]:
        """Places of the key with the end of a clause before them."""
        origins = self.reading.folded.origins
        ends = (bisect_left(origins, found.start()) for found in _BREAK.finditer(self.reading.original))
        return sorted({end for end in ends if 0 < end < len(origins)})

    def _is_one_clause(self, start: int, end: int) -> bool:
        """Whether no clause ends between start and end."""
        return bisect_right(self._breaks, start) == bisect_left(self._breaks, end)

    def _words(self) -> Iterator[Sign]:
        for word, start, end in signs().spans(self.key):
            if self._is_one_clause(start, end):
                yield Sign(area=word.area, word=word.text, probability=word.probability, start=start, end=end)

    def _heard(self) -> Iterator[Sign]:
        for one in heard(self.key):
            yield Sign(area=one.area, word=one.word, probability=one.probability, start=one.start, end=one.end)

    def _pairs(self) -> Iterator[Sign]:
        """The nearest second word for each first one."""
        spots = [(word.area, start, end) for word, start, end in slots().spans(self.key)]
        for number, (area, start, end) in enumerate(spots):
            for pair in pairs():
                if pair.first != area:
                    continue
                for other, first, last in spots[number + 1 : number + 9]:
                    if first - end > pair.reach:
                        break
                    if other == pair.second and self._is_one_clause(start, last):
                        words = f"{self.key[start:end]} + {self.key[first:last]}"
                        yield Sign(area=pair.area, word=words, probability=pair.probability, start=start, end=last)
                        break

    def _turned(self, sign: Sign) -> Sign:
        if any(self._is_denied(sign, *each) for each in self._denials):
            return evolve(sign, area=DENIED + sign.area)
        if sign.area in _GIVEN and self._is_given(sign):
            return evolve(sign, area=EXTRA + sign.area)
        return sign

    @cached_property
    def _denials(self) -> list[tuple[Denial, int, int]]:
        lexicon, kinds = denials()
        return [(kind, start, end) for word, start, end in lexicon.spans(self.key) for kind in kinds[word.text]]

    def _is_denied(self, sign: Sign, denial: Denial, start: int, end: int) -> bool:
        if denial.is_before:
            return end <= sign.start and self._is_near(end, sign.start, denial.reach)
        return sign.end <= start and self._is_near(sign.end, start, denial.reach)

    def _is_near(self, start: int, end: int, reach: int) -> bool:
        if end - start > FARTHEST or bisect_right(self._breaks, end) > bisect_left(self._breaks, start):
            return False
        return _length(self.key[start:end]) <= reach

    @cached_property
    def _gifts(self) -> list[tuple[str, int, int]]:
        return [
            (word.area, start, end) for word, start, end in slots().spans(self.key) if word.area in ("gift", "extra")
        ]

    def _is_given(self, sign: Sign) -> bool:
        """Whether it comes beside what is sold, or is a companion of it: 送电子讲义, source code download."""
        before = max(0, sign.start - GIFT_REACH)
        for _, start, end in self._gifts:
            if before <= end <= sign.start and self._is_one_clause(start, sign.end):
                return True
            if sign.start <= start and end <= sign.end:
                return True
        return False


def _length(between: str) -> int:
    """How many words: a Han character is one, a Latin word is one."""
    return sum(1 if is_han(word[0]) is False else len(word) for word in _WORD.findall(between))


@lately
def speech_of(text: str) -> Speech:
    """The speech of a text; each ground asks for the same few."""
    return Speech(text)
