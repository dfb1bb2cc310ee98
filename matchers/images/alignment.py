"""Alignment: where a registered picture lies within a query, as a homography from keypoint pairs that is then refined.

All homographies map pixels of the query to pixels of the registered picture's thumbnail (the reference).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.descriptors import Pixels, to_grey
from matchers.images.voting import PictureCandidate

INLIER_RADIUS_PIXELS = 4.0  # distance in the thumb up to which a pair is an inlier
MIN_INLIERS = 6  # fewer fit any homography
RANSAC_MAX_ITERATIONS, RANSAC_CONFIDENCE = 2000, 0.999  # of MAGSAC
MIN_SIDE_PIXELS = 24.0  # shorter side of the reference in the query; smaller it shows nothing
# Neighbourhood over which brightness and contrast are evened out before points are tracked.
NEIGHBOURHOOD_SIGMA_PIXELS = 8.0
# Factor by which pictures are shrunk for local means: a fifth of the time, the same result to half a grey level.
NEIGHBOURHOOD_DOWNSCALE = 4
FLOW_WINDOW_PIXELS = (17, 17)  # window of the optical flow
MAX_ROUND_TRIP_PIXELS = 0.7  # a point tracked forth and back must return this close to its start
MAX_FLOW_PIXELS = 10.0  # farthest that tracking may move a point
MIN_TRACKED_POINTS = 12
CONVERGENCE_PIXELS = 0.5  # a round that moves the corners by less is the last one
REFINEMENT_ROUNDS = 2

Homography = NDArray[np.float64]
Points = NDArray[np.float32]


@frozen(eq=False)
class PictureAlignment:
    """A homography and its support: `inliers` among `pairs` of keypoints (by default 0: it came from a hash)."""

    homography: Homography
    inliers: int = 0
    pairs: int = 0


def align_keypoints(candidate: PictureCandidate) -> PictureAlignment | None:
    """The homography that most pairs agree on; None with fewer than `MIN_INLIERS` inliers."""
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
    """The corners of the reference (`shape`: height, width) in the query, clockwise from top left; None if they form no
    plausible picture: folded, turned inside out, beyond the horizon, or too small.
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
    """The query warped into the frame of the reference, of size `shape` (height, width)."""
    height, width = shape[:2]
    warped_pixels: Any = cv2.warpPerspective(pixels, homography, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return warped_pixels  # type: ignore[no-any-return]


def normalize_contrast(grey: Pixels) -> Pixels:
    """The picture with brightness and contrast evened out locally, so that points are tracked through light and
    filters.
    """
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
    """A homography that fits to a fraction of a pixel, and how far each tracked point is still off.

    `residuals` [n, 2] is in pixels of the reference thumb, NaN where a point was lost.
    """

    homography: Homography
    residuals: Points


def refine_homography(
    reference_normalized: Pixels, points: Points, query_pixels: Pixels, homography: Homography
) -> RefinedHomography:
    """Track the points [n, 2] of the reference in the query and correct the homography by where they went."""
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
    """The homography from tracked points to where they should be; None if too few agree or it moves corners too far."""
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
