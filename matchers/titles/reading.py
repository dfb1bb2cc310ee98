"""A text as the title engine sees it: its key without spaces, and where words, gaps and noise words stand.

Names are sought in the key without spaces, so that letters torn apart are found; whether a match begins and ends
between words is checked afterwards.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import accumulate, chain

import numpy as np
import numpy.typing as npt

from crawler.text import Folded, fold, fold_origins, folded_of, is_han
from matchers.lexicon import Spotted, lexicon
from matchers.titles.lately import lately
from matchers.titles.once import once
from matchers.titles.phrases import phrases_in
from matchers.titles.release import group_tags, title_slot
from matchers.titles.windows import codes_of

_ASIDE = re.compile(r"[\[【(（][^\[\]【】()（）]{1,60}[\]】)）]")
LETTER, DIGIT, SPACE = 1, 2, 3  # kinds of characters
ASTRAL = 0x10000  # codes from here on are taken for no letters: folded titles have none but Han there
SOFT, HARD = 1, 2  # kinds of borders between two places
LETTER_UNITS = 0.4  # information of a letter or digit, one Han character being 1
MAX_READ = 20_000  # characters of one text; what lies beyond is not looked at


@lately
def reading_of(text: str) -> Reading:
    """The reading of a text; matchers ask for the same few texts again and again."""
    return Reading(text)


class Reading:
    """One text. Places count characters of `tight`, the key without spaces.

    `key` is the folded text; character i of `tight` is key[places[i]] and was read at original[origins[i]].
    """

    def __init__(self, text: str) -> None:
        self.original = text[:MAX_READ]
        self.key, self.origins = fold_origins(self.original)
        self.tight = self.key.replace(" ", "")
        self.places: list[int] | range = range(len(self.key))
        if len(self.tight) < len(self.key):
            self.places = [index for index, character in enumerate(self.key) if character != " "]

    @once
    def folded(self) -> Folded:
        """The folded text with the origins of all its characters."""
        return folded_of(self.key, self.origins)

    def place_of(self, index: int) -> int:
        """The place of a character of `key` that is no space."""
        return bisect_left(self.places, index)

    @once
    def unknown(self) -> list[float]:
        """Running sum over the places of what is no noise, in Han characters."""
        steps: Iterable[float] = map(_UNITS.__getitem__, self.tight)
        if self.is_noisy:
            steps = (0.0 if noisy else units for noisy, units in zip(self.noise, steps, strict=True))
        return [0.0, *accumulate(steps)]

    @once
    def is_noisy(self) -> bool:
        """Whether sellers' words stand in the text."""
        return 1 in self.noise

    @once
    def borders(self) -> bytearray:
        """How each place is parted from the one before it: not at all, SOFT (spaces, dots) or HARD (as the ends)."""
        origins, original = self.origins, self.original
        found = bytearray(len(origins) + 1)
        last = origins[0] if origins else 0
        for place, origin in enumerate(origins):
            if origin > last + 1:
                found[place] = _border(original[last + 1 : origin])
            last = origin
        found[0] = found[-1] = HARD
        return found

    @once
    def words(self) -> list[Spotted]:
        """Words of the title lexicon (noise, derived, sequel), as places."""
        found = lexicon("matchers.titles", "words.csv").spans(self.key)
        if len(self.tight) == len(self.key):
            return [Spotted(word, start, end) for word, start, end in found]
        places = self.places
        return [
            Spotted(word, bisect_left(places, start), bisect_left(places, end - 1) + 1) for word, start, end in found
        ]

    @once
    def telling_words(self) -> list[Spotted]:
        """The words that are no noise."""
        return [spot for spot in self.words if spot.word.area != "noise"]

    @once
    def sellers(self) -> bytearray:
        """1 for each place inside a word that sellers put beside any title."""
        mask = bytearray(len(self.tight))
        for word, start, end in self.words:
            if word.area == "noise":
                mask[start:end] = b"\x01" * (end - start)
        for start, end in phrases_in(self.key):
            first, last = self.place_of(start), self.place_of(end - 1) + 1
            mask[first:last] = b"\x01" * (last - first)
        for start, end in group_tags(self.original):
            first, last = self._places_between(start, end)
            mask[first:last] = b"\x01" * (last - first)
        return mask

    @once
    def noise(self) -> bytearray:
        """The same, and all that stands outside the title of a release name."""
        if not self.slot:
            return self.sellers
        first, last = self.slot
        mask = bytearray(b"\x01" * len(self.tight))
        mask[first:last] = self.sellers[first:last]
        return mask

    @once
    def asides(self) -> bytearray:
        """1 for each place inside brackets that hold a remark: what stands there belongs to no longer title."""
        mask = bytearray(len(self.tight))
        for found in _ASIDE.finditer(self.original):
            first, last = self._places_between(*found.span())
            mask[first:last] = b"\x01" * (last - first)
        return mask

    @once
    def core(self) -> int:
        """How many places are neither noise nor inside a remark."""
        if 1 not in self.asides:
            return self.noise.count(0)
        return sum(not (noisy or aside) for noisy, aside in zip(self.noise, self.asides, strict=True))

    @once
    def aside_units(self) -> float:
        """The unknown text inside remarks, in Han characters."""
        left = self.unknown
        return sum(left[place + 1] - left[place] for place, aside in enumerate(self.asides) if aside)

    @once
    def slot(self) -> tuple[int, int] | None:
        """The places of the title in a release name; None where the text is none, or sellers' words stand there."""
        found = title_slot(self.original)
        if found is None:
            return None
        first, last = self._places_between(*found)
        return (first, last) if 0 in self.sellers[first:last] else None

    def is_slot(self, start: int, end: int) -> bool:
        """Whether start..end is all of a release name's title, sellers' words at its ends apart."""
        if not self.slot:
            return False
        first, last = self.slot
        core = self.sellers.find(0, first), self.sellers.rfind(0, first, last) + 1
        return first <= start <= core[0] and core[1] <= end <= last

    def _places_between(self, start: int, end: int) -> tuple[int, int]:
        """The places of original[start:end]."""
        return bisect_left(self.origins, start), bisect_left(self.origins, end)

    def splits_word(self, place: int) -> bool:
        """Whether a border at `place` would part letters of one word, or digits of one number."""
        return self.cuts[place] == 1

    @once
    def cuts(self) -> bytes:
        """1 for each place where a border would."""
        return cuts_of([self])[0]

    def breaks(self, start: int, end: int) -> set[int]:
        """Where words part inside start..end, counted from start."""
        places = self.places
        if places[end - 1] - places[start] == end - 1 - start:
            return set()
        return {place - start for place in range(start + 1, end) if places[place] != places[place - 1] + 1}

    def span(self, start: int, end: int) -> tuple[int, int]:
        """start..end as offsets into the original."""
        return self.origins[start], self.origins[end - 1] + 1

    def quote(self, start: int, end: int) -> str:
        """The very characters of the original at start..end."""
        return self.original[self.origins[start] : self.origins[end - 1] + 1]

    def mentions(self, names: Iterable[str]) -> str | None:
        """The first of these names that stands in the text between word borders; one-letter names are not sought."""
        for name in names:
            key = fold(name).replace(" ", "")
            start = self.tight.find(key) if len(key) > 1 else -1
            while start >= 0:
                if not self.splits_word(start) and not self.splits_word(start + len(key)):
                    return name
                start = self.tight.find(key, start + 1)
        return None


