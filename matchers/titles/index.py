"""Where registered names stand in a text, also with a wrong, missing or extra character.

A name with at most k errors contains one of its k + 1 pieces unchanged (pigeonhole). One Aho-Corasick automaton over
whole names and pieces finds all candidates in one pass; only what stands beside a found piece is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick
from attrs import evolve, frozen
from rapidfuzz.distance import OSA

from crawler.text import is_han
from matchers.titles.names import Name
from matchers.titles.reading import Reading

MIN_HAN, MIN_LETTERS = 5, 8  # shorter names are sought whole: one error would leave too little


@frozen(kw_only=True)
class Sighting:
    """A name at places start..end of a reading, with `errors` edits (0 or 1); `disguised` with digits for letters."""

    name: Name
    start: int
    end: int
    errors: int = 0
    disguised: bool = False


class NameIndex:
    """All names of a registry, built once."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._names = names
        holders: dict[str, list[tuple[int, int]]] = {}  # pattern -> (name, piece); piece -1 is the whole
        for number, name in enumerate(names):
            holders.setdefault(name.tight, []).append((number, -1))
            for piece, text in enumerate(_halves(name.tight)):
                holders.setdefault(text, []).append((number, piece))
        self._holders = list(holders.values())
        self._automaton = AhoCorasick(list(holders))

    def sightings(self, reading: Reading) -> Iterator[Sighting]:
        """Every name in the text that begins and ends between words; exact ones, and those with one error."""
        for disguised, text in ((False, reading.tight), *((True, text) for text in reading.undisguised)):
            for found in self._in(text):
                if not reading.splits_word(found.start) and not reading.splits_word(found.end):
                    if not disguised:
                        yield found
                    elif text[found.start : found.end] != reading.tight[found.start : found.end]:
                        yield evolve(found, disguised=True)

    def _in(self, text: str) -> Iterator[Sighting]:
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            for number, piece in self._holders[pattern]:
                name = self._names[number]
                found = _whole(name, start, end) if piece < 0 else _beside(name, piece, text, start, end)
                if found:
                    yield found


def _halves(tight: str) -> tuple[str, ...]:
    least = MIN_HAN if is_han(tight[0]) or is_han(tight[-1]) else MIN_LETTERS
    if len(tight) < least:
        return ()
    middle = len(tight) // 2
    return tight[:middle], tight[middle:]


def _whole(name: Name, start: int, end: int) -> Sighting:
    return Sighting(name=name, start=start, end=end)


def _beside(name: Name, piece: int, text: str, start: int, end: int) -> Sighting | None:
    """The name with exactly one error in the half that was not found."""
    middle = len(name.tight) // 2
    rest = name.tight[middle:] if piece == 0 else name.tight[:middle]
    for length in (len(rest), len(rest) - 1, len(rest) + 1):
        first, last = (end, end + length) if piece == 0 else (start - length, start)
        if first < 0 or last > len(text) or first >= last:
            continue
        if OSA.distance(rest, text[first:last], score_cutoff=1) == 1:
            return Sighting(name=name, start=min(start, first), end=max(end, last), errors=1)
        if length == len(rest) and text[first:last] == rest:
            return None
    return None
