"""A text analysed for title matching: folded without spaces, with its word boundaries, brackets and sellers' noise.

Names are looked up in the folded text without spaces, so that letters written apart are found; whether a match begins
and ends between words is checked afterwards. Analyses of the latest texts are cached: thousands of short ones, which
a batch asks for repeatedly, and few long ones, which take a hundred times as much memory.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import accumulate, chain
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

from crawler.text import FoldedText, fold, fold_origins, folded_text, is_han
from matchers.signals.lexicon import WordMatch, load_lexicon
from matchers.titles.boilerplate import find_group_tags, find_phrases, find_title_span, is_file_part
from matchers.titles.rolling_hash import code_points
from matchers.titles.run_kinds import RunKind, run_kind

Value = TypeVar("Value")


class cached_attribute(Generic[Value]):  # noqa: N801
    """Decorator for methods without arguments: the result becomes an attribute of the object on first use."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, of: None, owner: type) -> cached_attribute[Value]: ...

    @overload
    def __get__(self, of: object, owner: type) -> Value: ...

    def __get__(self, of: object | None, owner: type) -> cached_attribute[Value] | Value:
        if of is None:
            return self
        value = of.__dict__[self._name] = self._function(of)
        return value


Result = TypeVar("Result")

SHORT_TEXT_CHARS = 240  # characters of a text that may be a title
SHORT_TEXT_CACHE_SIZE, LONG_TEXT_CACHE_SIZE = 4_096, 256


def cache_latest(make: Callable[[str], Result]) -> Callable[[str], Result]:
    """`make` with a cache of its results for the latest texts."""
    # cachetools with a lock is slower: .61 us a hit, lru_cache .08 us (2026-11, five hits a listing).
    short_cache, long_cache = (
        lru_cache(maxsize=SHORT_TEXT_CACHE_SIZE)(make),
        lru_cache(maxsize=LONG_TEXT_CACHE_SIZE)(make),
    )

    def from_cache(text: str) -> Result:
        return short_cache(text) if len(text) <= SHORT_TEXT_CHARS else long_cache(text)

    return from_cache


_BRACKETED_RE = re.compile(r"[\[【(（][^\[\]【】()（）]{1,60}[\]】)）]")
# Marks between two characters that neither separate words nor belong to a sentence.
_MASK_RE = re.compile(
    "(?<=[^\\W\\d_])[*＊#＃@×○●◯〇□■△▲☆★◆◇?？\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]{1,3}(?=[^\\W\\d_])"
)
_CARRIER_CHARS = frozenset("版带曲")  # behind the name of an extra: +伴奏版
MAX_JOINER_CHARS = 8  # of " and ", with the character before it
_AND_RE = re.compile(r"[^ ](?: (?:and|plus) | ?[和及与])$")  # with the last character of what is joined
_CLEAN_RUN_RE, _BOUNDARY_RE = re.compile(b"\x00+"), re.compile(b"[\x01\x02]")
LETTER_KIND, DIGIT_KIND, SPACE_KIND = 1, 2, 3  # kinds of characters
FIRST_ASTRAL_CODE_POINT = 0x10000  # from here on nothing counts as a letter: folded titles have only Han there
SOFT_BOUNDARY, HARD_BOUNDARY = 1, 2  # kinds of boundaries between two positions
LETTER_INFORMATION = 0.4  # information of a letter or digit; a Han character has 1
MAX_TEXT_CHARS = 20_000  # characters of one text; the rest is ignored


@cache_latest
def analyse(text: str) -> AnalysedText:
    """The analysed text, cached: matchers ask for the same few texts repeatedly."""
    return AnalysedText(text)


