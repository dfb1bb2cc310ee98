"""Search over the 64-bit phashes of whole pictures: for pictures that no image matcher has compared with the registry.

Nothing is aligned here, so only very near hashes count, and only among those of the same hasher version and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crawler.items import Picture, PictureHash
from crawler.pictures.hashing import PHASH

PHASH_RADIUS_BITS = 8  # of 64: no wrong pair in 1.54 million unrelated ones

_HasherVersion = tuple[str, str]


class PhashIndex:
    """The phashes of registered pictures, each under the number given with it."""

    def __init__(self, pictures: Sequence[tuple[int, Picture]]) -> None:
        rows: dict[_HasherVersion, list[tuple[int, int]]] = {}
        for number, picture in pictures:
            for picture_hash in filter(_is_phash, picture.hashes):
                rows.setdefault((picture_hash.version, picture_hash.settings), []).append(
                    (int(picture_hash.value, 16), number)
                )
        self._tables = {hasher_version: _to_columns(entries) for hasher_version, entries in rows.items()}

    def search(self, picture: Picture) -> Iterator[tuple[int, int]]:
        """The registered pictures near `picture`: (number, distance in bits)."""
        for picture_hash in filter(_is_phash, picture.hashes):
            table = self._tables.get((picture_hash.version, picture_hash.settings))
            if table is None:
                continue
            values, numbers = table
            distances = np.bitwise_count(values ^ np.uint64(int(picture_hash.value, 16)))
            for row in np.flatnonzero(distances <= PHASH_RADIUS_BITS):
                yield int(numbers[row]), int(distances[row])


def _is_phash(picture_hash: PictureHash) -> bool:
    return picture_hash.hasher == PHASH


def _to_columns(rows: Sequence[tuple[int, int]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    return np.array([row[0] for row in rows], np.uint64), np.array([row[1] for row in rows], np.int64)
