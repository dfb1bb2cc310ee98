"""PDQ hashes of the regions of a picture that may be a work by themselves, each in its eight dihedral turns.

A hash does not locate anything, so the regions are guessed: the picture without its plain borders, the tiles of a
collage, and everything with four straight sides (a cover on a table, a picture in a chat), rectified. A wrong guess
costs a tenth of a millisecond; a right one is checked like any other alignment.

The hashes of all regions are computed at once, as pdqhash computes them for pictures of at most 128 pixels a side, for
which PDQ does not blur (tests compare the two): 64 x 64 grey values, the lowest 16 x 16 waves of their cosine
transform without the constant ones, and which of these lie above the median. Turning a picture swaps or negates waves
(Facebook's PDQ paper, 2019, "dihedral hashes"), so eight turns cost one transform, and thirty regions one
multiplication.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from crawler.pictures.hashing import HASH_SIDE_PIXELS, shrink_for_hash
from matchers.images.descriptors import Pixels, resize_to_side, to_grey

REGION_SEARCH_SIDE_PIXELS = 320  # longer side for finding regions: a hash needs no more, and it costs a quarter
MAX_BORDER_LEVELS = 10  # range of values in a row or column of a plain border
MIN_TRIMMED_SHARE = 0.03  # of a side; a thinner border is not trimmed
MIN_REGION_SIDE_PIXELS = 24
MAX_QUADRILATERALS = 6  # the largest are kept
MIN_QUADRILATERAL_AREA_SHARE = 0.02  # of the picture
MAX_OUTLINE_ERROR_SHARE = 0.03  # of the outline's length: tolerance when it is approximated by four corners
MIN_BOX_FILL_SHARE = 0.85  # of its box that a shape with round corners fills
COLLAGE_GRIDS = (2, 3)  # tiles a side

# After np.rot90 0 to 3 times, and for the mirror images: which corner of the region (0 top left, clockwise) becomes the
# top left, top right, bottom right and bottom left one. The order is pdqhash's.
TURN_CORNERS = (
    (0, 1, 2, 3),
    (1, 2, 3, 0),
    (2, 3, 0, 1),
    (3, 0, 1, 2),
    (3, 2, 1, 0),
    (1, 0, 3, 2),
    (0, 3, 2, 1),
    (2, 1, 0, 3),
)
ALL_TURNS, TILE_TURNS = tuple(range(8)), (0, 5)
MIRRORED_TURNS = range(4, 8)

Corners = NDArray[np.float32]


@frozen(eq=False)
class RegionHash:
    """The PDQ hash of a region, 32 bytes in `code`. `corners` [4, 2]: the points of the picture that would be the
    corners of the work, clockwise from its top left; in pixels of the mirror image if `mirrored`.
    """

    code: NDArray[np.uint8]
    corners: Corners
    mirrored: bool


def hash_whole(pixels: Pixels) -> list[RegionHash]:
    """Hashes of the whole picture in eight turns."""
    height, width = pixels.shape[:2]
    return _hash_turns([pixels], [_box_corners(0, 0, width, height)], width, ALL_TURNS)


def hash_parts(pixels: Pixels) -> list[RegionHash]:
    """Hashes of parts: without borders and four-sided shapes in eight turns each, collage tiles in two."""
    scale = min(1.0, REGION_SEARCH_SIDE_PIXELS / max(pixels.shape[:2]))
    thumb = pixels if scale == 1 else resize_to_side(pixels, REGION_SEARCH_SIDE_PIXELS)
    return [
        RegionHash(region.code, region.corners / np.float32(scale), region.mirrored) for region in _hash_parts(thumb)
    ]


def _hash_parts(pixels: Pixels) -> list[RegionHash]:
    height, width = pixels.shape[:2]
    trimmed_box = _trim_borders(pixels)
    boxes = [] if trimmed_box is None else [trimmed_box]
    shapes = _find_quadrilaterals(to_grey(pixels))
    upright = [_crop(pixels, box) for box in boxes] + [_rectify(pixels, shape) for shape in shapes]
    tiles = list(_collage_tiles(width, height))
    return [
        *_hash_turns(upright, [*boxes, *shapes], width, ALL_TURNS),
        *_hash_turns([_crop(pixels, tile) for tile in tiles], tiles, width, TILE_TURNS),
    ]


def _hash_turns(
    crops: Sequence[Pixels], crop_corners: Sequence[Corners], width: int, turns: Sequence[int]
) -> list[RegionHash]:
    regions = []
    for codes, corners in zip(dihedral_pdq_codes(crops, turns), crop_corners, strict=True):
        for code, turn in zip(codes, turns, strict=True):
            turned_corners = corners[list(TURN_CORNERS[turn])]
            if turn in MIRRORED_TURNS:
                turned_corners = np.stack([width - turned_corners[:, 0], turned_corners[:, 1]], 1)
            regions.append(RegionHash(code, turned_corners, turn in MIRRORED_TURNS))
    return regions


def _crop(pixels: Pixels, corners: Corners) -> Pixels:
    (left, top), (right, bottom) = np.rint(corners[0]).astype(int), np.rint(corners[2]).astype(int)
    return pixels[top:bottom, left:right]


def _box_corners(left: float, top: float, right: float, bottom: float) -> Corners:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _trim_borders(pixels: Pixels) -> Corners | None:
    """The box that is left when plain rows and columns at the edges are cut off; None if that is not worthwhile."""
    height, width = pixels.shape[:2]
    is_plain = np.ptp(pixels, axis=1).max(1) <= MAX_BORDER_LEVELS, np.ptp(pixels, axis=0).max(1) <= MAX_BORDER_LEVELS
    if is_plain[0].all() or is_plain[1].all():
        return None
    top, bottom = int(np.argmin(is_plain[0])), height - int(np.argmin(is_plain[0][::-1]))
    left, right = int(np.argmin(is_plain[1])), width - int(np.argmin(is_plain[1][::-1]))
    trimmed_shares = max(top, height - bottom) / height, max(left, width - right) / width
    if (
        max(trimmed_shares) < MIN_TRIMMED_SHARE
        or bottom - top < MIN_REGION_SIDE_PIXELS
        or right - left < MIN_REGION_SIDE_PIXELS
    ):
        return None
    return _box_corners(left, top, right, bottom)


def _collage_tiles(width: int, height: int) -> Iterator[Corners]:
    """The tiles of collages, without the seams between them."""
    for count in COLLAGE_GRIDS:
        tile_width, tile_height = width / count, height / count
        if min(tile_width, tile_height) < MIN_REGION_SIDE_PIXELS:
            return
        for row, column in product(range(count), repeat=2):
            seam = 0.008 * min(width, height)
            box = (
                column * tile_width + seam,
                row * tile_height + seam,
                (column + 1) * tile_width - seam,
                (row + 1) * tile_height - seam,
            )
            yield _box_corners(*box)


def _find_quadrilaterals(grey: Pixels) -> list[Corners]:
    """The largest convex four-sided shapes among the edges of a picture, clockwise from the top left corner."""
    edges = cv2.dilate(cv2.Canny(cv2.GaussianBlur(grey, (0, 0), 1.2), 30, 90), np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quadrilaterals: list[tuple[float, Corners]] = []
    for outline in outlines:
        if len(outline) < 4 or cv2.contourArea(outline) < MIN_QUADRILATERAL_AREA_SHARE * grey.size:
            continue
        shape = _quadrilateral_of(outline)
        if shape is not None:
            quadrilaterals.append((float(cv2.contourArea(shape)), _order_clockwise(shape)))
    quadrilaterals.sort(key=lambda entry: -entry[0])
    return _drop_duplicates(quadrilaterals, grey.size)[:MAX_QUADRILATERALS]


def _quadrilateral_of(outline: Any) -> Corners | None:
    """The four corners of an outline, or those of the box that it nearly fills; None if it has neither."""
    shape: Any = cv2.approxPolyDP(outline, MAX_OUTLINE_ERROR_SHARE * cv2.arcLength(outline, True), True)
    if len(shape) == 4 and cv2.isContourConvex(shape):
        return np.asarray(shape.reshape(4, 2), np.float32)
    box = cv2.minAreaRect(outline)
    if cv2.contourArea(outline) > MIN_BOX_FILL_SHARE * box[1][0] * box[1][1]:
        return np.asarray(cv2.boxPoints(box), np.float32)
    return None


def _order_clockwise(points: NDArray[np.generic]) -> Corners:
    points = points.astype(np.float32)
    middle = points.mean(0)
    order = np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    points = points[order]
    return np.roll(points, -int(np.argmin(points.sum(1))), axis=0)


def _drop_duplicates(quadrilaterals: list[tuple[float, Corners]], size: int) -> list[Corners]:
    """The shapes without duplicates (outer and inner edge of one line) and without the frame of the picture itself."""
    kept: list[Corners] = []
    for area, shape in quadrilaterals:
        if (
            area > 0.97 * size
            or min(np.linalg.norm(shape - np.roll(shape, 1, axis=0), axis=1)) < MIN_REGION_SIDE_PIXELS
        ):
            continue
        if all(np.abs(shape - other).max() > 5 for other in kept):
            kept.append(shape)
    return kept


def _rectify(pixels: Pixels, corners: Corners) -> Pixels:
    """A four-sided region as the rectangle it would be if seen from the front."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = max(sides[0], sides[2]), max(sides[1], sides[3])
    scale = min(1.0, 2 * HASH_SIDE_PIXELS / max(width, height))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    target = _box_corners(0, 0, *size)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_AREA).astype(np.uint8)


