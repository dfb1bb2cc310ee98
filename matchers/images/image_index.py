"""The index of registered pictures: immutable segments on disk, opened without reading, extended without a rebuild.

New pictures make a segment of their own; a segment that is not much smaller than the one before is merged with it, so
there are never many segments and each picture is rewritten a few times at most. The list of segments is replaced
atomically: a process that has the old one open keeps using it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.descriptors import unpack_places
from matchers.images.hamming import Distances, Rows
from matchers.images.hamming import HammingIndex as HashCodes
from matchers.images.ivf import InvertedFile
from matchers.images.keypoints import CODE_BYTES, KEYPOINT_KINDS, BinaryCodes, KeypointKind, Keypoints
from matchers.images.voting import (
    MAX_DESCRIPTOR_DISTANCE_BITS,
    NEIGHBOURS_PER_KEYPOINT,
    KeypointPairs,
    drop_duplicate_votes,
)

SEGMENTS_FILE = "parts.json"
OPEN_ATTEMPTS = 3
MAX_MERGE_RATIO = 2  # a segment is merged with the one before if that has at most this many times its pictures

_UNREADABLE_ERRORS = (OSError, ValueError, KeyError)


class ImageIndex:
    """All segments as one index; pictures are numbered across segments, `digests` holds their SHA-256 by number."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`. If it cannot be read it is empty: registering finds all missing and adds them."""
        self.folder = folder
        for _ in range(OPEN_ATTEMPTS):  # segments may be replaced between reading their list and opening them
            try:
                names = json.loads((folder / SEGMENTS_FILE).read_text(encoding="ascii"))
                self._set_segments([Segment(folder / name) for name in names])
                return
            except _UNREADABLE_ERRORS:
                self._set_segments([])

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def keypoint_count(self) -> int:
        """The number of keypoints in the index."""
        return sum(segment.keypoint_count for segment in self._segments)

    def extend(self, contents: SegmentContents) -> None:
        """Append pictures."""
        self.folder.mkdir(parents=True, exist_ok=True)
        segments = list(self._segments)
        merged = contents
        while segments and len(segments[-1]) <= MAX_MERGE_RATIO * len(merged.digests):
            merged = merge_contents([segments.pop().read_contents(), merged])
        segment_folder = Path(tempfile.mkdtemp(prefix="part-", dir=self.folder))
        Segment.write(segment_folder, merged)
        self._replace_segments([*segments, Segment(segment_folder)])

    def search_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within `radius` bits of a PDQ hash, and their distances."""
        results = [segment.search_pdq(code, radius) for segment in self._segments]
        return self._to_picture_numbers(results)

    def search_pdq_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """For PDQ hashes [n, 32]: row of the hash, number of a picture within `radius` bits of it, their distance."""
        results = [segment.search_pdq_all(codes, radius) for segment in self._segments]
        empty = np.zeros(0, np.int64)
        numbers, picture_distances = self._to_picture_numbers([(rows, distances) for _, rows, distances in results])
        return np.concatenate([empty, *(which for which, _, _ in results)]), numbers, picture_distances

    def search_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within `radius` bits of a phash, and their distances."""
        return self._to_picture_numbers([segment.search_phash(value, radius) for segment in self._segments])

    def search_keypoints(self, keypoints: Keypoints, kind: KeypointKind) -> KeypointPairs:
        """Pairs of near keypoints, at most one for each query keypoint and registered picture."""
        empty = np.zeros((len(keypoints), 0))
        distances, pictures = [empty.astype(np.int32)], [empty.astype(np.int64)]
        places = [np.zeros((len(keypoints), 0, 4), np.uint16)]
        for segment, first in zip(self._segments, self._first_numbers, strict=True):
            bits, rows, segment_places = segment.search_keypoints(keypoints.codes, kind, NEIGHBOURS_PER_KEYPOINT)
            distances.append(bits)
            pictures.append(np.where(rows < 0, -1, rows + first))
            places.append(segment_places)
        owners, bits = np.concatenate(pictures, 1), np.concatenate(distances, 1)
        weights = np.where(owners < 0, 0, np.maximum(0, MAX_DESCRIPTOR_DISTANCE_BITS - bits)).astype(np.float32)
        query_rows, column = np.nonzero(weights)
        chosen = drop_duplicate_votes(query_rows, owners[query_rows, column], weights[query_rows, column])
        query_rows, column = query_rows[chosen], column[chosen]
        reference_places = unpack_places(np.concatenate(places, 1)[query_rows, column])
        return KeypointPairs(
            keypoints.places[query_rows], reference_places, owners[query_rows, column], weights[query_rows, column]
        )

    def _to_picture_numbers(self, results: Sequence[tuple[Rows, Distances]]) -> tuple[Rows, Distances]:
        empty = np.zeros(0, np.int64)
        rows = [rows + first for (rows, _), first in zip(results, self._first_numbers, strict=True)]
        return np.concatenate([empty, *rows]), np.concatenate([empty, *(distances for _, distances in results)])

    def _set_segments(self, segments: list[Segment]) -> None:
        self._segments = segments
        self._first_numbers = np.cumsum([0, *map(len, segments)])[:-1]
        self.digests = [digest for segment in segments for digest in segment.digests]

    def _replace_segments(self, segments: list[Segment]) -> None:
        """Write the list of segments, then delete the folders it no longer names."""
        names = [segment.folder.name for segment in segments]
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(names, file)
        Path(name).replace(self.folder / SEGMENTS_FILE)
        self._set_segments(segments)
        for segment_folder in self.folder.glob("part-*"):
            if segment_folder.name not in names:
                shutil.rmtree(segment_folder, ignore_errors=True)


