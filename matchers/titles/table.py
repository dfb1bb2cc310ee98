"""From a hash to what was put in under it: sorted arrays that can be mapped from disk, asked for many keys at once.

A bit filter that stays in the processor's cache answers most questions with no; the rest looks up the key's bucket.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matchers.titles.windows import Hashes

Entries = npt.NDArray[np.uint32]
_PARTS = ("keys", "firsts", "entries", "buckets", "bits")
_FILTER_BITS = 8  # of the filter, for each key: about one in ten absent keys passes


class HashTable:
    """Built at once from (key, entry) pairs; several entries may have one key."""

    def __init__(self, parts: dict[str, npt.NDArray[Any]]) -> None:
        self._keys = parts["keys"]
        self._firsts = parts["firsts"]
        self._entries = parts["entries"]
        self._buckets = parts["buckets"]
        self._bits = parts["bits"]
        self._bucket_shift = np.uint64(64 - (len(self._buckets) - 2).bit_length())
        self._bit_mask = np.uint64(len(self._bits) * 8 - 1)
        self._deepest = int(np.max(np.diff(self._buckets.astype(np.int64)), initial=0))

    @classmethod
    def of(cls, keys: Hashes, entries: Entries) -> HashTable:
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
        size = 1 << max(10, (len(distinct) * _FILTER_BITS).bit_length())
        places = distinct & np.uint64(size - 1)
        bits = np.zeros(size // 8, dtype=np.uint8)
        np.bitwise_or.at(bits, (places >> np.uint64(3)).astype(np.int64), _bit(places))
        return cls({"keys": distinct, "firsts": firsts, "entries": entries, "buckets": buckets, "bits": bits})

    def with_entries_of(self, other: HashTable, offset: int) -> HashTable:
        """Both tables in one; `offset` is added to the other's entries."""
        keys, entries = self._pairs()
        more_keys, more = other._pairs()
        return HashTable.of(np.concatenate([keys, more_keys]), np.concatenate([entries, more + np.uint32(offset)]))

    def _pairs(self) -> tuple[Hashes, Entries]:
        return np.repeat(self._keys, self._firsts[1:].astype(np.int64) - self._firsts[:-1]), np.asarray(self._entries)

    def find(self, keys: Hashes) -> tuple[npt.NDArray[np.int64], Entries]:
        """For every entry found: the position of its key in `keys`, and the entry."""
        places = keys & self._bit_mask
        maybe = np.flatnonzero(self._bits.take((places >> np.uint64(3)).astype(np.int64)) & _bit(places))
        rows, slots = self._slots(keys.take(maybe))
        begins, ends = self._firsts.take(slots).astype(np.int64), self._firsts.take(slots + 1).astype(np.int64)
        counts = ends - begins
        asked = np.repeat(maybe.take(rows), counts)
        steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return asked, self._entries.take(np.repeat(begins, counts) + steps)

    def counts(self, keys: Hashes) -> npt.NDArray[np.int64]:
        """How many entries each key has."""
        rows, slots = self._slots(keys)
        counts = np.zeros(len(keys), dtype=np.int64)
        counts[rows] = self._firsts[slots + 1].astype(np.int64) - self._firsts[slots]
        return counts

    def save(self, folder: Path, name: str) -> None:
        """Writes the arrays as files of the folder."""
        for part in _PARTS:
            np.save(folder / f"{name}.{part}.npy", getattr(self, f"_{part}"))

    @classmethod
    def open(cls, folder: Path, name: str) -> HashTable:
        """Maps what `save` wrote; the bit filter is read into memory."""
        parts = {part: np.asarray(np.load(folder / f"{name}.{part}.npy", mmap_mode="r")) for part in _PARTS}
        parts["bits"] = np.array(parts["bits"])
        return cls(parts)

    def _slots(self, keys: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(row of `keys`, its place among the table's keys) for the keys that are there."""
        bucket = (keys >> self._bucket_shift).astype(np.int64)
        place, end = self._buckets.take(bucket).astype(np.int64), self._buckets.take(bucket + 1).astype(np.int64)
        rows = np.arange(len(keys))
        found_rows, found_slots = [], []
        for _ in range(self._deepest):
            alive = np.flatnonzero(place < end)
            if not len(alive):
                break
            rows, place, end, keys = rows.take(alive), place.take(alive), end.take(alive), keys.take(alive)
            hit = np.flatnonzero(self._keys.take(place) == keys)
            found_rows.append(rows.take(hit))
            found_slots.append(place.take(hit))
            place = place + 1
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *found_rows]), np.concatenate([empty, *found_slots])


def _bit(places: Hashes) -> npt.NDArray[np.uint8]:
    bit: npt.NDArray[np.uint8] = np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
    return bit
