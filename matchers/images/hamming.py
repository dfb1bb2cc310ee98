"""Exact Hamming search over codes of 256 bits: multi-index hashing, memory-mapped, reading few of the codes.

Two codes that differ in at most 31 of 256 bits differ in at most one bit of one of their sixteen 16-bit bands
(pigeonhole: two or more in each would make 32). So each band keeps the rows sorted by its value, and a query looks up
its own sixteen band values and the 16 neighbours of each: 272 entries of a table. If there are few codes or the radius
is larger, all codes are scanned. faiss' flat scan moves the whole table through memory; bench/pictures_search.py
measures both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

BAND_COUNT, VALUES_PER_BAND = 16, 1 << 16
BAND_RADIUS_BITS = 31  # distance up to which the bands find every code
MAX_SCANNED_CODES = 20_000  # up to this many, a scan is as fast as looking up the bands (0.2 ms)
SCAN_BATCH_SIZE = 200_000  # codes scanned at a time, so that the differences stay in the cache
MULTI_SCAN_BATCH_SIZE = 20_000  # the same when many codes are searched for at once

Rows = NDArray[np.int64]
Distances = NDArray[np.int64]

_BIT_FLIPS = np.array([0, *(1 << np.arange(16))], dtype=np.uint16)
_BAND_STARTS = np.arange(BAND_COUNT)[:, None] * (VALUES_PER_BAND + 1)  # where each band begins in the starts table
_PROBE_BANDS = np.repeat(np.arange(BAND_COUNT), len(_BIT_FLIPS))


class HammingIndex:
    """Codes by row. `codes` is uint8 [n, 32]; `bands` is None where there are at most `MAX_SCANNED_CODES` of them."""

    def __init__(self, codes: NDArray[np.uint8], bands: tuple[Any, Any] | None = None) -> None:
        self._words: NDArray[np.uint64] = codes.view(np.uint64).reshape(-1, 4)
        self._bands = bands

    def __len__(self) -> int:
        return len(self._words)

    @classmethod
    def open(cls, folder: Path) -> HammingIndex:
        """Open what `write` wrote, memory-mapped. Raises OSError or ValueError."""
        codes = np.load(folder / "codes.npy", mmap_mode="r")
        if not (folder / "rows.npy").exists():
            return cls(codes)
        return cls(codes, (np.load(folder / "starts.npy"), np.load(folder / "rows.npy", mmap_mode="r")))

    @staticmethod
    def write(folder: Path, codes: NDArray[np.uint8]) -> None:
        """Write codes, with their bands if there are more than `MAX_SCANNED_CODES`."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "codes.npy", codes)
        if len(codes) <= MAX_SCANNED_CODES:
            return
        values = codes.view(np.uint16).reshape(-1, BAND_COUNT)
        starts = np.zeros((BAND_COUNT, VALUES_PER_BAND + 1), dtype=np.int64)
        rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.uint32, (BAND_COUNT, len(codes)))
        for band in range(BAND_COUNT):
            rows[band] = np.argsort(values[:, band], kind="stable")
            np.cumsum(np.bincount(values[:, band], minlength=VALUES_PER_BAND), out=starts[band, 1:])
        rows.flush()
        np.save(folder / "starts.npy", starts)

    def search(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """The rows at most `radius` bits away, in ascending order, and their distances."""
        words = code.view(np.uint64).reshape(4)
        if self._bands is None or radius > BAND_RADIUS_BITS:
            return self._scan(words, radius)
        rows = self._probe_bands(code.view(np.uint16))
        distances = _hamming_distances(self._words.take(rows, axis=0), words)
        is_near = distances <= radius
        near_rows, first_places = np.unique(rows[is_near], return_index=True)
        return near_rows.astype(np.int64), distances[is_near][first_places].astype(np.int64)

    def search_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """For codes [n, 32]: row of the code in `codes`, row at most `radius` bits away from it, their distance."""
        if self._bands is not None and radius <= BAND_RADIUS_BITS:
            results = [self.search(code, radius) for code in codes]
            query_rows = np.repeat(np.arange(len(codes)), [len(rows) for rows, _ in results])
            empty = np.zeros(0, np.int64)
            return (
                query_rows,
                np.concatenate([empty, *(rows for rows, _ in results)]),
                np.concatenate([empty, *(distances for _, distances in results)]),
            )
        faiss_functions: Any = faiss  # its stubs lack `hammings`
        queries = np.ascontiguousarray(codes)
        batches = [(np.zeros(0, np.int64),) * 3]
        for first in range(0, len(self._words) if len(queries) else 0, MULTI_SCAN_BATCH_SIZE):
            batch = np.ascontiguousarray(self._words[first : first + MULTI_SCAN_BATCH_SIZE])
            distance_table = np.empty((len(queries), len(batch)), np.int32)
            sizes = len(queries), len(batch), queries.shape[1]
            faiss_functions.hammings(
                faiss.swig_ptr(queries), faiss.swig_ptr(batch.view(np.uint8)), *sizes, faiss.swig_ptr(distance_table)
            )
            query_rows, rows = np.nonzero(distance_table <= radius)
            batches.append((query_rows, rows + first, distance_table[query_rows, rows].astype(np.int64)))
        query_rows, rows, distances = (np.concatenate(column) for column in zip(*batches, strict=True))
        return query_rows, rows, distances

    def _probe_bands(self, values: NDArray[np.uint16]) -> NDArray[np.uint32]:
        """The rows that differ from the code by at most one bit in some band; some rows appear more than once."""
        assert self._bands is not None
        starts, rows = self._bands
        probes = (values[:, None] ^ _BIT_FLIPS).astype(np.int64)
        probes += _BAND_STARTS
        table_rows = probes.reshape(-1)
        begins = starts.take(table_rows)
        counts = starts.take(table_rows + 1) - begins
        ends = np.cumsum(counts)
        begins += _PROBE_BANDS * rows.shape[1] - ends + counts
        offsets = np.repeat(begins, counts)
        offsets += np.arange(len(offsets))
        candidate_rows: NDArray[np.uint32] = rows.reshape(-1).take(offsets)
        return candidate_rows

    def _scan(self, words: NDArray[np.uint64], radius: int) -> tuple[Rows, Distances]:
        row_batches, distance_batches = [], []
        for first in range(0, len(self._words), SCAN_BATCH_SIZE):
            distances = _hamming_distances(self._words[first : first + SCAN_BATCH_SIZE], words)
            near_rows = np.flatnonzero(distances <= radius)
            row_batches.append(near_rows + first)
            distance_batches.append(distances[near_rows])
        if not row_batches:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(row_batches), np.concatenate(distance_batches).astype(np.int64)


def _hamming_distances(codes: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The number of bits that differ; the four counts of a row, a byte each, are added within one 32-bit number."""
    counts: NDArray[np.uint32] = np.bitwise_count(codes ^ words).view(np.uint32).reshape(-1)
    halves = (counts & np.uint32(0x00FF00FF)) + (counts >> np.uint32(8) & np.uint32(0x00FF00FF))
    distances: NDArray[np.uint32] = (halves & np.uint32(0xFFFF)) + (halves >> np.uint32(16))
    return distances
