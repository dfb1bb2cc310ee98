"""Parts of a picture that may be a work by themselves, and the eight ways each of them may be turned, as PDQ hashes.

A hash knows nothing of places; so the places are guessed: the picture without its plain borders, the tiles of a
collage, and everything with four straight sides (a cover on a table, a picture in a chat), set upright. A guess that is
wrong costs a tenth of a millisecond; a guess that is right is checked like any other alignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from crawler.pictures.hashing import HASH_SIDE
from matchers.looks.sketch import Pixels, fitted, grey_of
from matchers.looks.turned import turned

PARTED_SIDE = 320  # pixels at which parts are looked for: a hash needs no more, and it costs a quarter
PLAIN = 10  # levels a border may differ from its colour
LEAST_TRIMMED = 0.03  # of a side that a border takes to be worth another look
SMALLEST = 24  # pixels a side of a part
MOST_SIDED = 6  # four-sided shapes, the largest first
LEAST_AREA = 0.02  # of the picture that a shape takes
STRAIGHT = 0.03  # of its outline that a shape's corners may be off
FULL = 0.85  # of its box that a shape with round corners fills
GRIDS = (2, 3)

# After np.rot90 0 to 3 times, and of the mirror images: which corner of the part (0 top left, clockwise) becomes the
# top left, top right, bottom right and bottom left one. The order is pdqhash's.
TURNS = ((0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1), (3, 0, 1, 2), (3, 2, 1, 0), (1, 0, 3, 2), (0, 3, 2, 1), (2, 1, 0, 3))
ALL_TURNS, TILE_TURNS = tuple(range(8)), (0, 5)
MIRRORED_TURNS = range(4, 8)

Corners = NDArray[np.float32]


@frozen(eq=False)
class View:
    """Its 32 bytes; `corners` [4, 2]: which points of the picture would be the corners of the work, clockwise from its
    top left; in the mirror image's pixels where it is `mirrored`.
    """

    code: NDArray[np.uint8]
    corners: Corners
    mirrored: bool


def whole(pixels: Pixels) -> list[View]:
    """The whole picture, in eight turns."""
    height, width = pixels.shape[:2]
    return _turned([pixels], [_box(0, 0, width, height)], width, ALL_TURNS)


def parts(pixels: Pixels) -> list[View]:
    """The picture without its borders in eight turns, its tiles and its four-sided shapes in two and eight."""
    share = min(1.0, PARTED_SIDE / max(pixels.shape[:2]))
    small = pixels if share == 1 else fitted(pixels, PARTED_SIDE)
    return [View(view.code, view.corners / np.float32(share), view.mirrored) for view in _parts(small)]


def _parts(pixels: Pixels) -> list[View]:
    height, width = pixels.shape[:2]
    trimmed = _trimmed(pixels)
    whole = [] if trimmed is None else [trimmed]
    shapes = _four_sided(grey_of(pixels))
    upright = [_cut(pixels, box) for box in whole] + [_upright(pixels, shape) for shape in shapes]
    tiles = list(_tiles(width, height))
    return [
        *_turned(upright, [*whole, *shapes], width, ALL_TURNS),
        *_turned([_cut(pixels, tile) for tile in tiles], tiles, width, TILE_TURNS),
    ]


def _turned(cuts: Sequence[Pixels], places: Sequence[Corners], width: int, turns: Sequence[int]) -> list[View]:
    found = []
    for codes, corners in zip(turned(cuts, turns), places, strict=True):
        for code, turn in zip(codes, turns, strict=True):
            placed = corners[list(TURNS[turn])]
            if turn in MIRRORED_TURNS:
                placed = np.stack([width - placed[:, 0], placed[:, 1]], 1)
            found.append(View(code, placed, turn in MIRRORED_TURNS))
    return found


def _cut(pixels: Pixels, corners: Corners) -> Pixels:
    (left, top), (right, bottom) = np.rint(corners[0]).astype(int), np.rint(corners[2]).astype(int)
    return pixels[top:bottom, left:right]


def _box(left: float, top: float, right: float, bottom: float) -> Corners:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _trimmed(pixels: Pixels) -> Corners | None:
    """What is left when plain rows and columns are cut off at the sides."""
    height, width = pixels.shape[:2]
    plain = np.ptp(pixels, axis=1).max(1) <= PLAIN, np.ptp(pixels, axis=0).max(1) <= PLAIN
    if plain[0].all() or plain[1].all():
        return None
    top, bottom = int(np.argmin(plain[0])), height - int(np.argmin(plain[0][::-1]))
    left, right = int(np.argmin(plain[1])), width - int(np.argmin(plain[1][::-1]))
    cut = max(top, height - bottom) / height, max(left, width - right) / width
    if max(cut) < LEAST_TRIMMED or bottom - top < SMALLEST or right - left < SMALLEST:
        return None
    return _box(left, top, right, bottom)


def _tiles(width: int, height: int) -> Iterator[Corners]:
    """The tiles of collages, without the seams between them."""
    for count in GRIDS:
        wide, high = width / count, height / count
        if min(wide, high) < SMALLEST:
            return
        for row, column in product(range(count), repeat=2):
            seam = 0.008 * min(width, height)
            box = (column * wide + seam, row * high + seam, (column + 1) * wide - seam, (row + 1) * high - seam)
            yield _box(*box)


def _four_sided(grey: Pixels) -> list[Corners]:
    """The largest four-sided convex shapes in the edges of a picture, clockwise from the corner that is top left."""
    edges = cv2.dilate(cv2.Canny(cv2.GaussianBlur(grey, (0, 0), 1.2), 30, 90), np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found: list[tuple[float, Corners]] = []
    for outline in outlines:
        if len(outline) < 4 or cv2.contourArea(outline) < LEAST_AREA * grey.size:
            continue
        shape = _corners_of(outline)
        if shape is not None:
            found.append((float(cv2.contourArea(shape)), _clockwise(shape)))
    found.sort(key=lambda each: -each[0])
    return _apart(found, grey.size)[:MOST_SIDED]


def _corners_of(outline: Any) -> Corners | None:
    """Four corners that an outline amounts to: its own, or those of the box that it fills."""
    shape: Any = cv2.approxPolyDP(outline, STRAIGHT * cv2.arcLength(outline, True), True)
    if len(shape) == 4 and cv2.isContourConvex(shape):
        return np.asarray(shape.reshape(4, 2), np.float32)
    box = cv2.minAreaRect(outline)
    if cv2.contourArea(outline) > FULL * box[1][0] * box[1][1]:
        return np.asarray(cv2.boxPoints(box), np.float32)
    return None


def _clockwise(points: NDArray[np.generic]) -> Corners:
    points = points.astype(np.float32)
    middle = points.mean(0)
    order = np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    points = points[order]
    return np.roll(points, -int(np.argmin(points.sum(1))), axis=0)


def _apart(found: list[tuple[float, Corners]], size: int) -> list[Corners]:
    """Without shapes that are the outer and the inner edge of one line, and without the frame of the picture itself."""
    kept: list[Corners] = []
    for area, shape in found:
        if area > 0.97 * size or min(np.linalg.norm(shape - np.roll(shape, 1, axis=0), axis=1)) < SMALLEST:
            continue
        if all(np.abs(shape - other).max() > 5 for other in kept):
            kept.append(shape)
    return kept


def _upright(pixels: Pixels, corners: Corners) -> Pixels:
    """A four-sided part as the rectangle it would be if it were seen from the front."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    wide, high = max(sides[0], sides[2]), max(sides[1], sides[3])
    share = min(1.0, 2 * HASH_SIDE / max(wide, high))
    size = max(16, round(wide * share)), max(16, round(high * share))
    goal = _box(0, 0, *size)
    matrix = cv2.getPerspectiveTransform(corners, goal)
    return cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_AREA).astype(np.uint8)
