"""What is put into the tables of the index for each name, as arrays that can be saved and mapped.

Names of five Han characters or eight letters and more in halves (at most twelve characters of each) and once with the
middle swapped; shorter names whole; Han names by their pinyin; and the few most telling words or Han pairs of a name.
Bare names (editions.py) are sought as they stand, so only their first half (or the whole) is there.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from attrs import frozen

from crawler.items import Work
from crawler.text import is_han
from matchers.titles.compare import AROUND, FIRST, LONGEST_PIECE, SECOND, SWAPPED, WHOLE
from matchers.titles.editions import bare_names
from matchers.titles.names import Name, names_of
from matchers.titles.sound import spoken
from matchers.titles.table import HashTable
from matchers.titles.tokens import number_of, telling, weight, words_of
from matchers.titles.windows import LONGEST, Codes, codes_of, hashes_of, sums_of

MIN_HAN, MIN_LETTERS = 5, 8  # shorter names are sought whole: one error would leave too little
LONGEST_NAME = 1_000  # characters of a name that are indexed
FORMAT = 3  # of the saved files
BARE_FROM = 250  # the bare names of a work count from here on, its others from 0

_Ints = npt.NDArray[np.int64]
_NAME_ARRAYS = ("codes", "starts", "works", "nths", "information", "units", "words", "weights", "word_starts")


@frozen(kw_only=True, eq=False)
class Arrays:
    """The index as arrays: characters of all names, where each starts, its work and which of the work's names it is
    (from BARE_FROM on a bare one); the words of each name by their numbers, with their weights.
    """

    codes: Codes
    starts: _Ints
    works: npt.NDArray[np.int32]
    nths: npt.NDArray[np.uint8]
    information: npt.NDArray[np.float32]
    units: npt.NDArray[np.float32]
    words: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    word_starts: _Ints
    lengths: tuple[int, ...]
    tables: dict[str, HashTable]

    def and_more(self, more: Arrays, offset: int) -> Arrays:
        """With the names of further works, whose positions begin at `offset`."""
        known = len(self.works)
        steps = {"plain": known << 2, "sound": known, "token": known}
        return Arrays(
            codes=np.concatenate([self.codes, more.codes]),
            starts=np.concatenate([self.starts, more.starts[1:] + self.starts[-1]]),
            works=np.concatenate([self.works, more.works + np.int32(offset)]),
            nths=np.concatenate([self.nths, more.nths]),
            information=np.concatenate([self.information, more.information]),
            units=np.concatenate([self.units, more.units]),
            words=np.concatenate([self.words, more.words]),
            weights=np.concatenate([self.weights, more.weights]),
            word_starts=np.concatenate([self.word_starts, more.word_starts[1:] + self.word_starts[-1]]),
            lengths=tuple(sorted({*self.lengths, *more.lengths})),
            tables={name: self.tables[name].with_entries_of(more.tables[name], step) for name, step in steps.items()},
        )

    def save(self, folder: Path) -> None:
        """Writes all arrays as files of the folder."""
        for name in _NAME_ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        for name, table in self.tables.items():
            table.save(folder, name)
        (folder / "index.json").write_text(json.dumps({"format": FORMAT, "lengths": self.lengths}), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> Arrays | None:
        """Maps what `save` wrote; None where there is nothing whole of this format."""
        try:
            described = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if described.get("format") != FORMAT:
            return None
        mapped = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in _NAME_ARRAYS}
        tables = {name: HashTable.open(folder, name) for name in ("plain", "sound", "token")}
        return cls(**mapped, lengths=tuple(described["lengths"]), tables=tables)


def arrays_of(works: Sequence[Work]) -> Arrays:
    """Reads all works' names once."""
    names = _Names(works)
    codes = codes_of("".join(names.tights))
    starts = np.concatenate([[0], np.cumsum(names.sizes, dtype=np.int64)]).astype(np.int64)
    nths = np.array(names.nths, dtype=np.uint8)
    plain, lengths = _plain(codes, starts, np.array(names.han_at_edge, dtype=bool), nths >= BARE_FROM)
    return Arrays(
        codes=codes,
        starts=starts,
        works=np.array(names.works, dtype=np.int32),
        nths=nths,
        information=np.array(names.information, dtype=np.float32),
        units=np.array(names.units, dtype=np.float32),
        words=np.array(names.words, dtype=np.uint32),
        weights=np.array(names.weights, dtype=np.float32),
        word_starts=np.array(names.word_starts, dtype=np.int64),
        lengths=lengths,
        tables={
            "plain": plain,
            "sound": _strings(names.sounds, names.sounding, 2),
            "token": _strings(names.tokens, names.tokened, 3),
        },
    )