SAMPLE_SIDE_PIXELS, DCT_WAVES = 64, 16

# For np.rot90 0 to 3 times, and the mirror images in pdqhash's order: whether rows and columns of waves are swapped,
# whether odd waves are negated from top to bottom, and from left to right.
TURN_TRANSPOSES = (False, True, False, True, False, False, True, True)
TURN_FLIPS_VERTICALLY = (False, True, True, False, True, False, False, True)
TURN_FLIPS_HORIZONTALLY = (False, False, True, True, False, True, False, True)

_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_SAMPLE_CENTRES = np.arange(SAMPLE_SIDE_PIXELS) + 0.5
_DCT_COSINES = (
    np.sqrt(2 / SAMPLE_SIDE_PIXELS)
    * np.cos(np.pi / SAMPLE_SIDE_PIXELS * np.arange(1, DCT_WAVES + 1)[:, None] * _SAMPLE_CENTRES)
).astype(np.float32)
_ODD_WAVE_SIGNS = (-1.0) ** np.arange(1, DCT_WAVES + 1).astype(np.float32)


def dihedral_pdq_codes(parts: Sequence[Pixels], turns: Sequence[int]) -> NDArray[np.uint8]:
    """The PDQ hashes of RGB pictures of any size: [pictures, turns, 32] bytes."""
    if not parts:
        return np.zeros((0, len(turns), 2 * DCT_WAVES), np.uint8)
    waves = _DCT_COSINES @ np.stack([_sample_grey(part) for part in parts]) @ _DCT_COSINES.T
    spectra = []
    for turn in turns:
        spectrum = waves.transpose(0, 2, 1) if TURN_TRANSPOSES[turn] else waves
        spectrum = spectrum * _ODD_WAVE_SIGNS[:, None] if TURN_FLIPS_VERTICALLY[turn] else spectrum
        spectra.append(spectrum * _ODD_WAVE_SIGNS if TURN_FLIPS_HORIZONTALLY[turn] else spectrum)
    values = np.stack(spectra, 1).reshape(len(parts), len(turns), DCT_WAVES * DCT_WAVES)
    median_rank = DCT_WAVES * DCT_WAVES // 2 - 1
    is_above_median = values > np.partition(values, median_rank, axis=2)[:, :, median_rank : median_rank + 1]
    return np.packbits(is_above_median[:, :, ::-1], axis=2)


def _sample_grey(part: Pixels) -> NDArray[np.float32]:
    """The grey values at 64 x 64 points."""
    resized: Pixels = shrink_for_hash(part)
    assert max(resized.shape[:2]) <= HASH_SIDE_PIXELS
    rows, columns = ((_SAMPLE_CENTRES * extent / SAMPLE_SIDE_PIXELS).astype(np.intp) for extent in resized.shape[:2])
    grey: NDArray[np.float32] = resized[rows][:, columns].astype(np.float32) @ _LUMA_WEIGHTS
    return grey
