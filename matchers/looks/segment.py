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

from matchers.looks.inverted import InvertedFile
from matchers.looks.keypoints import CODE_BYTES, KEYPOINT_KINDS, BinaryCodes, KeypointKind
from matchers.looks.nearest import Distances, Rows
from matchers.looks.nearest import HammingIndex as HashCodes

DIGESTS_FILE = "pictures.json"  # written last: a folder without it is half written


@frozen(eq=False)
class KeypointTable:
    """Key points of many pictures: which picture (row) each belongs to, its place, packed as in a sketch, its code."""

    owners: NDArray[np.int32]
    places: NDArray[np.uint16]
    codes: BinaryCodes


@frozen(eq=False)
class SegmentContents:
    """What a part holds, in the order of its rows. `phash` as numbers, `pdq` as bytes [n, 32]."""

    digests: Sequence[str]
    phash: NDArray[np.uint64]
    pdq: NDArray[np.uint8]
    keypoint_tables: Mapping[KeypointKind, KeypointTable]


class Segment:
    """An opened part."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, ValueError or KeyError for what `write` did not write."""
        self.folder = folder
        self.digests: list[str] = json.loads((folder / DIGESTS_FILE).read_text(encoding="ascii"))
        self._phash = np.load(folder / "phash.npy")
        self._pdq = HashCodes.open(folder / "pdq")
        self._inverted_files = {kind: InvertedFile(folder / kind) for kind in KEYPOINT_KINDS}
        self._owners = {kind: np.load(folder / f"{kind}-owners.npy", mmap_mode="r") for kind in KEYPOINT_KINDS}
        self._places = {kind: np.load(folder / f"{kind}-places.npy", mmap_mode="r") for kind in KEYPOINT_KINDS}

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def keypoint_count(self) -> int:
        """How many key points it holds."""
        return sum(map(len, self._owners.values()))

    @staticmethod
    def write(folder: Path, contents: SegmentContents) -> None:
        """Keep a part in a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "phash.npy", contents.phash)
        HashCodes.write(folder / "pdq", contents.pdq)
        for kind, table in contents.keypoint_tables.items():
            InvertedFile.write(folder / kind, table.codes)
            np.save(folder / f"{kind}-owners.npy", table.owners)
            np.save(folder / f"{kind}-places.npy", table.places)
        (folder / DIGESTS_FILE).write_text(json.dumps(list(contents.digests)), encoding="ascii")

    def read_contents(self) -> SegmentContents:
        """All of it, to be joined with other parts."""
        tables = {
            kind: KeypointTable(
                np.array(self._owners[kind]), np.array(self._places[kind]), self._inverted_files[kind].read_codes()
            )
            for kind in KEYPOINT_KINDS
        }
        return SegmentContents(self.digests, self._phash, np.load(self.folder / "pdq" / "codes.npy"), tables)

    def search_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Rows whose PDQ hash lies within a radius, and how far."""
        return self._pdq.search(code, radius)

    def search_pdq_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """The same for many hashes: which of them, the row, how far."""
        return self._pdq.search_all(codes, radius)

    def search_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Rows whose phash lies within a radius, and how far."""
        distances = np.bitwise_count(self._phash ^ np.uint64(value))
        rows = np.flatnonzero(distances <= radius)
        return rows.astype(np.int64), distances[rows].astype(np.int64)

    def search_keypoints(
        self, codes: BinaryCodes, kind: KeypointKind, limit: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint16]]:
        """For each code the distances, pictures (-1 where there are fewer) and packed places of its nearest points."""
        distances, rows = self._inverted_files[kind].search(codes, limit)
        if not len(self._owners[kind]):
            return distances, rows, np.zeros((*rows.shape, 4), np.uint16)
        valid_rows = np.maximum(rows, 0)
        pictures = np.where(rows < 0, -1, self._owners[kind][valid_rows].astype(np.int64))
        return distances, pictures, self._places[kind][valid_rows]


def merge_contents(parts: Sequence[SegmentContents]) -> SegmentContents:
    """Several parts as one, rows in the same order."""
    first_rows = np.cumsum([0, *(len(part.digests) for part in parts)])
    merged_tables = {}
    for kind in KEYPOINT_KINDS:
        tables = [part.keypoint_tables[kind] for part in parts]
        owners = [table.owners + np.int32(first) for table, first in zip(tables, first_rows, strict=False)]
        merged_tables[kind] = KeypointTable(
            np.concatenate([*owners, np.zeros(0, np.int32)]).astype(np.int32),
            np.concatenate([*(table.places for table in tables), np.zeros((0, 4), np.uint16)]),
            np.concatenate([*(table.codes for table in tables), np.zeros((0, CODE_BYTES), np.uint8)]),
        )
    return SegmentContents(
        [digest for part in parts for digest in part.digests],
        np.concatenate([part.phash for part in parts]),
        np.concatenate([part.pdq for part in parts]),
        merged_tables,
    )