class _Names:
    """Columns, filled name by name: objects of a million names would cost a gigabyte."""

    def __init__(self, works: Sequence[Work]) -> None:
        self.tights: list[str] = []
        self.sizes: list[int] = []
        self.works: list[int] = []
        self.nths: list[int] = []
        self.information: list[float] = []
        self.units: list[float] = []
        self.words = array("I")
        self.weights = array("f")
        self.word_starts = array("q", [0])
        self.han_at_edge: list[bool] = []
        self.sounds: list[str] = []
        self.sounding: list[int] = []
        self.tokens: list[str] = []
        self.tokened: list[int] = []
        for nth, name in _indexed(works):
            self._add(nth, name)

    def _add(self, nth: int, name: Name) -> None:
        number = len(self.tights)
        self.tights.append(name.tight)
        self.sizes.append(len(name.tight))
        self.works.append(name.work)
        self.nths.append(nth)
        self.han_at_edge.append(is_han(name.tight[0]) or is_han(name.tight[-1]))
        self.units.append(name.units)
        if nth >= BARE_FROM:
            self.information.append(0.0)
            self.word_starts.append(len(self.words))
            return
        sounds = spoken(name.tight)
        self.sounds.extend(sounds)
        self.sounding.extend([number] * len(sounds))
        weights = {word: weight(word) for word in words_of(name.key)}
        self.words.extend(map(number_of, weights))
        self.weights.extend(weights.values())
        self.word_starts.append(len(self.words))
        tokens = telling(weights)
        self.information.append(sum(weights.values()))
        self.tokens.extend(tokens)
        self.tokened.extend([number] * len(tokens))


def _indexed(works: Sequence[Work]) -> Iterator[tuple[int, Name]]:
    for position, work in enumerate(works):
        if work.retired_at is None:
            for nth, name in enumerate(names_of(position, work)):
                if len(name.tight) <= LONGEST_NAME and nth < BARE_FROM:
                    yield nth, name
            for nth, name in enumerate(bare_names(position, work), start=BARE_FROM):
                if len(name.tight) <= LONGEST_NAME:
                    yield nth, name


def _plain(
    codes: Codes, starts: _Ints, han_at_edge: npt.NDArray[np.bool_], is_bare: npt.NDArray[np.bool_]
) -> tuple[HashTable, tuple[int, ...]]:
    """The table of pieces, and the lengths that pieces have."""
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
    keys = [hashes_of(sums, first, last, 1, places[first]) for _, _, first, last in pieces]
    entries = [(numbers << 2 | kind).astype(np.uint32) for numbers, kind, _, _ in pieces]
    lengths = {int(size) for _, _, first, last in pieces for size in np.unique(last - first)}
    swapped = codes.copy()
    swapped[middle - 1], swapped[middle] = codes[middle], codes[middle - 1]
    differ = codes[middle - 1] != codes[middle]
    first, last = np.maximum(begin[split], middle - AROUND)[differ], np.minimum(end[split], middle + AROUND)[differ]
    sums, _ = _summed(swapped, starts)
    keys.append(hashes_of(sums, first, last, 1, places[first]))
    entries.append((split[differ] << 2 | SWAPPED).astype(np.uint32))
    lengths |= {int(size) for size in np.unique(last - first)}
    return HashTable.of(np.concatenate(keys), np.concatenate(entries)), tuple(sorted(lengths))


def _strings(strings: list[str], entries: list[int], salt: int) -> HashTable:
    """A table of whole strings."""
    codes = codes_of("".join(strings))
    sizes = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    sums, places = _summed(codes, starts)
    places = np.append(places, 0)
    keys = hashes_of(sums, starts[:-1], starts[1:], salt, places[starts[:-1]])
    return HashTable.of(keys, np.array(entries, dtype=np.uint32))


def _summed(codes: Codes, starts: _Ints) -> tuple[npt.NDArray[np.uint64], _Ints]:
    places = np.arange(len(codes), dtype=np.int64) - np.repeat(starts[:-1], np.diff(starts))
    return sums_of(codes, places % LONGEST), places
