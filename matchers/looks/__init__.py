"""The picture engine: which registered pictures lie near a picture, by the Hamming distance of their hashes.

Hashes are compared only with hashes of the same maker and version; the settings say which part of a picture one is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from crawler.items import Picture, PictureHash
from crawler.pictures.hashing import WHOLE

COPY_WHOLE = 8  # bits of 64: no wrong pair in 1.54 million unrelated ones
COPY_CUT = 6  # bits of 64: no wrong pair in 756 cut pictures against 503 works with 16 views each; at 8 there were two
REVIEW_CUT = 8  # nearer than this a person should look: two of 756 were wrong

How = Literal["same_bytes", "whole", "cut"]
_Maker = tuple[str, str]


@frozen(kw_only=True)
class Near:
    """A registered picture (`ours`, of works[work]) near a listing's (`theirs`); `doubtful` is for people to see."""

    work: int
    ours: str
    theirs: str
    distance: int
    how: How
    doubtful: bool = False


class Looks:
    """Registered pictures, given as (position of the work, picture). Built once, asked often."""

    def __init__(self, pictures: Sequence[tuple[int, Picture]]) -> None:
        self._pictures = pictures
        self._digests: dict[str, list[int]] = {}
        rows: dict[_Maker, list[tuple[int, int, bool]]] = {}
        for number, (_, picture) in enumerate(pictures):
            if picture.sha256:
                self._digests.setdefault(picture.sha256, []).append(number)
            for made in picture.hashes:
                row = (int(made.value, 16), number, made.settings == WHOLE)
                rows.setdefault((made.hasher, made.version), []).append(row)
        self._tables = {maker: _Table(found) for maker, found in rows.items()}

    def near(self, picture: Picture) -> Iterator[Near]:
        """The registered pictures near one, each with its least distance."""
        same = self._digests.get(picture.sha256 or "", [])
        for number in same:
            yield self._found(number, picture, 0, "same_bytes")
        for number, (distance, how) in self._by_hash(picture.hashes).items():
            if number not in same:
                yield self._found(number, picture, distance, how)

    def _by_hash(self, hashes: Sequence[PictureHash]) -> dict[int, tuple[int, How]]:
        """Picture -> distance. The whole is compared with every view, a view with wholes only."""
        best: dict[int, tuple[int, How]] = {}
        for made in hashes:
            table = self._tables.get((made.hasher, made.version))
            if table is None:
                continue
            for number, distance, is_whole in table.within(int(made.value, 16), made.settings == WHOLE):
                if number not in best or distance < best[number][0]:
                    best[number] = (distance, "whole" if is_whole and made.settings == WHOLE else "cut")
        return best

    def _found(self, number: int, picture: Picture, distance: int, how: How) -> Near:
        work, ours = self._pictures[number]
        doubtful = how == "cut" and distance > COPY_CUT
        return Near(work=work, ours=ours.url, theirs=picture.url, distance=distance, how=how, doubtful=doubtful)


class _Table:
    """The hashes of one maker: values, the pictures they belong to, and whether they are of the whole."""

    def __init__(self, rows: Sequence[tuple[int, int, bool]]) -> None:
        self._all = _Columns(rows)
        self._wholes = _Columns([row for row in rows if row[2]])

    def within(self, value: int, is_whole: bool) -> Iterator[tuple[int, int, bool]]:
        """(picture, distance, whether its hash is of the whole) of all near enough."""
        columns = self._all if is_whole else self._wholes
        distances = np.bitwise_count(columns.values ^ np.uint64(value))
        for index in np.flatnonzero(distances <= max(COPY_WHOLE, REVIEW_CUT)):
            yield int(columns.owners[index]), int(distances[index]), bool(columns.whole[index])


class _Columns:
    def __init__(self, rows: Sequence[tuple[int, int, bool]]) -> None:
        self.values: NDArray[np.uint64] = np.array([row[0] for row in rows], dtype=np.uint64)
        self.owners: NDArray[np.int64] = np.array([row[1] for row in rows], dtype=np.int64)
        self.whole: NDArray[np.bool_] = np.array([row[2] for row in rows], dtype=np.bool_)