@lru_cache(maxsize=4_096)
def _border(between: str) -> int:
    """The kind of border that these characters make; those that fold to nothing make none."""
    separating = [character for character in between if not character.isalnum() and fold(f"a{character}b") == "a b"]
    if not separating:
        return 0
    return SOFT if all(character.isspace() or character in "._" for character in separating) else HARD


class _Units(dict[str, float]):
    """The information of a character."""

    def __missing__(self, character: str) -> float:
        self[character] = units = 1.0 if is_han(character) else LETTER_UNITS
        return units


_UNITS = _Units()


def cuts_of(readings: Sequence[Reading]) -> list[bytes]:
    """The `cuts` of several readings, worked out at once; each reading keeps its own."""
    kinds = _kinds()[np.minimum(codes_of(" ".join([reading.key for reading in readings])), ASTRAL)]
    same = np.zeros(len(kinds), dtype=bool)
    same[1:] = kinds[1:] == kinds[:-1]
    shown = kinds != SPACE
    same, kinds = same[shown], kinds[shown]
    origins = np.fromiter(chain.from_iterable(reading.origins for reading in readings), np.int64, len(kinds))
    found = same & ((kinds == LETTER) | (kinds == DIGIT))
    ends = np.cumsum([len(reading.tight) for reading in readings])
    parted = np.flatnonzero(found & (kinds == DIGIT) & (np.diff(origins, prepend=0) > 1))
    for place, owner in zip(parted.tolist(), np.searchsorted(ends, parted, side="right").tolist(), strict=True):
        own = place - int(ends[owner]) + len(readings[owner].tight)
        found[place] = not readings[owner].borders[own]
    whole = found.tobytes()
    cuts = [
        whole[end - len(reading.tight) : end] + b"\x00" for reading, end in zip(readings, ends.tolist(), strict=True)
    ]
    for reading, own in zip(readings, cuts, strict=True):
        reading.__dict__["cuts"] = own
    return cuts


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """By code: whether a character is a LETTER (no Han), a DIGIT, a SPACE or something else (0)."""
    found = np.zeros(ASTRAL + 1, dtype=np.uint8)
    for code in range(ASTRAL):
        character = chr(code)
        if character.isdecimal():
            found[code] = DIGIT
        elif character.isalnum() and not is_han(character):
            found[code] = LETTER
    found[ord(" ")] = SPACE
    return found