DIGESTS_FILE = "pictures.json"  # written last: a folder without it is incomplete


@frozen(eq=False)
class KeypointTable:
    """Keypoints of many pictures: the picture (row) each belongs to, its place (see `pack_places`) and its code."""

    owners: NDArray[np.int32]
    places: NDArray[np.uint16]
    codes: BinaryCodes


@frozen(eq=False)
class SegmentContents:
    """What a segment holds, in the order of its rows. `phash` as numbers, `pdq` as bytes [n, 32]."""

    digests: Sequence[str]
    phash: NDArray[np.uint64]
    pdq: NDArray[np.uint8]
    keypoint_tables: Mapping[KeypointKind, KeypointTable]


class Segment:
    """An opened segment."""

    def __init__(self, folder: Path) -> None:
        """Open what `write` wrote. Raises OSError, ValueError or KeyError for anything else."""
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
        """The number of keypoints in the segment."""
        return sum(map(len, self._owners.values()))

    @staticmethod
    def write(folder: Path, contents: SegmentContents) -> None:
        """Write a segment into a folder of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "phash.npy", contents.phash)
        HashCodes.write(folder / "pdq", contents.pdq)
        for kind, table in contents.keypoint_tables.items():
            InvertedFile.write(folder / kind, table.codes)
            np.save(folder / f"{kind}-owners.npy", table.owners)
            np.save(folder / f"{kind}-places.npy", table.places)
        (folder / DIGESTS_FILE).write_text(json.dumps(list(contents.digests)), encoding="ascii")

    def read_contents(self) -> SegmentContents:
        """The contents of the segment, for merging it with others."""
        tables = {
            kind: KeypointTable(
                np.array(self._owners[kind]), np.array(self._places[kind]), self._inverted_files[kind].read_codes()
            )
            for kind in KEYPOINT_KINDS
        }
        return SegmentContents(self.digests, self._phash, np.load(self.folder / "pdq" / "codes.npy"), tables)

    def search_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Rows whose PDQ hash lies within `radius` bits, and their distances."""
        return self._pdq.search(code, radius)

    def search_pdq_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """The same for many hashes: row of the hash in `codes`, row in the segment, distance."""
        return self._pdq.search_all(codes, radius)

    def search_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Rows whose phash lies within `radius` bits, and their distances."""
        distances = np.bitwise_count(self._phash ^ np.uint64(value))
        rows = np.flatnonzero(distances <= radius)
        return rows.astype(np.int64), distances[rows].astype(np.int64)

    def search_keypoints(
        self, codes: BinaryCodes, kind: KeypointKind, limit: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint16]]:
        """For each code its nearest keypoints: distances, pictures (-1 where there are fewer) and packed places."""
        distances, rows = self._inverted_files[kind].search(codes, limit)
        if not len(self._owners[kind]):
            return distances, rows, np.zeros((*rows.shape, 4), np.uint16)
        valid_rows = np.maximum(rows, 0)
        pictures = np.where(rows < 0, -1, self._owners[kind][valid_rows].astype(np.int64))
        return distances, pictures, self._places[kind][valid_rows]


def merge_contents(segments: Sequence[SegmentContents]) -> SegmentContents:
    """The contents of several segments as one, rows in the same order."""
    first_rows = np.cumsum([0, *(len(segment.digests) for segment in segments)])
    merged_tables = {}
    for kind in KEYPOINT_KINDS:
        tables = [segment.keypoint_tables[kind] for segment in segments]
        owners = [table.owners + np.int32(first) for table, first in zip(tables, first_rows, strict=False)]
        merged_tables[kind] = KeypointTable(
            np.concatenate([*owners, np.zeros(0, np.int32)]).astype(np.int32),
            np.concatenate([*(table.places for table in tables), np.zeros((0, 4), np.uint16)]),
            np.concatenate([*(table.codes for table in tables), np.zeros((0, CODE_BYTES), np.uint8)]),
        )
    return SegmentContents(
        [digest for segment in segments for digest in segment.digests],
        np.concatenate([segment.phash for segment in segments]),
        np.concatenate([segment.pdq for segment in segments]),
        merged_tables,
    )