class AnalysedText:
    """One text. Positions count characters of `compact`, the folded text without spaces.

    Character i of `compact` is folded[positions[i]] and comes from original[origins[i]].
    """

    def __init__(self, text: str) -> None:
        self.original = text[:MAX_TEXT_CHARS]
        self.folded, self.origins = fold_origins(self.original)
        self.compact = self.folded.replace(" ", "")
        self.positions: list[int] | range = range(len(self.folded))
        if len(self.compact) < len(self.folded):
            self.positions = [index for index, character in enumerate(self.folded) if character != " "]

    @cached_attribute
    def fold_map(self) -> FoldedText:
        """The folded text with the origins of all its characters."""
        return folded_text(self.folded, self.origins)

    def position_of(self, index: int) -> int:
        """The position of folded[index], which must not be a space."""
        return bisect_left(self.positions, index)

    @cached_attribute
    def unknown_sums(self) -> list[float]:
        """Running sum over the positions of the information that is not noise, in Han characters."""
        steps: Iterable[float] = map(_CHAR_INFORMATION.__getitem__, self.compact)
        if self.has_noise:
            steps = (0.0 if noisy else units for noisy, units in zip(self.noise, steps, strict=True))
        return [0.0, *accumulate(steps)]

    @cached_attribute
    def has_noise(self) -> bool:
        """Whether the text holds noise."""
        return 1 in self.noise

    @cached_attribute
    def boundaries(self) -> bytearray:
        """The boundary before each position: 0, SOFT_BOUNDARY (spaces, dots) or HARD_BOUNDARY (as at both ends)."""
        origins, original = self.origins, self.original
        boundaries = bytearray(len(origins) + 1)
        last = origins[0] if origins else 0
        for position, origin in enumerate(origins):
            if origin > last + 1:
                boundaries[position] = _boundary_kind(original[last + 1 : origin])
            last = origin
        boundaries[0] = boundaries[-1] = HARD_BOUNDARY
        return boundaries

    @cached_attribute
    def lexicon_words(self) -> list[WordMatch]:
        """Words of the title lexicon (noise, derived, sequel), with their positions."""
        spotted = load_lexicon("matchers.titles", "words.csv").find_spans(self.folded)
        if len(self.compact) == len(self.folded):
            return [WordMatch(word, start, end) for word, start, end in spotted]
        positions = self.positions
        return [
            WordMatch(word, bisect_left(positions, start), bisect_left(positions, end - 1) + 1)
            for word, start, end in spotted
        ]

    @cached_attribute
    def contradicting_words(self) -> list[WordMatch]:
        """The lexicon words that are not noise."""
        return [spot for spot in self.lexicon_words if spot.word.area != "noise"]

    @cached_attribute
    def boilerplate(self) -> bytearray:
        """1 for each position inside what sellers and release groups put beside any title."""
        mask = bytearray(len(self.compact))
        for word, start, end in self.lexicon_words:
            if word.area == "noise" or is_file_part(word.text, self.folded):
                mask[start:end] = b"\x01" * (end - start)
            elif word.area == "derived" and self.is_joined(start, mask):
                end += self.boundaries[end] == 0 and self.compact[end : end + 1] in _CARRIER_CHARS
                mask[start:end] = b"\x01" * (end - start)
        for start, end in find_phrases(self.folded):
            first, last = self.position_of(start), self.position_of(end - 1) + 1
            mask[first:last] = b"\x01" * (last - first)
        for start, end in find_group_tags(self.original):
            first, last = self.positions_between(start, end)
            mask[first:last] = b"\x01" * (last - first)
        return mask

    def is_joined(self, position: int, known: bytearray) -> bool:
        """Whether `position` follows a plus, or an "and" behind text that is `known`: what comes with the work."""
        if not position:
            return False
        first, last = self.span(position - 1, position + 1)
        if any(character in "+＋&" for character in self.original[first + 1 : last - 1]):
            return True
        index = self.positions[position]
        joiner = _AND_RE.search(self.folded, max(0, index - MAX_JOINER_CHARS), index)
        return joiner is not None and known[self.position_of(joiner.start())] == 1

    @cached_attribute
    def noise(self) -> bytearray:
        """`boilerplate`, and everything outside the title of a release name."""
        if not self.title_span:
            return self.boilerplate
        first, last = self.title_span
        mask = bytearray(b"\x01" * len(self.compact))
        mask[first:last] = self.boilerplate[first:last]
        return mask

    @cached_attribute
    def bracketed(self) -> bytearray:
        """1 for each position inside a bracketed remark, which is never part of a longer title."""
        mask = bytearray(len(self.compact))
        for match in _BRACKETED_RE.finditer(self.original):
            first, last = self.positions_between(*match.span())
            mask[first:last] = b"\x01" * (last - first)
        return mask

    @cached_attribute
    def unknown_runs(self) -> list[tuple[int, int]]:
        """The runs of text that is not noise, cut at brackets, hard boundaries, and spaces beside Han."""
        runs: list[tuple[int, int]] = []
        compact, boundaries = self.compact, self.boundaries
        for match in _CLEAN_RUN_RE.finditer(self.noise):
            first, last = match.span()
            for boundary in _BOUNDARY_RE.finditer(boundaries, first + 1, last):
                position = boundary.start()
                is_hard = boundaries[position] == HARD_BOUNDARY
                if is_hard or is_han(compact[position]) or is_han(compact[position - 1]):
                    runs.append((first, position))
                    first = position
            runs.append((first, last))
        return runs

    @cached_attribute
    def run_features(self) -> dict[tuple[int, int, int], dict[str, float]]:
        """What surrounding_text.py found at start, end and reach: namesakes and second looks ask for it again."""
        return {}

    @cached_attribute
    def masked_counts(self) -> dict[int, int]:
        """Before which positions marks stand in place of Han characters (雨*铁路, 雨★★路), and how many."""
        original, origins, compact = self.original, self.origins, self.compact
        masks: dict[int, int] = {}
        for match in _MASK_RE.finditer(original):
            position = bisect_left(origins, match.end())
            if 0 < position < len(compact) and is_han(compact[position]) and is_han(compact[position - 1]):
                masks[position] = len(match.group().replace("\ufe0f", ""))
        return masks

    def run_kind(self, start: int, end: int) -> RunKind:
        """What the run start..end does."""
        return run_kind(self.folded[self.positions[start] : self.positions[end - 1] + 1])

    @cached_attribute
    def core_chars(self) -> int:
        """The number of positions that are neither noise nor bracketed."""
        if 1 not in self.bracketed:
            return self.noise.count(0)
        return sum(not (noisy or bracketed) for noisy, bracketed in zip(self.noise, self.bracketed, strict=True))

    @cached_attribute
    def bracketed_information(self) -> float:
        """The information of unknown text inside bracketed remarks, in Han characters."""
        unknown_sums = self.unknown_sums
        return sum(
            unknown_sums[position + 1] - unknown_sums[position]
            for position, is_bracketed in enumerate(self.bracketed)
            if is_bracketed
        )

    @cached_attribute
    def title_span(self) -> tuple[int, int] | None:
        """The positions of the title in a release name; None for other texts, or if only boilerplate stands there."""
        offsets = find_title_span(self.original)
        if offsets is None:
            return None
        first, last = self.positions_between(*offsets)
        return (first, last) if 0 in self.boilerplate[first:last] else None

    def is_title_span(self, start: int, end: int) -> bool:
        """Whether start..end is the whole title of a release name, except for sellers' words at its ends."""
        if not self.title_span:
            return False
        first, last = self.title_span
        core = self.boilerplate.find(0, first), self.boilerplate.rfind(0, first, last) + 1
        return first <= start <= core[0] and core[1] <= end <= last

    def positions_between(self, start: int, end: int) -> tuple[int, int]:
        """The positions of original[start:end]."""
        return bisect_left(self.origins, start), bisect_left(self.origins, end)

    def splits_word(self, position: int) -> bool:
        """Whether a boundary at `position` would split the letters of a word or the digits of a number."""
        return self.word_interior[position] == 1

    @cached_attribute
    def word_interior(self) -> bytes:
        """1 for each position where a boundary would split a word or a number."""
        return word_interiors([self])[0]

    def word_breaks(self, start: int, end: int) -> set[int]:
        """Where words are separated inside start..end, counted from `start`."""
        positions = self.positions
        if positions[end - 1] - positions[start] == end - 1 - start:
            return set()
        return {
            position - start for position in range(start + 1, end) if positions[position] != positions[position - 1] + 1
        }

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The offsets of start..end in the original."""
        return self.origins[start], self.origins[end - 1] + 1

    def quote(self, start: int, end: int) -> str:
        """The text of the original at start..end."""
        return self.original[self.origins[start] : self.origins[end - 1] + 1]

    def find_mention(self, names: Iterable[str]) -> str | None:
        """The first of `names` in the text between word boundaries; one-letter names are ignored."""
        for name in names:
            compact = fold(name).replace(" ", "")
            start = self.compact.find(compact) if len(compact) > 1 else -1
            while start >= 0:
                if not self.splits_word(start) and not self.splits_word(start + len(compact)):
                    return name
                start = self.compact.find(compact, start + 1)
        return None


@lru_cache(maxsize=4_096)
def _boundary_kind(between: str) -> int:
    """The kind of boundary that these characters of the original make; 0 if they separate nothing when folded."""
    separating = [character for character in between if not character.isalnum() and fold(f"a{character}b") == "a b"]
    if not separating:
        return 0
    return SOFT_BOUNDARY if all(character.isspace() or character in "._" for character in separating) else HARD_BOUNDARY


class _CharInformation(dict[str, float]):
    """The information of a character, filled in when it is first met."""

    def __missing__(self, character: str) -> float:
        self[character] = units = 1.0 if is_han(character) else LETTER_INFORMATION
        return units


_CHAR_INFORMATION = _CharInformation()


def word_interiors(texts: Sequence[AnalysedText]) -> list[bytes]:
    """The `word_interior` of several texts, computed at once; each text keeps its own."""
    kinds = _char_kinds()[np.minimum(code_points(" ".join([text.folded for text in texts])), FIRST_ASTRAL_CODE_POINT)]
    is_same_kind = np.zeros(len(kinds), dtype=bool)
    is_same_kind[1:] = kinds[1:] == kinds[:-1]
    is_visible = kinds != SPACE_KIND
    is_same_kind, kinds = is_same_kind[is_visible], kinds[is_visible]
    origins = np.fromiter(chain.from_iterable(text.origins for text in texts), np.int64, len(kinds))
    is_interior = is_same_kind & ((kinds == LETTER_KIND) | (kinds == DIGIT_KIND))
    ends = np.cumsum([len(text.compact) for text in texts])
    separated_digits = np.flatnonzero(is_interior & (kinds == DIGIT_KIND) & (np.diff(origins, prepend=0) > 1))
    for position, owner in zip(
        separated_digits.tolist(), np.searchsorted(ends, separated_digits, side="right").tolist(), strict=True
    ):
        own_position = position - int(ends[owner]) + len(texts[owner].compact)
        is_interior[position] = not texts[owner].boundaries[own_position]
    interior_bytes = is_interior.tobytes()
    interiors = [
        interior_bytes[end - len(text.compact) : end] + b"\x00" for text, end in zip(texts, ends.tolist(), strict=True)
    ]
    for text, own_position in zip(texts, interiors, strict=True):
        text.__dict__["word_interior"] = own_position
    return interiors


@cache
def _char_kinds() -> npt.NDArray[np.uint8]:
    """The kind of each code point: LETTER_KIND (not Han), DIGIT_KIND, SPACE_KIND or 0."""
    kinds = np.zeros(FIRST_ASTRAL_CODE_POINT + 1, dtype=np.uint8)
    for code in range(FIRST_ASTRAL_CODE_POINT):
        character = chr(code)
        if character.isdecimal():
            kinds[code] = DIGIT_KIND
        elif character.isalnum() and not is_han(character):
            kinds[code] = LETTER_KIND
    kinds[ord(" ")] = SPACE_KIND
    return kinds
