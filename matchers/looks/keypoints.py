"""Key points of a picture, ORB's and SIFT's, each with a place and a code of 256 bits.

One index serves both kinds, since a SIFT descriptor (128 numbers) becomes bits too: bit i says which of a fixed pair of
its numbers is larger. Over 86 attacked copies the right one of 498 works came first for .963 of them, as with the full
numbers, and a code needs a quarter of the bytes; no codebook is learned, so none must be shipped or kept in step.
The mirror image costs no second search: mirroring permutes the numbers of a SIFT descriptor, and ORB describes the same
places anew, turned as the mirror image turns them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, Literal

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Kind = Literal["orb", "sift"]
KINDS: tuple[Kind, ...] = ("orb", "sift")
CODE_BYTES = 32

REGISTERED_SIDE = 480  # pixels
REGISTERED_LEAST = 300  # pixels: smaller pictures are enlarged, or icons have no key points
REGISTERED_MOST = 400  # key points of each kind, the strongest first
# What is asked may hold the work small, as a collage does. SIFT doubles a picture before it looks: it takes 51 ms at
# 320 pixels and 112 at 512, and of 342 pictures of two seeds that ORB had left open it found the same copies at both.
ASKED_SIDE: Mapping[Kind, int] = {"orb": 640, "sift": 320}
ASKED_LEAST: Mapping[Kind, int] = {"orb": 400, "sift": 320}
ASKED_MOST: Mapping[Kind, int] = {
    "orb": 600,
    "sift": 800,
}  # SIFT with 500 loses one copy in 150, small ones in collages
MIRRORED_MOST: Mapping[Kind, int] = {"orb": 600, "sift": 400}  # SIFT finds next to nothing mirrored that ORB did not
CONTRAST = 0.02  # SIFT's threshold, half its default: faded copies and flat art have few strong points
FAST = 10  # ORB's threshold, half its default, for the same reason
ORB_STEP = 1.2  # between the smaller pictures that ORB looks at, its default
DETECTED = 2  # times as many are found as are kept
CELLS = 5  # a side: three quarters of the points kept are the strongest of their cell, or one tile would have them all
PAIRS_SEED = 20261122  # another seed makes other codes: part of what a sketch's mark names

Codes = NDArray[np.uint8]
Places = NDArray[np.float32]


@frozen(eq=False)
class Keypoints:
    """`places` [n, 4]: x, y, size in pixels of the picture given, angle in degrees; `codes` [n, 32] bytes."""

    places: Places
    codes: Codes

    def __len__(self) -> int:
        return len(self.codes)


def registered(grey: NDArray[np.uint8], kind: Kind) -> Keypoints:
    """Of a picture of a work."""
    return Extracted(grey, kind, REGISTERED_SIDE, REGISTERED_LEAST, REGISTERED_MOST).plain


def asked(grey: NDArray[np.uint8], kind: Kind) -> Extracted:
    """Of a picture of a listing."""
    return Extracted(grey, kind, ASKED_SIDE[kind], ASKED_LEAST[kind], ASKED_MOST[kind])


class Extracted:
    """Key points of a picture, and those of its mirror image in the mirror image's pixels, each made when asked for."""

    def __init__(self, grey: NDArray[np.uint8], kind: Kind, side: int, least: int, most: int) -> None:
        longer = max(grey.shape)
        self._scale = side / longer if longer > side else max(1.0, least / longer)
        self._sized = grey if self._scale == 1 else _resized(grey, self._scale)
        self._kind = kind
        points, numbers = _detector(kind, DETECTED * most).detectAndCompute(self._sized, None)
        told = [(*point.pt, point.size, point.angle, point.response, point.octave) for point in points]
        table = np.array(told, dtype=np.float32).reshape(-1, 6)
        chosen = _spread(table, self._sized.shape, most)
        self._points = table[chosen]
        self._numbers: NDArray[np.uint8] = (
            np.zeros((0, CODE_BYTES), np.uint8) if numbers is None else numbers[chosen].astype(np.uint8, copy=False)
        )

    @cached_property
    def plain(self) -> Keypoints:
        """As the picture is."""
        codes = self._numbers if self._kind == "orb" or not len(self._points) else coded(self._numbers)
        return self._placed(self._points, codes)

    @cached_property
    def mirrored(self) -> Keypoints:
        """Of its mirror image."""
        if not len(self._points):
            return self.plain
        points = self._points[: MIRRORED_MOST[self._kind]].copy()
        points[:, 3] = (180 - points[:, 3]) % 360
        if self._kind == "orb":
            return self._described_anew(points)
        points[:, 0] = self._sized.shape[1] - 1 - points[:, 0]
        return self._placed(points, coded(self._numbers[: len(points), _mirror()]))

    def _described_anew(self, points: NDArray[np.float32]) -> Keypoints:
        """ORB finds a place in one of several smaller pictures: that one is mirrored, to the pixel."""
        steps = ORB_STEP ** points[:, 5]
        widths = np.rint(self._sized.shape[1] / steps)
        points[:, 0] = (widths - 1 - np.rint(points[:, 0] / steps)) * steps
        told = [
            cv2.KeyPoint(x, y, size, angle, response, int(octave), row)
            for row, (x, y, size, angle, response, octave) in enumerate(points.tolist())
        ]
        found, numbers = _detector("orb", DETECTED * ASKED_MOST["orb"]).compute(cv2.flip(self._sized, 1), told)
        if numbers is None:
            return _nothing()
        return self._placed(points[[point.class_id for point in found]], numbers)

    def _placed(self, points: NDArray[np.float32], codes: Codes) -> Keypoints:
        places = points[:, :4].copy()
        places[:, :3] /= self._scale
        return Keypoints(places, codes)


