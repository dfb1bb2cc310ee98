"""Further ways to read a text: what is drawn like letters read as letters, numbers written otherwise, split characters
joined.

Names are sought in each of these views; most texts have only one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from attrs import frozen

from crawler.text import fold_origins
from matchers.titles.disguises import drawn_letters, joined_characters
from matchers.titles.numerals import otherwise
from matchers.titles.reading import Reading

NOISE = "\x01"  # in no folded text
_WORD = re.compile(r"[0-9a-z]{2,40}")
_MIXED = re.compile(r"(?=[a-z][0-9]|[0-9][a-z])")
_FIGURE = re.compile(r"[1-9]|i[ivx]|[vx]i")
_DRAWN_I = str.maketrans("01345789", "oieastbg")
_DRAWN_L = str.maketrans("01345789", "oleastbg")


@frozen
class View:
    """One way to read a text: character i of `text` stands at place `places[i]` of `tight` (at place i without)."""

    text: str
    places: Sequence[int] | None = None
    disguised: bool = False

    def place(self, index: int) -> int:
        """The place in `tight` of a character of the view."""
        return index if self.places is None else self.places[index]


def views_of(reading: Reading) -> list[View]:
    """The text as it stands, with symbols and digits read as letters, its numbers otherwise, and characters joined."""
    found = [View(reading.tight)]
    key = reading.key
    is_mixed, is_numbered = _outside_noise(_MIXED, reading, 2), _outside_noise(_FIGURE, reading, 1)
    marked = _without_noise(reading) if is_mixed or is_numbered else ""
    if is_mixed:
        found.extend(_undisguised(marked, None))
    if "@" in reading.original or "!" in reading.original:
        found.extend(_drawn(reading))
    if is_numbered:
        numbers = otherwise(marked)
        if numbers:
            found.append(_renumbered(reading, *numbers))
    for eager in (False, True):
        text, places = joined_characters(reading.tight, eager)
        if places and all(view.text != text for view in found[1:]):
            found.append(View(text, places, True))
    return found if key else []


def _outside_noise(pattern: re.Pattern[str], reading: Reading, width: int) -> bool:
    """Whether the pattern stands in the folded text where no character of it (of `width`) is sellers' noise."""
    for found in pattern.finditer(reading.key):
        place = reading.place_of(found.start())
        if reading.noise.find(1, place, place + width) < 0:
            return True
    return False


def _without_noise(reading: Reading) -> str:
    """The folded text with a mark for every character of sellers' noise: 1080p and x264 hide no letters."""
    letters = list(reading.key)
    for place, noisy in enumerate(reading.noise):
        if noisy:
            letters[reading.places[place]] = NOISE
    return "".join(letters)


def _drawn(reading: Reading) -> Iterator[View]:
    drawn = drawn_letters(reading.original)
    if drawn == reading.original:
        return
    key, origins = fold_origins(drawn)
    last = len(reading.origins) - 1
    places = [min(last, max(0, bisect_right(reading.origins, origin) - 1)) for origin in origins]
    yield View(key.replace(" ", ""), places, True)
    yield from _undisguised(key, places)


def _renumbered(reading: Reading, key: str, indexes: Sequence[int]) -> View:
    shown = [(letter, reading.place_of(index)) for letter, index in zip(key, indexes, strict=True) if letter != " "]
    return View("".join(letter for letter, _ in shown), [place for _, place in shown], True)


def _undisguised(key: str, places: Sequence[int] | None) -> Iterator[View]:
    """A folded text with digits inside words read as the letters they are drawn like; none where no word holds both."""
    mixed = [found for found in _WORD.finditer(key) if _is_mixed(found.group())]
    variants = []
    for drawn in (_DRAWN_I, _DRAWN_L) if mixed else ():
        letters = list(key)
        for found in mixed:
            letters[found.start() : found.end()] = found.group().translate(drawn)
        variants.append("".join(letters).replace(" ", ""))
    for text in dict.fromkeys(variants):
        yield View(text, places, True)


def _is_mixed(word: str) -> bool:
    return not word.isalpha() and not word.isdigit()
