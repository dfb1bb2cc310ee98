"""A text as the title engine sees it: its key without spaces, and where words, gaps and noise words stand.

Names are sought in the key without spaces, so that letters torn apart are found; whether a match begins and ends
between words is checked afterwards.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate

from attrs import frozen

from crawler.text import Folded, fold, fold_map, is_han
from matchers.lexicon import Spotted, lexicon
from matchers.titles.disguises import drawn_letters, joined_characters
from matchers.titles.numerals import otherwise
from matchers.titles.phrases import phrases_in
from matchers.titles.release import group_tags, title_slot

_WORD = re.compile(r"[0-9a-z]{2,40}")
_MIXED = re.compile(r"[a-z][0-9]|[0-9][a-z]")
_LETTER = "[^\\W\\d_\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_INSIDE = re.compile(rf"(?<={_LETTER})(?={_LETTER})|(?<=\d)(?=\d)")
_DRAWN_I = str.maketrans("01345789", "oieastbg")
_DRAWN_L = str.maketrans("01345789", "oleastbg")
_ASIDE = re.compile(r"[\[【(（][^\[\]【】()（）]{1,60}[\]】)）]")
NOISE = "\x01"  # in no folded text
SOFT, HARD = 1, 2  # kinds of borders between two places
MAX_READ = 20_000  # characters of one text; what lies beyond is not looked at


@frozen(kw_only=True)
class View:
    """One way to read a text: character i of `text` stands at place `places[i]` of `tight` (at place i without)."""

    text: str
    places: tuple[int, ...] | None = None
    disguised: bool = False

    def place(self, index: int) -> int:
        """The place in `tight` of a character of the view."""
        return index if self.places is None else self.places[index]


@lru_cache(maxsize=512)
def reading_of(text: str) -> Reading:
    """The reading of a text; matchers ask for the same few texts again and again."""
    return Reading(text)


class Reading:
    """One text. Places count characters of `tight`, the key without spaces."""

    def __init__(self, text: str) -> None:
        self.original = text[:MAX_READ]
        self.folded: Folded = fold_map(self.original)
        key = self.folded.text
        self.places = [index for index, character in enumerate(key) if character != " "]
        self.tight = key.replace(" ", "")

    @cached_property
    def unknown(self) -> list[float]:
        """Running sum over the places of what is no noise, in Han characters."""
        noise = self.noise
        steps = [0.0 if noise[place] else 1.0 if is_han(letter) else 0.4 for place, letter in enumerate(self.tight)]
        return [0.0, *accumulate(steps)]

    @cached_property
    def is_noisy(self) -> bool:
        """Whether sellers' words stand in the text."""
        return 1 in self.noise

    @cached_property
    def back(self) -> dict[int, int]:
        """The place of each character of the folded text that is no space."""
        return {index: place for place, index in enumerate(self.places)}

    @cached_property
    def borders(self) -> bytearray:
        """How each place is parted from the one before it: not at all, SOFT by spaces, dots or dashes, or HARD."""
        origins = self._origins
        found = bytearray(len(self.tight) + 1)
        for place in range(1, len(self.tight)):
            start, end = origins[place - 1] + 1, origins[place]
            if end > start:
                found[place] = _border(self.original[start:end])
        return found

    @cached_property
    def gaps(self) -> frozenset[int]:
        """Places with a separator of any kind before them in the original; the end counts, the beginning too."""
        return frozenset((0, len(self.tight), *(place for place, kind in enumerate(self.borders) if kind)))

    @cached_property
    def core(self) -> int:
        """Places that are neither noise nor inside a remark."""
        return sum(not (noisy or aside) for noisy, aside in zip(self.noise, self.asides, strict=True))

    @cached_property
    def aside_units(self) -> float:
        """The unknown text inside remarks, in Han characters."""
        left = self.unknown
        return sum(left[place + 1] - left[place] for place, aside in enumerate(self.asides) if aside)

    @cached_property
    def word_starts(self) -> list[int]:
        """Places that begin a word of the folded text."""
        return [place for place in range(1, len(self.places)) if self.places[place] != self.places[place - 1] + 1]

    @cached_property
    def words(self) -> list[Spotted]:
        """Words of the title lexicon (noise, derived, sequel), as places."""
        back = self.back
        found = lexicon("matchers.titles", "words.csv").spans(self.folded.text)
        return [Spotted(word=word, start=back[start], end=back[end - 1] + 1) for word, start, end in found]

    @cached_property
    def telling_words(self) -> list[Spotted]:
        """The words that are no noise."""
        return [spot for spot in self.words if spot.word.area != "noise"]

    @cached_property
    def _sellers(self) -> bytearray:
        """1 for each place inside a word that sellers put beside any title."""
        mask = bytearray(len(self.tight))
        for spot in self.words:
            if spot.word.area == "noise":
                mask[spot.start : spot.end] = b"\x01" * (spot.end - spot.start)
        for start, end in phrases_in(self.folded.text):
            first, last = self.back[start], self.back[end - 1] + 1
            mask[first:last] = b"\x01" * (last - first)
        for start, end in group_tags(self.original):
            first, last = self._places_between(start, end)
            mask[first:last] = b"\x01" * (last - first)
        return mask

    @cached_property
    def noise(self) -> bytearray:
        """The same, and all that stands outside the title of a release name."""
        if not self.slot:
            return self._sellers
        first, last = self.slot
        mask = bytearray(b"\x01" * len(self.tight))
        mask[first:last] = self._sellers[first:last]
        return mask

    @cached_property
    def asides(self) -> bytearray:
        """1 for each place inside brackets that hold a remark: what stands there belongs to no longer title."""
        mask = bytearray(len(self.tight))
        for found in _ASIDE.finditer(self.original):
            first, last = self._places_between(*found.span())
            mask[first:last] = b"\x01" * (last - first)
        return mask

    def _places_between(self, start: int, end: int) -> tuple[int, int]:
        """The places of original[start:end]."""
        return bisect_left(self._origins, start), bisect_left(self._origins, end)

    @cached_property
    def _origins(self) -> list[int]:
        return [self.folded.origins[index] for index in self.places]

    @cached_property
    def slot(self) -> tuple[int, int] | None:
        """The places of the title in a release name; None where the text is none, or sellers' words stand there."""
        found = title_slot(self.original)
        if found is None:
            return None
        first, last = self._places_between(*found)
        return (first, last) if 0 in self._sellers[first:last] else None

    def is_slot(self, start: int, end: int) -> bool:
        """Whether start..end is all of a release name's title, sellers' words at its ends apart."""
        if not self.slot:
            return False
        first, last = self.slot
        core = self._sellers.find(0, first), self._sellers.rfind(0, first, last) + 1
        return first <= start <= core[0] and core[1] <= end <= last

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The text as it stands, with symbols and digits read as letters, and with split characters joined."""
        found = [View(text=self.tight)]
        if _MIXED.search(self.folded.text):
            found.extend(_undisguised(self._without_noise, None))
        drawn = drawn_letters(self.original)
        if drawn != self.original:
            folded = fold_map(drawn)
            places = self._places_of(folded)
            found.append(View(text=folded.text.replace(" ", ""), places=places, disguised=True))
            found.extend(_undisguised(folded.text, places))
        numbers = otherwise(self._without_noise)
        if numbers:
            found.append(self._renumbered(*numbers))
        joined = dict.fromkeys(joined_characters(self.tight, eager) for eager in (False, True))
        found.extend(View(text=text, places=places, disguised=True) for text, places in joined if places)
        return tuple(found)

    def _renumbered(self, key: str, indexes: Sequence[int]) -> View:
        shown = [(letter, self.back[index]) for letter, index in zip(key, indexes, strict=True) if letter != " "]
        letters, places = zip(*shown, strict=True)
        return View(text="".join(letters), places=places, disguised=True)

    @cached_property
    def _without_noise(self) -> str:
        """The folded text with a mark for every character of sellers' noise: 1080p and x264 hide no letters."""
        letters = list(self.folded.text)
        for place, noisy in enumerate(self.noise):
            if noisy:
                letters[self.places[place]] = NOISE
        return "".join(letters)

    def _places_of(self, other: Folded) -> tuple[int, ...]:
        """For each character of another folding of the same text, the place of `tight` that stands there."""
        origins = self._origins
        shown = [origin for origin, character in zip(other.origins, other.text, strict=True) if character != " "]
        last = len(origins) - 1
        return tuple(min(last, max(0, bisect_right(origins, origin) - 1)) for origin in shown)

    def splits_word(self, place: int) -> bool:
        """Whether a border at `place` would part letters of one word, or digits of one number."""
        return self.cuts[place] == 1

    @cached_property
    def cuts(self) -> bytearray:
        """1 for each place where a border would."""
        found = bytearray(len(self.tight) + 1)
        key, back = self.folded.text, self.back
        for inside in _INSIDE.finditer(key):
            place = back[inside.start()]
            found[place] = not key[inside.start()].isdigit() or place not in self.gaps
        return found

    def breaks(self, start: int, end: int) -> set[int]:
        """Where words part inside start..end, counted from start."""
        return {place - start for place in range(start + 1, end) if self.places[place] != self.places[place - 1] + 1}

    def span(self, start: int, end: int) -> tuple[int, int]:
        """start..end as offsets into the original."""
        return self.folded.original(self.places[start], self.places[end - 1] + 1)

    def quote(self, start: int, end: int) -> str:
        """The very characters of the original at start..end."""
        first, last = self.span(start, end)
        return self.original[first:last]

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


def _undisguised(key: str, places: tuple[int, ...] | None) -> Iterator[View]:
    """A folded text with digits inside words read as the letters they are drawn like; none where no word holds both."""
    mixed = [found for found in _WORD.finditer(key) if _is_mixed(found.group())]
    variants = []
    for drawn in (_DRAWN_I, _DRAWN_L) if mixed else ():
        letters = list(key)
        for found in mixed:
            letters[found.start() : found.end()] = found.group().translate(drawn)
        variants.append("".join(letters).replace(" ", ""))
    for text in dict.fromkeys(variants):
        yield View(text=text, places=places, disguised=True)


def _is_mixed(word: str) -> bool:
    return not word.isalpha() and not word.isdigit()
