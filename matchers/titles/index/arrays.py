"""The arrays of the name index: saved to a folder, mapped from it, extended by further works."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from attrs import frozen

from matchers.titles.index.hash_table import HashTable
from matchers.titles.rolling_hash import CodePoints

FORMAT_VERSION = 5  # of the saved files
FIRST_BARE_NTH = 250  # the bare names of a work are numbered from here, its other names from 0
SPELLING_TABLE, PINYIN_TABLE, TOKEN_TABLE = "plain", "sound", "token"
TABLE_SALTS = {SPELLING_TABLE: 1, PINYIN_TABLE: 2, TOKEN_TABLE: 3}

IntArray = npt.NDArray[np.int64]
NAME_ARRAYS = (
    "codes", "starts", "works", "nths", "information", "units", "bits", "is_han", "is_cut",
    "words", "weights", "word_starts",
)  # fmt: skip


@frozen(kw_only=True, eq=False)
class IndexArrays:
    """The index as arrays: `codes` of all names, where each `starts`, its work and which of the work's names it is
    (`nths`, bare ones from FIRST_BARE_NTH); its information in Han characters (`units`), `bits` in tens, whether it
    holds Han (`is_han`), which part was cut off (`is_cut`: FORM_CODES of pruning.py); the `words` of each name by their
    `token_id`, with their `weights`.
    """

    codes: CodePoints
    starts: IntArray
    works: npt.NDArray[np.int32]
    nths: npt.NDArray[np.uint8]
    information: npt.NDArray[np.float32]
    units: npt.NDArray[np.float32]
    bits: npt.NDArray[np.float32]
    is_han: npt.NDArray[np.bool_]
    is_cut: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    word_starts: IntArray
    lengths: tuple[int, ...]
    tables: dict[str, HashTable]

    def concatenate(self, other: IndexArrays, offset: int) -> IndexArrays:
        """The arrays extended by the names of further works, whose positions begin at `offset`."""
        name_count = len(self.works)
        steps = {SPELLING_TABLE: name_count << 2, PINYIN_TABLE: name_count, TOKEN_TABLE: name_count}
        return IndexArrays(
            codes=np.concatenate([self.codes, other.codes]),
            starts=np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
            works=np.concatenate([self.works, other.works + np.int32(offset)]),
            nths=np.concatenate([self.nths, other.nths]),
            information=np.concatenate([self.information, other.information]),
            units=np.concatenate([self.units, other.units]),
            bits=np.concatenate([self.bits, other.bits]),
            is_han=np.concatenate([self.is_han, other.is_han]),
            is_cut=np.concatenate([self.is_cut, other.is_cut]),
            words=np.concatenate([self.words, other.words]),
            weights=np.concatenate([self.weights, other.weights]),
            word_starts=np.concatenate([self.word_starts, other.word_starts[1:] + self.word_starts[-1]]),
            lengths=tuple(sorted({*self.lengths, *other.lengths})),
            tables={name: self.tables[name].merge(other.tables[name], step) for name, step in steps.items()},
        )

    def save(self, folder: Path) -> None:
        """Writes all arrays as files of the folder."""
        for name in NAME_ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        for name, table in self.tables.items():
            table.save(folder, name)
        (folder / "index.json").write_text(
            json.dumps({"format": FORMAT_VERSION, "lengths": self.lengths}), encoding="utf-8"
        )

    @classmethod
    def open(cls, folder: Path) -> IndexArrays | None:
        """Maps what `save` wrote; None if there is nothing complete in this format."""
        try:
            description = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if description.get("format") != FORMAT_VERSION:
            return None
        mapped = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in NAME_ARRAYS}
        tables = {name: HashTable.open(folder, name) for name in TABLE_SALTS}
        return cls(**mapped, lengths=tuple(description["lengths"]), tables=tables)
