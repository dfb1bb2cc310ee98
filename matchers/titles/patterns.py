"""What is put into the tables of the index for each name.

Names of five Han characters or eight letters and more in halves (at most twelve characters of each) and once with the
middle swapped; shorter names whole; Han names by their pinyin; and the few most telling words or Han pairs of a name.
Bare names (editions.py) are sought as they stand, so only their first half (or the whole) is there.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import Factory, define

from crawler.items import Work
from crawler.text import is_han
from matchers.titles.arrays import BARE_FROM, PLAIN, SALTS, SOUND, TOKEN, Arrays, Ints
from matchers.titles.compare import AROUND, FIRST, LONGEST_PIECE, SECOND, SWAPPED, WHOLE
from matchers.titles.editions import bare_names
from matchers.titles.names import Name, names_of
from matchers.titles.prospects import CUT
from matchers.titles.sound import spoken
from matchers.titles.table import Entries, HashTable
from matchers.titles.tokens import holds_han, number_of, telling, told_bits, weight, words_of
from matchers.titles.windows import LONGEST, Codes, Hashes, codes_of, hashes_of, sums_of

MIN_HAN, MIN_LETTERS = 5, 8  # shorter names are sought whole: one error would leave too little
LONGEST_NAME = 1_000  # characters of a name that are indexed
PORTION = 200_000  # works whose names are Python objects at a time


def arrays_of(works: Sequence[Work]) -> Arrays:
    """Reads all works' names once, a portion at a time: ten million of them would take more memory than the index."""
    whole = _Whole()
    for first in range(0, max(1, len(works)), PORTION):
        whole.add(_Names(works, first, first + PORTION))
    return whole.arrays()


@define
class _Whole:
    """The columns of all portions, and what is to be put into the tables."""

    _columns: dict[str, list[npt.NDArray[Any]]] = Factory(lambda: defaultdict(list))
    _keys: dict[str, list[Hashes]] = Factory(lambda: defaultdict(list))
    _entries: dict[str, list[Entries]] = Factory(lambda: defaultdict(list))
    _lengths: set[int] = Factory(set)
    _count: int = 0

    def add(self, names: _Names) -> None:
        """The names of a portion."""
        columns = names.columns()
        sizes = columns["starts"]
        starts = _starts(sizes)
        is_bare = columns["nths"] >= BARE_FROM
        at_edge = np.array(names.han_at_edge, dtype=bool)
        for keys, entries, lengths in _pieces(columns["codes"], starts, at_edge, is_bare):
            self._put(PLAIN, keys, entries + (self._count << 2))
            self._lengths.update(lengths)
        self._put(SOUND, _hashed(names.sounds, SOUND), np.array(names.sounding, dtype=np.int64) + self._count)
        self._put(TOKEN, _hashed(names.tokens, TOKEN), np.array(names.tokened, dtype=np.int64) + self._count)
        for name, column in columns.items():
            self._columns[name].append(column)
        self._count += len(sizes)

    def arrays(self) -> Arrays:
        """All of it, which is given away."""
        columns = {name: self._taken(self._columns, name) for name in list(self._columns)}
        tables = {name: HashTable.of(self._taken(self._keys, name), self._taken(self._entries, name)) for name in SALTS}
        for name in ("starts", "word_starts"):
            columns[name] = _starts(columns[name])
        return Arrays(**columns, lengths=tuple(sorted(self._lengths)), tables=tables)

    def _put(self, table: str, keys: Hashes, entries: Ints) -> None:
        self._keys[table].append(keys)
        self._entries[table].append(entries.astype(np.uint32))

    @staticmethod
    def _taken(parts: dict[str, list[npt.NDArray[Any]]], name: str) -> npt.NDArray[Any]:
        return np.concatenate(parts.pop(name))


