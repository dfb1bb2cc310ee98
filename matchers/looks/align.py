"""Where a registered picture lies within another one: a homography, first from pairs of key points, then refined.

All homographies here lead from pixels of what is asked (theirs) to pixels of the registered thumb (ours).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.looks.candidates import Candidate
from matchers.looks.sketch import Pixels, grey_of

REACH = 4.0  # pixels of the thumb that an inlier may be off
LEAST_INLIERS = 6  # fewer fit any homography
TRIES, SURE = 2000, 0.999  # of MAGSAC
SMALLEST = 24.0  # pixels of the shorter side that our picture has in theirs; smaller it shows nothing
LOCAL = 8.0  # pixels: brightness and contrast are evened out over such a neighbourhood before places are followed
COARSE = 4  # times smaller the neighbourhood is averaged: a fifth of the time, the same to half a level
FOLLOWED = (17, 17)  # pixels of the window that is followed
RETURNED = 0.7  # pixels: a place followed there and back must come home
FARTHEST = 10.0  # pixels that refining may move a place
LEAST_FOLLOWED = 12
SETTLED = 0.5  # pixels: a round that moves the corners less is the last one
ROUNDS = 2

Homography = NDArray[np.float64]
Points = NDArray[np.float32]


@frozen(eq=False)
class Aligned:
    """A homography with what led to it: inliers among the pairs (0 where it came from hashes)."""

    homography: Homography
    inliers: int = 0
    pairs: int = 0


def from_pairs(candidate: Candidate) -> Aligned | None:
    """The homography that most pairs agree on."""
    if len(candidate.theirs) < LEAST_INLIERS:
        return None
    found, mask = cv2.findHomography(
        candidate.theirs, candidate.ours, cv2.USAC_MAGSAC, REACH, maxIters=TRIES, confidence=SURE
    )
    inliers = 0 if found is None else int(mask.sum())
    if inliers < LEAST_INLIERS:
        return None
    return Aligned(np.asarray(found, np.float64), inliers, len(candidate.theirs))


def corners(homography: Homography, ours: tuple[int, ...]) -> Points | None:
    """The corners of our picture (height, width) in theirs, clockwise from top left; None where that is no picture:
    folded, turned inside out, beyond the horizon, or too small.
    """
    height, width = ours[:2]
    try:
        back = np.linalg.inv(homography)
    except np.linalg.LinAlgError:
        return None
    frame = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    drawn = frame @ back.T
    if not np.isfinite(drawn).all() or not (drawn[:, 2] * drawn[0, 2] > 0).all():
        return None
    found = drawn[:, :2] / drawn[:, 2:]
    sides = np.roll(found, -1, axis=0) - found
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not (turns > 0).all() or np.hypot(sides[:, 0], sides[:, 1]).min() < SMALLEST:
        return None
    return found.astype(np.float32)


def warped(pixels: Pixels, homography: Homography, ours: tuple[int, ...]) -> Pixels:
    """Their picture as seen in our frame."""
    height, width = ours[:2]
    drawn: Any = cv2.warpPerspective(pixels, homography, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return drawn  # type: ignore[no-any-return]


def evened(grey: Pixels) -> Pixels:
    """Brightness and contrast of every neighbourhood made alike: places are followed through light and filters."""
    values = grey.astype(np.float32)
    mean, squares = cv2.split(_averaged(cv2.merge([values, values * values])))
    variance = squares - mean * mean
    evener: Pixels = np.clip((values - mean) / np.sqrt(np.maximum(variance, 9)) * 40 + 128, 0, 255).astype(np.uint8)
    return evener


def _averaged(values: Any) -> Any:
    height, width = values.shape[:2]
    coarse = (max(1, width // COARSE), max(1, height // COARSE))
    soft = cv2.GaussianBlur(cv2.resize(values, coarse, interpolation=cv2.INTER_AREA), (0, 0), LOCAL / COARSE)
    return cv2.resize(soft, (width, height))


@frozen(eq=False)
class Refined:
    """A homography that fits to a fraction of a pixel, and how far each place that was followed is still off.

    `off` [n, 2] is in pixels of our thumb, not a number where a place was lost.
    """

    homography: Homography
    off: Points


def refined(ours_evened: Pixels, places: Points, theirs: Pixels, homography: Homography) -> Refined:
    """Follow the places [n, 2] of our picture into theirs and correct the homography by where they went."""
    grey = grey_of(theirs)
    off = np.full(places.shape, np.nan, np.float32)
    for _ in range(ROUNDS):
        if len(places) < LEAST_FOLLOWED:
            break
        seen = evened(warped(grey, homography, ours_evened.shape))
        went, good = _followed(ours_evened, seen, places)
        off[:] = np.nan
        off[good] = went[good] - places[good]
        step = _correction(went[good], places[good], ours_evened.shape)
        if step is None:
            break
        homography = step @ homography
        back = cv2.perspectiveTransform(went[good].reshape(-1, 1, 2), step).reshape(-1, 2)
        off[good] = back - places[good]
        if _moved(step, ours_evened.shape) < SETTLED:
            break
    return Refined(homography, off)


def _followed(ours: Pixels, seen: Pixels, places: Points) -> tuple[Points, NDArray[np.bool_]]:
    start: Any = places.reshape(-1, 1, 2)
    nothing: Any = None
    found: Any
    went: Any
    went, found, _ = cv2.calcOpticalFlowPyrLK(ours, seen, start, nothing, winSize=FOLLOWED, maxLevel=1)
    home, returned, _ = cv2.calcOpticalFlowPyrLK(seen, ours, went, nothing, winSize=FOLLOWED, maxLevel=1)
    went, home = np.asarray(went, np.float32).reshape(-1, 2), np.asarray(home).reshape(-1, 2)
    good = (found.reshape(-1) == 1) & (returned.reshape(-1) == 1)
    good &= np.linalg.norm(home - places, axis=1) < RETURNED
    good &= np.linalg.norm(went - places, axis=1) < FARTHEST
    return went, good


def _correction(went: Points, places: Points, shape: tuple[int, ...]) -> Homography | None:
    """What leads from where places went to where they should be; None where too few agree or it leads too far."""
    if len(went) < LEAST_FOLLOWED:
        return None
    step, mask = cv2.findHomography(went, places, cv2.USAC_MAGSAC, 1.5, maxIters=500, confidence=0.99)
    if step is None or int(mask.sum()) < LEAST_FOLLOWED or _moved(step, shape) > 0.15 * max(shape[:2]):
        return None
    return np.asarray(step, np.float64)


def _moved(step: Any, shape: tuple[int, ...]) -> float:
    height, width = shape[:2]
    frame = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float32)
    return float(np.abs(cv2.perspectiveTransform(frame, step) - frame).max())
