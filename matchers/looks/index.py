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

from matchers.looks.candidates import NEAR, NEIGHBOURS, Pairs, one_vote_each
from matchers.looks.keypoints import Keypoints, Kind
from matchers.looks.nearest import Distances, Rows
from matchers.looks.segment import Contents, Segment, joined
from matchers.looks.sketch import unpacked

PARTS = "parts.json"
ATTEMPTS = 3
JOINED = 2  # a part is joined with the one before when that has at most so many times its pictures

_BROKEN = (OSError, ValueError, KeyError)


class Index:
    """Pictures are numbered through all parts; `digests` tells which they are."""

    def __init__(self, folder: Path) -> None:
        """Opens what is there. What cannot be read is left out: registering finds it missing and adds it again."""
        self.folder = folder
        for _ in range(ATTEMPTS):  # parts may be replaced between reading their list and opening them
            try:
                names = json.loads((folder / PARTS).read_text(encoding="ascii"))
                self._take([Segment(folder / name) for name in names])
                return
            except _BROKEN:
                self._take([])

    def __len__(self) -> int:
        return len(self.digests)

    @property
    def points(self) -> int:
        """How many key points it holds."""
        return sum(part.points for part in self._parts)

    def extend(self, contents: Contents) -> None:
        """Add pictures behind those that are there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = list(self._parts)
        fresh = contents
        while kept and len(kept[-1]) <= JOINED * len(fresh.digests):
            fresh = joined([kept.pop().contents(), fresh])
        place = Path(tempfile.mkdtemp(prefix="part-", dir=self.folder))
        Segment.write(place, fresh)
        self._replace([*kept, Segment(place)])

    def by_pdq(self, code: NDArray[np.uint8], radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within a radius of a PDQ hash, and how far they are."""
        found = [part.by_pdq(code, radius) for part in self._parts]
        return self._numbered(found)

    def by_all_pdq(self, codes: NDArray[np.uint8], radius: int) -> tuple[Rows, Rows, Distances]:
        """For many PDQ hashes [n, 32]: which of them, the number of a picture within the radius, and how far it is."""
        found = [part.by_all_pdq(codes, radius) for part in self._parts]
        none = np.zeros(0, np.int64)
        numbers, far = self._numbered([(rows, distances) for _, rows, distances in found])
        return np.concatenate([none, *(which for which, _, _ in found)]), numbers, far

    def by_phash(self, value: int, radius: int) -> tuple[Rows, Distances]:
        """Numbers of the pictures within a radius of a phash, and how far they are."""
        return self._numbered([part.by_phash(value, radius) for part in self._parts])

    def by_points(self, points: Keypoints, kind: Kind) -> Pairs:
        """Pairs of key points that are near, one for each key point of theirs and picture of ours."""
        none = np.zeros((len(points), 0))
        distances, pictures = [none.astype(np.int32)], [none.astype(np.int64)]
        places = [np.zeros((len(points), 0, 4), np.uint16)]
        for part, first in zip(self._parts, self._firsts, strict=True):
            far, rows, where = part.by_points(points.codes, kind, NEIGHBOURS)
            distances.append(far)
            pictures.append(np.where(rows < 0, -1, rows + first))
            places.append(where)
        owners, far = np.concatenate(pictures, 1), np.concatenate(distances, 1)
        weights = np.where(owners < 0, 0, np.maximum(0, NEAR - far)).astype(np.float32)
        asked, column = np.nonzero(weights)
        chosen = one_vote_each(asked, owners[asked, column], weights[asked, column])
        asked, column = asked[chosen], column[chosen]
        ours = unpacked(np.concatenate(places, 1)[asked, column])
        return Pairs(points.places[asked], ours, owners[asked, column], weights[asked, column])

    def _numbered(self, found: Sequence[tuple[Rows, Distances]]) -> tuple[Rows, Distances]:
        none = np.zeros(0, np.int64)
        rows = [rows + first for (rows, _), first in zip(found, self._firsts, strict=True)]
        return np.concatenate([none, *rows]), np.concatenate([none, *(far for _, far in found)])

    def _take(self, parts: list[Segment]) -> None:
        self._parts = parts
        self._firsts = np.cumsum([0, *map(len, parts)])[:-1]
        self.digests = [digest for part in parts for digest in part.digests]

    def _replace(self, parts: list[Segment]) -> None:
        """Write the list of parts, then drop the folders that are in no list any more."""
        names = [part.folder.name for part in parts]
        descriptor, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(names, file)
        Path(name).replace(self.folder / PARTS)
        self._take(parts)
        for place in self.folder.glob("part-*"):
            if place.name not in names:
                shutil.rmtree(place, ignore_errors=True)
