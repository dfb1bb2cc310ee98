"""Alignment: where a registered picture lies within a query, as a homography from keypoint pairs that is then refined.

All homographies lead from pixels of the query ("theirs") to pixels of the registered thumbnail ("ours").
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.descriptors import Pixels, to_grey
from matchers.images.voting import PictureCandidate

INLIER_RADIUS_PIXELS = 4.0  # pixels of the thumb that an inlier may be off
MIN_INLIERS = 6  # fewer fit any homography
RANSAC_MAX_ITERATIONS, RANSAC_CONFIDENCE = 2000, 0.999  # of MAGSAC
MIN_SIDE_PIXELS = 24.0  # pixels of the shorter side that our picture has in theirs; smaller it shows nothing
NEIGHBOURHOOD_SIGMA_PIXELS = (
    8.0  # pixels: brightness and contrast are evened out over such a neighbourhood before places are followed
)
NEIGHBOURHOOD_DOWNSCALE = (
    4  # times smaller the neighbourhood is averaged: a fifth of the time, the same to half a level
)
FLOW_WINDOW_PIXELS = (17, 17)  # pixels of the window that is followed
MAX_ROUND_TRIP_PIXELS = 0.7  # pixels: a place followed there and back must come home
MAX_FLOW_PIXELS = 10.0  # pixels that refining may move a place
MIN_TRACKED_POINTS = 12
CONVERGENCE_PIXELS = 0.5  # pixels: a round that moves the corners less is the last one
REFINEMENT_ROUNDS = 2

Homography = NDArray[np.float64]
Points = NDArray[np.float32]


@frozen(eq=False)
class PictureAlignment:
    """A homography with what led to it: inliers among the pairs (0 where it came from hashes)."""

    homography: Homography
    inliers: int = 0
    pairs: int = 0


def align_keypoints(candidate: PictureCandidate) -> PictureAlignment | None:
    """The homography that most pairs agree on."""
    if len(candidate.query_points) < MIN_INLIERS:
        return None
    matrix, mask = cv2.findHomography(
        candidate.query_points,
        candidate.reference_points,
        cv2.USAC_MAGSAC,
        INLIER_RADIUS_PIXELS,
        maxIters=RANSAC_MAX_ITERATIONS,
        confidence=RANSAC_CONFIDENCE,
    )
    inliers = 0 if matrix is None else int(mask.sum())
    if inliers < MIN_INLIERS:
        return None
    return PictureAlignment(np.asarray(matrix, np.float64), inliers, len(candidate.query_points))


def project_corners(homography: Homography, shape: tuple[int, ...]) -> Points | None:
    """The corners of our picture (height, width) in theirs, clockwise from top left; None where that is no picture:
    folded, turned inside out, beyond the horizon, or too small.
    """
    height, width = shape[:2]
    try:
        inverse = np.linalg.inv(homography)
    except np.linalg.LinAlgError:
        return None
    frame = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    projected = frame @ inverse.T
    if not np.isfinite(projected).all() or not (projected[:, 2] * projected[0, 2] > 0).all():
        return None
    quad = projected[:, :2] / projected[:, 2:]
    edges = np.roll(quad, -1, axis=0) - quad
    cross_products = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
    if not (cross_products > 0).all() or np.hypot(edges[:, 0], edges[:, 1]).min() < MIN_SIDE_PIXELS:
        return None
    return quad.astype(np.float32)


def warp_picture(pixels: Pixels, homography: Homography, shape: tuple[int, ...]) -> Pixels:
    """Their picture as seen in our frame."""
    height, width = shape[:2]
    warped_pixels: Any = cv2.warpPerspective(pixels, homography, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return warped_pixels  # type: ignore[no-any-return]


def normalize_contrast(grey: Pixels) -> Pixels:
    """Brightness and contrast of every neighbourhood made alike: places are followed through light and filters."""
    values = grey.astype(np.float32)
    mean, squares = cv2.split(_local_mean(cv2.merge([values, values * values])))
    variance = squares - mean * mean
    normalized: Pixels = np.clip((values - mean) / np.sqrt(np.maximum(variance, 9)) * 40 + 128, 0, 255).astype(np.uint8)
    return normalized


def _local_mean(values: Any) -> Any:
    height, width = values.shape[:2]
    coarse_size = (max(1, width // NEIGHBOURHOOD_DOWNSCALE), max(1, height // NEIGHBOURHOOD_DOWNSCALE))
    blurred = cv2.GaussianBlur(
        cv2.resize(values, coarse_size, interpolation=cv2.INTER_AREA),
        (0, 0),
        NEIGHBOURHOOD_SIGMA_PIXELS / NEIGHBOURHOOD_DOWNSCALE,
    )
    return cv2.resize(blurred, (width, height))


@frozen(eq=False)
class RefinedHomography:
    """A homography that fits to a fraction of a pixel, and how far each place that was followed is still off.

    `residuals` [n, 2] is in pixels of our thumb, not a number where a place was lost.
    """

    homography: Homography
    residuals: Points


def refine_homography(
    reference_normalized: Pixels, points: Points, query_pixels: Pixels, homography: Homography
) -> RefinedHomography:
    """Follow the places [n, 2] of our picture into theirs and correct the homography by where they went."""
    grey = to_grey(query_pixels)
    residuals = np.full(points.shape, np.nan, np.float32)
    for _ in range(REFINEMENT_ROUNDS):
        if len(points) < MIN_TRACKED_POINTS:
            break
        query_normalized = normalize_contrast(warp_picture(grey, homography, reference_normalized.shape))
        tracked, is_tracked = _track_points(reference_normalized, query_normalized, points)
        residuals[:] = np.nan
        residuals[is_tracked] = tracked[is_tracked] - points[is_tracked]
        correction = _estimate_correction(tracked[is_tracked], points[is_tracked], reference_normalized.shape)
        if correction is None:
            break
        homography = correction @ homography
        corrected = cv2.perspectiveTransform(tracked[is_tracked].reshape(-1, 1, 2), correction).reshape(-1, 2)
        residuals[is_tracked] = corrected - points[is_tracked]
        if _max_corner_shift(correction, reference_normalized.shape) < CONVERGENCE_PIXELS:
            break
    return RefinedHomography(homography, residuals)


def _track_points(reference_grey: Pixels, query_grey: Pixels, points: Points) -> tuple[Points, NDArray[np.bool_]]:
    start: Any = points.reshape(-1, 1, 2)
    no_guess: Any = None
    status: Any
    tracked: Any
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(
        reference_grey, query_grey, start, no_guess, winSize=FLOW_WINDOW_PIXELS, maxLevel=1
    )
    tracked_back, status_back, _ = cv2.calcOpticalFlowPyrLK(
        query_grey, reference_grey, tracked, no_guess, winSize=FLOW_WINDOW_PIXELS, maxLevel=1
    )
    tracked, tracked_back = np.asarray(tracked, np.float32).reshape(-1, 2), np.asarray(tracked_back).reshape(-1, 2)
    is_tracked = (status.reshape(-1) == 1) & (status_back.reshape(-1) == 1)
    is_tracked &= np.linalg.norm(tracked_back - points, axis=1) < MAX_ROUND_TRIP_PIXELS
    is_tracked &= np.linalg.norm(tracked - points, axis=1) < MAX_FLOW_PIXELS
    return tracked, is_tracked


def _estimate_correction(tracked: Points, points: Points, shape: tuple[int, ...]) -> Homography | None:
    """What leads from where places went to where they should be; None where too few agree or it leads too far."""
    if len(tracked) < MIN_TRACKED_POINTS:
        return None
    correction, mask = cv2.findHomography(tracked, points, cv2.USAC_MAGSAC, 1.5, maxIters=500, confidence=0.99)
    if (
        correction is None
        or int(mask.sum()) < MIN_TRACKED_POINTS
        or _max_corner_shift(correction, shape) > 0.15 * max(shape[:2])
    ):
        return None
    return np.asarray(correction, np.float64)


def _max_corner_shift(correction: Any, shape: tuple[int, ...]) -> float:
    height, width = shape[:2]
    frame = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float32)
    return float(np.abs(cv2.perspectiveTransform(frame, correction) - frame).max())
