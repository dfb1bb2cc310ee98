"""The registry compared with itself: what each newly registered picture shares with those of other works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from attrs import frozen

from matchers.looks.align import Aligned, corners, from_pairs
from matchers.looks.blocks import compare
from matchers.looks.candidates import candidates
from matchers.looks.index import Index
from matchers.looks.keypoints import KINDS
from matchers.looks.series import Share, likeness
from matchers.looks.shelf import Shelf
from matchers.looks.sides import Ours, Theirs

RELATED = 8  # pictures that each kind of key points proposes
NEAR = 60  # bits of PDQ's 256


@frozen(eq=False)
class Related:
    """What two pictures share, each seen from its own side."""

    one: str
    other: str
    of_one: Share
    of_other: Share


def related(index: Index, shelf: Shelf, digest: str, numbers: Mapping[str, int]) -> list[Related]:
    """The relatives of a registered picture among all that are indexed; `numbers` says where each stands."""
    cv2.setNumThreads(1)
    sketch = shelf.get(digest)
    mine, found = Ours(sketch.thumb), {}
    for number, aligned in _proposed(index, shelf, digest):
        other = index.digests[number]
        if other == digest or other in found or numbers.get(other) != number:
            continue
        pair = _pair(mine, digest, Ours(shelf.get(other).thumb), other, aligned)
        if pair is not None:
            found[other] = pair
    return list(found.values())


def _proposed(index: Index, shelf: Shelf, digest: str) -> Iterator[tuple[int, Aligned]]:
    """Numbers of pictures that may be related, and how the picture would lie on each."""
    sketch = shelf.get(digest)
    for kind in KINDS:
        for candidate in candidates(index.by_points(sketch.points[kind], kind), RELATED):
            aligned = from_pairs(candidate)
            if aligned is not None:
                yield candidate.picture, aligned
    code = np.frombuffer(next(value for hasher, value in sketch.hashes.items() if hasher == "pdq"), np.uint8)
    height, width = sketch.thumb.shape[:2]
    for number in index.by_pdq(code, NEAR)[0].tolist():
        rows, columns = shelf.get(index.digests[number]).thumb.shape[:2]
        yield number, Aligned(np.diag([columns / width, rows / height, 1.0]), inliers=10_000)


def _pair(mine: Ours, one: str, theirs: Ours, other: str, aligned: Aligned) -> Related | None:
    if corners(aligned.homography, theirs.thumb.shape) is None:
        return None
    there = compare(theirs, Theirs(mine.thumb), aligned.homography)
    if there is None:
        return None
    shared = likeness(there[0], aligned.inliers)
    if shared is None:
        return None
    back = compare(mine, Theirs(theirs.thumb), np.linalg.inv(there[1]).astype(np.float64))
    of_one = None if back is None else likeness(back[0], aligned.inliers)
    return None if of_one is None else Related(one, other, of_one, shared)
