"""Codes of 256 bits within a distance of a code: exact, memory-mapped, without looking at most of them.

Two codes that differ in at most 31 of 256 bits differ in at most one bit of one of their sixteen 16-bit bands
(pigeonhole: two or more in each would make 32). So each band keeps the rows sorted by its value, and a code looks up
its own sixteen values and their 16 neighbours each: 272 places of a table. Few codes or a larger radius are scanned.
faiss' flat scan moves the whole table through memory; bench/images_speed.py measures both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

BANDS, BAND_VALUES = 16, 1 << 16
RADIUS = 31  # bits that the bands find for certain
SCANNED = 20_000  # codes; fewer are scanned as fast as the bands are looked up (0.2 ms)
PORTION = 200_000  # codes scanned at a time, so that the differences stay in the cache
PORTION_OF_ALL = 20_000  # the same for many codes at a time

Rows = NDArray[np.int64]
Distances = NDArray[np.int64]

_FLIPS = np.array([0, *(1 << np.arange(16))], dtype=np.uint16)
_FIRSTS = np.arange(BANDS)[:, None] * (BAND_VALUES + 1)  # of each band in the table of starts
_BAND_OF = np.repeat(np.arange(BANDS), len(_FLIPS))


class Codes:
    """Codes in their order. `codes` is uint8 [n, 32]; the bands are there from SCANNED codes on."""

    def __init__(self, codes: NDArray[np.uint8], bands: tuple[Any, Any] | None = None) -> None:
        self._words: NDArray[np.uint64] = codes.view(np.uint64).reshape(-1, 4)
        self._bands = bands

    def __len__(self) -> int:
        return len(self._words)

    @classmethod
    def open(cls, folder: Path) -> Codes:
        """What `write` wrote, mapped into memory and not read. Raises OSError or ValueError."""
        codes = np.load(folder / "codes.npy", mmap_mode="r")
        if not (folder / "rows.npy").exists():
            return cls(codes)
        return cls(codes, (np.load(folder / "starts.npy"), np.load(folder / "rows.npy", mmap_mode="r")))

    @staticmethod
    def write(folder: Path, codes: NDArray[np.uint8]) -> None:
        """Keep codes, with their bands where that pays."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "codes.npy", codes)
        if len(codes) <= SCANNED:
            return
        values = codes.view(np.uint16).reshape(-1, BANDS)
        starts = np.zeros((BANDS, BAND_VALUES + 1), dtype=np.int64)
        rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.uint32, (BANDS, len(codes)))
        for band in range(BANDS):
            rows[band] = np.argsort(values[:, band], kind="stable")
            np.cumsum(np.bincount(values[:, band], minlength=BAND_VALUES), out=starts[band, 1:])
        rows.flush()
        np.save(folder / "starts.npy", starts)

    def within(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """The rows at most `radius` bits away and how far they are, by row."""
        words = code.view(np.uint64).reshape(4)
        if self._bands is None or radius > RADIUS:
            return self._scanned(words, radius)
        rows = self._looked_up(code.view(np.uint16))
        distances = _distances(self._words.take(rows, axis=0), words)
        near = distances <= radius
        found, first = np.unique(rows[near], return_index=True)
        return found.astype(np.int64), distances[near][first].astype(np.int64)

    def within_of_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """For codes [n, 32]: which of them, the rows at most `radius` bits away from it, and how far they are."""
        if self._bands is not None and radius <= RADIUS:
            each = [self.within(code, radius) for code in codes]
            which = np.repeat(np.arange(len(codes)), [len(rows) for rows, _ in each])
            none = np.zeros(0, np.int64)
            return (
                which,
                np.concatenate([none, *(rows for rows, _ in each)]),
                np.concatenate([none, *(f for _, f in each)]),
            )
        scan: Any = faiss  # its stubs do not know it
        asked = np.ascontiguousarray(codes)
        found = [(np.zeros(0, np.int64),) * 3]
        for first in range(0, len(self._words) if len(asked) else 0, PORTION_OF_ALL):
            known = np.ascontiguousarray(self._words[first : first + PORTION_OF_ALL])
            far = np.empty((len(asked), len(known)), np.int32)
            sizes = len(asked), len(known), asked.shape[1]
            scan.hammings(faiss.swig_ptr(asked), faiss.swig_ptr(known.view(np.uint8)), *sizes, faiss.swig_ptr(far))
            which, rows = np.nonzero(far <= radius)
            found.append((which, rows + first, far[which, rows].astype(np.int64)))
        which, rows, distances = (np.concatenate(column) for column in zip(*found, strict=True))
        return which, rows, distances

    def _looked_up(self, values: NDArray[np.uint16]) -> NDArray[np.uint32]:
        """The rows that agree with the code in a band, but for one bit of it; some of them more than once."""
        assert self._bands is not None
        starts, rows = self._bands
        probes = (values[:, None] ^ _FLIPS).astype(np.int64)
        probes += _FIRSTS
        places = probes.reshape(-1)
        begins = starts.take(places)
        counts = starts.take(places + 1) - begins
        ends = np.cumsum(counts)
        begins += _BAND_OF * rows.shape[1] - ends + counts
        taken = np.repeat(begins, counts)
        taken += np.arange(len(taken))
        looked_up: NDArray[np.uint32] = rows.reshape(-1).take(taken)
        return looked_up

    def _scanned(self, words: NDArray[np.uint64], radius: int) -> tuple[Rows, Distances]:
        found, far = [], []
        for first in range(0, len(self._words), PORTION):
            distances = _distances(self._words[first : first + PORTION], words)
            near = np.flatnonzero(distances <= radius)
            found.append(near + first)
            far.append(distances[near])
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(found), np.concatenate(far).astype(np.int64)


def _distances(codes: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """How many bits differ; the four counts of a row, a byte each, are added within one number of 32 bits."""
    counts: NDArray[np.uint32] = np.bitwise_count(codes ^ words).view(np.uint32).reshape(-1)
    halves = (counts & np.uint32(0x00FF00FF)) + (counts >> np.uint32(8) & np.uint32(0x00FF00FF))
    distances: NDArray[np.uint32] = (halves & np.uint32(0xFFFF)) + (halves >> np.uint32(16))
    return distances