def _spread(told: NDArray[np.float32], shape: tuple[int, ...], most: int) -> NDArray[np.intp]:
    """Which points are kept: the strongest of each cell, then the strongest of all."""
    order = np.argsort(-told[:, 4], kind="stable")
    if len(order) <= most:
        return order
    columns = np.minimum(told[order, 0] * CELLS / shape[1], CELLS - 1).astype(np.intp)
    rows = np.minimum(told[order, 1] * CELLS / shape[0], CELLS - 1).astype(np.intp)
    cells = rows * CELLS + columns
    by_cell = np.argsort(cells, kind="stable")
    firsts = np.searchsorted(cells[by_cell], cells[by_cell])
    rank = np.empty(len(order), np.intp)
    rank[by_cell] = np.arange(len(order)) - firsts
    share = 3 * most // (4 * CELLS * CELLS)
    kept: NDArray[np.intp] = order[np.argsort(rank >= share, kind="stable")[:most]]
    return kept


def coded(numbers: NDArray[np.uint8]) -> Codes:
    """SIFT descriptors [n, 128] as codes [n, 32]."""
    first, second = _pairs()
    return np.packbits(numbers[:, first] > numbers[:, second], axis=1)


def _resized(grey: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=how).astype(np.uint8)


@cache
def _detector(kind: Kind, most: int) -> Any:
    makers: Any = cv2  # its stubs do not know them
    if kind == "orb":
        return makers.ORB_create(most, scaleFactor=ORB_STEP, fastThreshold=FAST)
    return makers.SIFT_create(most, contrastThreshold=CONTRAST)


@cache
def _pairs() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Four times each of the 128 numbers is compared with another one."""
    dice = np.random.default_rng(PAIRS_SEED)
    orders = [dice.permutation(128) for _ in range(4)]
    return np.concatenate([order[:64] for order in orders]), np.concatenate([order[64:] for order in orders])


@cache
def _mirror() -> NDArray[np.intp]:
    """Where each number of a descriptor (4 x 4 cells of 8 directions) comes from in the mirror image."""
    cells = np.arange(128).reshape(4, 4, 8)
    return cells[::-1][:, :, (8 - np.arange(8)) % 8].reshape(-1)


def _nothing() -> Keypoints:
    return Keypoints(np.zeros((0, 4), np.float32), np.zeros((0, CODE_BYTES), np.uint8))