class _Names:
    """Columns, filled name by name: objects of a million names would cost a gigabyte."""

    def __init__(self, works: Sequence[Work], first: int, last: int) -> None:
        self.tights: list[str] = []
        self.sizes: list[int] = []
        self.works: list[int] = []
        self.nths: list[int] = []
        self.information: list[float] = []
        self.units: list[float] = []
        self.bits: list[float] = []
        self.is_han: list[bool] = []
        self.is_cut: list[int] = []
        self.words = array("I")
        self.weights = array("f")
        self.told = array("q")
        self.han_at_edge: list[bool] = []
        self.sounds: list[str] = []
        self.sounding: list[int] = []
        self.tokens: list[str] = []
        self.tokened: list[int] = []
        for nth, name in _indexed(works[first:last], first):
            self._add(nth, name)

    def _add(self, nth: int, name: Name) -> None:
        number = len(self.tights)
        self.tights.append(name.tight)
        self.sizes.append(len(name.tight))
        self.works.append(name.work)
        self.nths.append(nth)
        self.han_at_edge.append(is_han(name.tight[0]) or is_han(name.tight[-1]))
        self.units.append(name.units)
        self.bits.append(told_bits(name.key))
        self.is_han.append(holds_han(name.tight))
        self.is_cut.append(CUT.get(name.form, 0))
        if nth >= BARE_FROM:
            self.information.append(0.0)
            self.told.append(0)
            return
        sounds = spoken(name.tight)
        self.sounds.extend(sounds)
        self.sounding.extend([number] * len(sounds))
        weights = {word: weight(word) for word in words_of(name.key)}
        self.words.extend(map(number_of, weights))
        self.weights.extend(weights.values())
        self.told.append(len(weights))
        tokens = telling(weights)
        self.information.append(sum(weights.values()))
        self.tokens.extend(tokens)
        self.tokened.extend([number] * len(tokens))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of the index by name; those of starts as counts."""
        return {
            "codes": codes_of("".join(self.tights)),
            "starts": np.array(self.sizes, dtype=np.int64),
            "works": np.array(self.works, dtype=np.int32),
            "nths": np.array(self.nths, dtype=np.uint8),
            "information": np.array(self.information, dtype=np.float32),
            "units": np.array(self.units, dtype=np.float32),
            "bits": np.array(self.bits, dtype=np.float32),
            "is_han": np.array(self.is_han, dtype=bool),
            "is_cut": np.array(self.is_cut, dtype=np.uint8),
            "words": np.array(self.words, dtype=np.uint32),
            "weights": np.array(self.weights, dtype=np.float32),
            "word_starts": np.array(self.told, dtype=np.int64),
        }


def _indexed(works: Sequence[Work], first: int) -> Iterator[tuple[int, Name]]:
    for position, work in enumerate(works, start=first):
        if work.retired_at is None:
            for nth, name in enumerate(names_of(position, work)):
                if len(name.tight) <= LONGEST_NAME and nth < BARE_FROM:
                    yield nth, name
            for nth, name in enumerate(bare_names(position, work), start=BARE_FROM):
                if len(name.tight) <= LONGEST_NAME:
                    yield nth, name


def _starts(sizes: Ints) -> Ints:
    """Where each of several strings of these sizes begins, and the end."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)


def _pieces(
    codes: Codes, starts: Ints, han_at_edge: npt.NDArray[np.bool_], is_bare: npt.NDArray[np.bool_]
) -> Iterator[tuple[Hashes, Ints, set[int]]]:
    """Hashes and entries of pieces, and the lengths that they have."""
    begin, end = starts[:-1], starts[1:]
    sizes = end - begin
    numbers = np.arange(len(sizes), dtype=np.int64)
    is_long = sizes >= np.where(han_at_edge, MIN_HAN, MIN_LETTERS)
    whole, split = numbers[~is_long], numbers[is_long]
    heads = begin[split] + sizes[split] // 2
    pieces = [
        (whole, WHOLE, begin[whole], end[whole]),
        (split, FIRST, begin[split], np.minimum(heads, begin[split] + LONGEST_PIECE)),
    ]
    split = split[~is_bare[split]]
    middle = begin[split] + sizes[split] // 2
    pieces.append((split, SECOND, middle, np.minimum(end[split], middle + LONGEST_PIECE)))
    sums, places = _summed(codes, starts)
    for numbers, kind, first, last in pieces:
        lengths = set(np.unique(last - first).tolist())
        yield hashes_of(sums, first, last, SALTS[PLAIN], places[first]), numbers << 2 | kind, lengths
    swapped = codes.copy()
    swapped[middle - 1], swapped[middle] = codes[middle], codes[middle - 1]
    differ = codes[middle - 1] != codes[middle]
    first, last = np.maximum(begin[split], middle - AROUND)[differ], np.minimum(end[split], middle + AROUND)[differ]
    sums, _ = _summed(swapped, starts)
    lengths = set(np.unique(last - first).tolist())
    yield hashes_of(sums, first, last, SALTS[PLAIN], places[first]), split[differ] << 2 | SWAPPED, lengths


def _hashed(strings: list[str], table: str) -> Hashes:
    """The hashes of whole strings."""
    codes = codes_of("".join(strings))
    starts = _starts(np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)))
    sums, places = _summed(codes, starts)
    places = np.append(places, 0)
    return hashes_of(sums, starts[:-1], starts[1:], SALTS[table], places[starts[:-1]])


def _summed(codes: Codes, starts: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
    places = np.arange(len(codes), dtype=np.int64) - np.repeat(starts[:-1], np.diff(starts))
    return sums_of(codes, places % LONGEST), places
