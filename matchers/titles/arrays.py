"""The index of titles as arrays: saved to a folder, mapped from it, extended by more of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.table import HashTable
from matchers.titles.windows import Codes

FORMAT = 4  # of the saved files
BARE_FROM = 250  # the bare names of a work count from here on, its others from 0
PLAIN, SOUND, TOKEN = "plain", "sound", "token"
SALTS = {PLAIN: 1, SOUND: 2, TOKEN: 3}

Ints = npt.NDArray[np.int64]
NAME_ARRAYS = (
    "codes", "starts", "works", "nths", "information", "units", "bits", "is_han", "is_cut",
    "words", "weights", "word_starts",
)  # fmt: skip


@frozen(kw_only=True, eq=False)
class Arrays:
    """The index as arrays: characters of all names, where each starts, its work and which of the work's names it is
    (from BARE_FROM on a bare one); its units, bits in tens, whether it holds Han, which part was cut off (CUT); the
    words of each name by their numbers, with their weights.
    """

    codes: Codes
    starts: Ints
    works: npt.NDArray[np.int32]
    nths: npt.NDArray[np.uint8]
    information: npt.NDArray[np.float32]
    units: npt.NDArray[np.float32]
    bits: npt.NDArray[np.float32]
    is_han: npt.NDArray[np.bool_]
    is_cut: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    word_starts: Ints
    lengths: tuple[int, ...]
    tables: dict[str, HashTable]

    def and_more(self, more: Arrays, offset: int) -> Arrays:
        """With the names of further works, whose positions begin at `offset`."""
        known = len(self.works)
        steps = {PLAIN: known << 2, SOUND: known, TOKEN: known}
        return Arrays(
            codes=np.concatenate([self.codes, more.codes]),
            starts=np.concatenate([self.starts, more.starts[1:] + self.starts[-1]]),
            works=np.concatenate([self.works, more.works + np.int32(offset)]),
            nths=np.concatenate([self.nths, more.nths]),
            information=np.concatenate([self.information, more.information]),
            units=np.concatenate([self.units, more.units]),
            bits=np.concatenate([self.bits, more.bits]),
            is_han=np.concatenate([self.is_han, more.is_han]),
            is_cut=np.concatenate([self.is_cut, more.is_cut]),
            words=np.concatenate([self.words, more.words]),
            weights=np.concatenate([self.weights, more.weights]),
            word_starts=np.concatenate([self.word_starts, more.word_starts[1:] + self.word_starts[-1]]),
            lengths=tuple(sorted({*self.lengths, *more.lengths})),
            tables={name: self.tables[name].with_entries_of(more.tables[name], step) for name, step in steps.items()},
        )

    def save(self, folder: Path) -> None:
        """Writes all arrays as files of the folder."""
        for name in NAME_ARRAYS:
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
        mapped = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in NAME_ARRAYS}
        tables = {name: HashTable.open(folder, name) for name in SALTS}
        return cls(**mapped, lengths=tuple(described["lengths"]), tables=tables)
