"""Which registered pictures a picture shows: a cascade, the cheapest first, each stage for what the former left open.

1. the very same bytes; 2. a hash of the whole; 3. hashes of its parts and turns (matchers/looks/views.py); 4. ORB's key
points; 5. SIFT's, and those of the mirror image; 6. a user's own embedding, if there is one. Every stage only proposes;
the aligned blocks decide (matchers/looks/verdict.py). It ends as soon as a copy was found that takes most of the
picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.items import PictureHash
from crawler.pictures.hashing import PDQ, PHASH, maker
from matchers.looks import views
from matchers.looks.align import Aligned, corners, from_pairs
from matchers.looks.asked import Asked, Seen
from matchers.looks.blocks import compare
from matchers.looks.candidates import candidates
from matchers.looks.embedding import Embedded, paired
from matchers.looks.index import Index
from matchers.looks.keypoints import KINDS, Kind
from matchers.looks.series import Relatives, has_its_own
from matchers.looks.shelf import Shelf
from matchers.looks.sides import Ours
from matchers.looks.sketch import Pixels
from matchers.looks.verdict import verdict

NEAR_WHOLE = 8  # bits of phash's 64: no wrong pair in 1.54 million unrelated ones; siblings begin at 10
NEAR_PDQ = 60  # bits of PDQ's 256 that propose: the nearest wrong one of 610 pictures lies at 68
FAR_PDQ = 31  # the same where so many are registered that only the bands can find them
MANY = 200_000  # registered pictures
PROPOSED = 6  # pictures that are aligned by key points, of each kind
TRIED = 3  # views of one picture that are aligned
PREPARED = 64  # thumbs that are kept ready, 2 MB each


class Engine:
    """Asks an index of registered pictures. Changes nothing; one engine is for one thread."""

    def __init__(
        self,
        index: Index,
        shelf: Shelf,
        relatives: Relatives,
        kinds: Sequence[Kind] = KINDS,
        embedded: Embedded | None = None,
    ) -> None:
        cv2.setNumThreads(1)
        self._index = index
        self._shelf = shelf
        self._relatives = relatives
        self._kinds = kinds
        self._embedded = embedded
        self._ours: dict[int, Ours] = {}

    def digest(self, number: int) -> str:
        """The SHA-256 of a registered picture."""
        return self._index.digests[number]

    def thumb(self, number: int) -> Pixels:
        """A registered picture as blocks are compared on it."""
        return self._prepared(number).thumb

    def see(self, pixels: Pixels, hashes: Sequence[PictureHash]) -> list[Seen]:
        """What an RGB picture at the shared size shows, the surest first; `hashes` are its own."""
        asked = Asked(pixels)
        for stage in self._stages(asked, hashes):
            for seen in stage:
                asked.add(seen)
            if asked.is_settled:
                break
        return sorted(asked.found.values(), key=lambda seen: (-seen.certainty, seen.number))

    def _stages(self, asked: Asked, hashes: Sequence[PictureHash]) -> Iterator[Iterable[Seen]]:
        if not hashes or not len(self._index):
            return
        yield self._by_whole(asked, hashes)
        yield self._by_views(asked, views.whole(asked.pixels))
        yield self._by_views(asked, views.parts(asked.pixels))
        for kind in self._kinds:
            yield self._by_points(asked, kind)
        if self._embedded is not None:
            yield self._by_embedding(asked, self._embedded)

    def _by_whole(self, asked: Asked, hashes: Sequence[PictureHash]) -> Iterator[Seen]:
        """The whole is near a registered whole."""
        near: dict[int, int] = {}
        for made in hashes:
            if (made.version, made.settings) != maker(made.hasher):
                continue
            if made.hasher == PHASH:
                rows, far = self._index.by_phash(int(made.value, 16), NEAR_WHOLE)
                near |= dict(zip(rows.tolist(), far.tolist(), strict=True))
            elif made.hasher == PDQ:
                code = np.frombuffer(bytes.fromhex(made.value), np.uint8)
                for row in self._index.by_pdq(code, FAR_PDQ)[0].tolist():
                    near.setdefault(row, NEAR_WHOLE + 1)
        height, width = asked.pixels.shape[:2]
        frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        for number in sorted(near, key=lambda each: (near[each], each))[:PROPOSED]:
            distance = near[number] if near[number] <= NEAR_WHOLE else None
            yield from self._laid_over(asked, number, frame, False, "whole", distance)

    def _by_views(self, asked: Asked, seen: Sequence[views.View]) -> Iterator[Seen]:
        """A part or a turn of it is near a registered whole."""
        radius = NEAR_PDQ if len(self._index) <= MANY else FAR_PDQ
        near: dict[int, list[tuple[int, views.View]]] = {}
        if seen:
            close = self._index.by_all_pdq(np.stack([view.code for view in seen]), radius)
            for which, row, distance in zip(*(column.tolist() for column in close), strict=True):
                near.setdefault(row, []).append((distance, seen[which]))
        best = sorted(near, key=lambda each: (min(distance for distance, _ in near[each]), each))
        for number in best[: 2 * PROPOSED]:
            for _, view in sorted(near[number], key=lambda each: each[0])[:TRIED]:
                found = list(self._laid_over(asked, number, view.corners, view.mirrored, "part", None))
                yield from found
                if any(each.said == "copy" for each in found):
                    break

    def _laid_over(
        self, asked: Asked, number: int, frame: NDArray[np.float32], mirrored: bool, how: str, distance: int | None
    ) -> Iterator[Seen]:
        height, width = self._prepared(number).thumb.shape[:2]
        goal = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        aligned = Aligned(np.asarray(cv2.getPerspectiveTransform(frame, goal), np.float64))
        yield from self._checked(asked, number, aligned, mirrored, how, distance)

    def _by_points(self, asked: Asked, kind: Kind) -> Iterator[Seen]:
        """Many of its key points are those of a registered picture."""
        yield from self._aligned(asked, kind, False)
        if not asked.is_settled:
            yield from self._aligned(asked, kind, True)

    def _by_embedding(self, asked: Asked, embedded: Embedded) -> Iterator[Seen]:
        """A user's own model says that it looks like a registered picture."""
        for number in embedded.near(asked.pixels):
            ours = self._shelf.get(self.digest(number)).points["sift"]
            for mirrored in (False, True):
                candidate = paired(number, asked.points("sift", mirrored), ours)
                aligned = None if candidate is None else from_pairs(candidate)
                if aligned is not None:
                    yield from self._checked(asked, number, aligned, mirrored, "points", None)

    def _aligned(self, asked: Asked, kind: Kind, mirrored: bool) -> Iterator[Seen]:
        points = asked.points(kind, mirrored)
        if not len(points):
            return
        for candidate in candidates(self._index.by_points(points, kind), PROPOSED):
            aligned = from_pairs(candidate)
            if aligned is not None:
                yield from self._checked(asked, candidate.picture, aligned, mirrored, "points", None)

    def _checked(
        self, asked: Asked, number: int, aligned: Aligned, mirrored: bool, how: str, distance: int | None
    ) -> Iterator[Seen]:
        """The sighting that an alignment comes to, if any."""
        ours = self._prepared(number)
        if corners(aligned.homography, ours.thumb.shape) is None:
            return
        compared = compare(ours, asked.side(mirrored), aligned.homography)
        if compared is None:
            return
        agreement, homography = compared
        placed = corners(homography, ours.thumb.shape)
        said = verdict(agreement, aligned.inliers if how == "points" else None)
        if said is None or placed is None:
            return
        if said == "copy" and not has_its_own(agreement, self._relatives.of(self.digest(number))):
            said = "review"
        if mirrored:
            placed = np.stack([asked.pixels.shape[1] - placed[:, 0], placed[:, 1]], 1)
        yield Seen(number, how, said, agreement, homography, placed, mirrored, distance)

    def _prepared(self, number: int) -> Ours:
        if number not in self._ours:
            if len(self._ours) >= PREPARED:
                self._ours.clear()
            self._ours[number] = Ours(self._shelf.thumb(self.digest(number)))
        return self._ours[number]
