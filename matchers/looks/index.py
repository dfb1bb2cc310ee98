"""The registered pictures as one index over parts on disk: opened without reading, extended without building it anew.

New pictures make a part of their own; a part that is not much smaller than the one before is joined with it, so there
are never many and each picture is rewritten a few times at most. The list of parts is replaced in one step: whoever has
the old one open goes on with it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matchers.looks.candidates import (
    MAX_DESCRIPTOR_DISTANCE_BITS,
    NEIGHBOURS_PER_KEYPOINT,
    KeypointPairs,
    drop_duplicate_votes,
)
from matchers.looks.keypoints import KeypointKind, Keypoints
from matchers.looks.nearest import Distances, Rows
from matchers.looks.segment import Segment, SegmentContents, merge_contents
from matchers.looks.sketch import unpack_places

SEGMENTS_FILE = "parts.json"
OPEN_ATTEMPTS = 3
MAX_MERGE_RATIO = 2  # a part is joined with the one before when that has at most so many times its pictures

_UNREADABLE_ERRORS = (OSError, ValueError, KeyError)


class ImageIndex:
    """Pictures are numbered through all parts; `digests` tells which they are."""

    def __init__(self, folder: Path) -> None:
        """Opens what is there. What cannot be read is left out: registering finds it missing and adds it again."""
        self.folder = folder
        for _ in range(OPEN_ATTEMPTS):  # parts may be replaced between reading their list and opening them
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
        """How many key points it holds."""
        return sum(segment.keypoint_count for segment in self._segments)

    def extend(self, contents: SegmentContents) -> None:
        """Add pictures behind those that are there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        segments = list(self._segments)
        merged = contents
        while segments and len(segments[-1]) <= MAX_MERGE_RATIO * len(merged.digests):
            merged = merge_contents([segments.pop().read_contents(), merged])
        segment_folder = Path(tempfile.mkdtemp(prefix="part-", dir=self.folder))
        Segment.write(segment_folder, merged)
        self._replace_segments([*segments, Segment(segment_folder)])

    def search_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within a radius of a PDQ hash, and how far they are."""
        results = [segment.search_pdq(code, radius) for segment in self._segments]
        return self._to_picture_numbers(results)

    def search_pdq_all(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """For many PDQ hashes [n, 32]: which of them, the number of a picture within the radius, and how far it is."""
        results = [segment.search_pdq_all(codes, radius) for segment in self._segments]
        empty = np.zeros(0, np.int64)
        numbers, picture_distances = self._to_picture_numbers([(rows, distances) for _, rows, distances in results])
        return np.concatenate([empty, *(which for which, _, _ in results)]), numbers, picture_distances

    def search_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within a radius of a phash, and how far they are."""
        return self._to_picture_numbers([segment.search_phash(value, radius) for segment in self._segments])

    def search_keypoints(self, keypoints: Keypoints, kind: KeypointKind) -> KeypointPairs:
        """Pairs of key points that are near, one for each key point of theirs and picture of ours."""
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
        """Write the list of parts, then drop the folders that are in no list any more."""
        names = [segment.folder.name for segment in segments]
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(names, file)
        Path(name).replace(self.folder / SEGMENTS_FILE)
        self._set_segments(segments)
        for segment_folder in self.folder.glob("part-*"):
            if segment_folder.name not in names:
                shutil.rmtree(segment_folder, ignore_errors=True)
