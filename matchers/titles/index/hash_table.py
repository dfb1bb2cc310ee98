"""A hash table of sorted numpy arrays: mapped from disk, queried with many keys at once.

A bit filter that stays in the processor's cache rejects most absent keys; the rest are looked up in their bucket.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.titles.rolling_hash import Hashes

Entries = npt.NDArray[np.uint32]
_ARRAY_NAMES = ("keys", "firsts", "entries", "buckets", "bits")
FILTER_BITS_PER_KEY = 8  # bits of the filter for each key: about one in ten absent keys passes


class HashTable:
    """A read-only table of (key, entry) pairs; a key may have several entries."""

    def __init__(self, parts: dict[str, npt.NDArray[Any]]) -> None:
        self._keys = parts["keys"]
        self._firsts = parts["firsts"]
        self._entries = parts["entries"]
        self._buckets = parts["buckets"]
        self._bits = parts["bits"]
        self._bucket_shift = np.uint64(64 - (len(self._buckets) - 2).bit_length())
        self._bit_mask = np.uint64(len(self._bits) * 8 - 1)
        self._max_bucket_size = int(np.max(np.diff(self._buckets.astype(np.int64)), initial=0))

    @classmethod
    def from_pairs(cls, keys: Hashes, entries: Entries) -> HashTable:
        """A table of these pairs."""
        order = np.argsort(keys, kind="stable")
        keys, entries = keys[order], entries[order]
        is_first = np.ones(len(keys), dtype=bool)
        is_first[1:] = keys[1:] != keys[:-1]
        firsts = np.append(np.flatnonzero(is_first), len(keys)).astype(np.uint32)
        distinct = keys[is_first]
        width = max(4, len(distinct).bit_length())
        edges = np.arange(1 << width, dtype=np.uint64) << np.uint64(64 - width)
        buckets = np.append(np.searchsorted(distinct, edges), len(distinct)).astype(np.uint32)
        size = 1 << max(10, (len(distinct) * FILTER_BITS_PER_KEY).bit_length())
        positions = distinct & np.uint64(size - 1)
        bits = np.zeros(size // 8, dtype=np.uint8)
        np.bitwise_or.at(bits, (positions >> np.uint64(3)).astype(np.int64), _bit(positions))
        return cls({"keys": distinct, "firsts": firsts, "entries": entries, "buckets": buckets, "bits": bits})

    def merge(self, other: HashTable, offset: int) -> HashTable:
        """One table with the pairs of both; `offset` is added to the entries of `other`."""
        keys, entries = self._all_pairs()
        other_keys, other_entries = other._all_pairs()
        return HashTable.from_pairs(
            np.concatenate([keys, other_keys]), np.concatenate([entries, other_entries + np.uint32(offset)])
        )

    def _all_pairs(self) -> tuple[Hashes, Entries]:
        return np.repeat(self._keys, self._firsts[1:].astype(np.int64) - self._firsts[:-1]), np.asarray(self._entries)

    def find(self, keys: Hashes) -> tuple[npt.NDArray[np.int64], Entries]:
        """For every entry found: the position of its key in `keys`, and the entry."""
        positions = keys & self._bit_mask
        possible_rows = np.flatnonzero(self._bits.take((positions >> np.uint64(3)).astype(np.int64)) & _bit(positions))
        rows, slots = self._find_slots(keys.take(possible_rows))
        begins, ends = self._firsts.take(slots).astype(np.int64), self._firsts.take(slots + 1).astype(np.int64)
        counts = ends - begins
        key_rows = np.repeat(possible_rows.take(rows), counts)
        steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return key_rows, self._entries.take(np.repeat(begins, counts) + steps)

    def count_entries(self, keys: Hashes) -> npt.NDArray[np.int64]:
        """The number of entries of each key."""
        rows, slots = self._find_slots(keys)
        counts = np.zeros(len(keys), dtype=np.int64)
        counts[rows] = self._firsts[slots + 1].astype(np.int64) - self._firsts[slots]
        return counts

    def save(self, folder: Path, name: str) -> None:
        """Writes the arrays as files of the folder."""
        for part in _ARRAY_NAMES:
            np.save(folder / f"{name}.{part}.npy", getattr(self, f"_{part}"))

    @classmethod
    def open(cls, folder: Path, name: str) -> HashTable:
        """Maps what `save` wrote; the bit filter is read into memory."""
        parts = {part: np.asarray(np.load(folder / f"{name}.{part}.npy", mmap_mode="r")) for part in _ARRAY_NAMES}
        parts["bits"] = np.array(parts["bits"])
        return cls(parts)

    def _find_slots(self, keys: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(row of `keys`, its index among the table's keys) for the keys that are in the table."""
        bucket = (keys >> self._bucket_shift).astype(np.int64)
        position, end = self._buckets.take(bucket).astype(np.int64), self._buckets.take(bucket + 1).astype(np.int64)
        rows = np.arange(len(keys))
        found_rows, found_slots = [], []
        for _ in range(self._max_bucket_size):
            alive = np.flatnonzero(position < end)
            if not len(alive):
                break
            rows, position, end, keys = rows.take(alive), position.take(alive), end.take(alive), keys.take(alive)
            matching = np.flatnonzero(self._keys.take(position) == keys)
            found_rows.append(rows.take(matching))
            found_slots.append(position.take(matching))
            position = position + 1
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *found_rows]), np.concatenate([empty, *found_slots])


def _bit(positions: Hashes) -> npt.NDArray[np.uint8]:
    bit: npt.NDArray[np.uint8] = np.uint8(1) << (positions & np.uint64(7)).astype(np.uint8)
    return bit
