"""A part of the index that never changes: some registered pictures with their hashes and key points, mapped from disk.

The index grows by further parts; small ones are joined from time to time (matchers/looks/index.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.looks.inverted import Inverted
from matchers.looks.keypoints import CODE_BYTES, KINDS, Codes, Kind
from matchers.looks.nearest import Codes as HashCodes
from matchers.looks.nearest import Distances, Rows

DESCRIPTION = "pictures.json"  # written last: a folder without it is half written


@frozen(eq=False)
class Points:
    """Key points of many pictures: which picture (row) each belongs to, its place, packed as in a sketch, its code."""

    owners: NDArray[np.int32]
    places: NDArray[np.uint16]
    codes: Codes


@frozen(eq=False)
class Contents:
    """What a part holds, in the order of its rows. `phash` as numbers, `pdq` as bytes [n, 32]."""

    digests: Sequence[str]
    phash: NDArray[np.uint64]
    pdq: NDArray[np.uint8]
    points: Mapping[Kind, Points]


class Segment:
    """An opened part."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, ValueError or KeyError for what `write` did not write."""
        self.folder = folder
        self.digests: list[str] = json.loads((folder / DESCRIPTION).read_text(encoding="ascii"))
        self._phash = np.load(folder / "phash.npy")
        self._pdq = HashCodes.open(folder / "pdq")
        self._inverted = {kind: Inverted(folder / kind) for kind in KINDS}
        self._owners = {kind: np.load(folder / f"{kind}-owners.npy", mmap_mode="r") for kind in KINDS}
        self._places = {kind: np.load(folder / f"{kind}-places.npy", mmap_mode="r") for kind in KINDS}

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def points(self) -> int:
        """How many key points it holds."""
        return sum(map(len, self._owners.values()))

    @staticmethod
    def write(folder: Path, contents: Contents) -> None:
        """Keep a part in a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "phash.npy", contents.phash)
        HashCodes.write(folder / "pdq", contents.pdq)
        for kind, points in contents.points.items():
            Inverted.write(folder / kind, points.codes)
            np.save(folder / f"{kind}-owners.npy", points.owners)
            np.save(folder / f"{kind}-places.npy", points.places)
        (folder / DESCRIPTION).write_text(json.dumps(list(contents.digests)), encoding="ascii")

    def contents(self) -> Contents:
        """All of it, to be joined with other parts."""
        points = {
            kind: Points(np.array(self._owners[kind]), np.array(self._places[kind]), self._inverted[kind].codes())
            for kind in KINDS
        }
        return Contents(self.digests, self._phash, np.load(self.folder / "pdq" / "codes.npy"), points)

    def by_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Rows whose PDQ hash lies within a radius, and how far."""
        return self._pdq.within(code, radius)

    def by_all_pdq(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """The same for many hashes: which of them, the row, how far."""
        return self._pdq.within_of_all(codes, radius)

    def by_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Rows whose phash lies within a radius, and how far."""
        distances = np.bitwise_count(self._phash ^ np.uint64(value))
        rows = np.flatnonzero(distances <= radius)
        return rows.astype(np.int64), distances[rows].astype(np.int64)

    def by_points(
        self, codes: Codes, kind: Kind, most: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint16]]:
        """For each code the distances, pictures (-1 where there are fewer) and packed places of its nearest points."""
        distances, rows = self._inverted[kind].near(codes, most)
        if not len(self._owners[kind]):
            return distances, rows, np.zeros((*rows.shape, 4), np.uint16)
        known = np.maximum(rows, 0)
        pictures = np.where(rows < 0, -1, self._owners[kind][known].astype(np.int64))
        return distances, pictures, self._places[kind][known]


def joined(parts: Sequence[Contents]) -> Contents:
    """Several parts as one, rows in the same order."""
    firsts = np.cumsum([0, *(len(part.digests) for part in parts)])
    points = {}
    for kind in KINDS:
        each = [part.points[kind] for part in parts]
        owners = [found.owners + np.int32(first) for found, first in zip(each, firsts, strict=False)]
        points[kind] = Points(
            np.concatenate([*owners, np.zeros(0, np.int32)]).astype(np.int32),
            np.concatenate([*(found.places for found in each), np.zeros((0, 4), np.uint16)]),
            np.concatenate([*(found.codes for found in each), np.zeros((0, CODE_BYTES), np.uint8)]),
        )
    return Contents(
        [digest for part in parts for digest in part.digests],
        np.concatenate([part.phash for part in parts]),
        np.concatenate([part.pdq for part in parts]),
        points,
    )
