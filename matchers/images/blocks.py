"""Block comparison of two aligned pictures: how much of the registered picture is really there, and how exactly.

The number of keypoints that agree cannot tell a copy from a sibling: cartons of one brand share a logo with a hundred
of them. Here every block of 16 x 16 pixels of the registered thumbnail is compared with the same area of the query. A
copy fits to a fraction of a pixel everywhere, another photograph of the same thing does not: over 344 attacked copies
the blocks of nine in ten are off by less than a quarter of a pixel, those of 69 hard wrong pairs by at least a third.
"""

from __future__ import annotations

import cv2
import numpy as np
from attrs import evolve

from matchers.images.alignment import Homography, Points, refine_homography, warp_picture
from matchers.images.copy_decision import BlockAgreement, is_exact
from matchers.images.descriptors import Pixels, to_grey
from matchers.images.distortions import (
    MAX_BEND_RESIDUAL_PIXELS,
    MIN_BEND_OFFSET_PIXELS,
    MIN_FITTED_BLOCKS,
    fit_bend,
    match_colours,
    remove_bend,
    sharpness_ratio,
)
from matchers.images.prepared import Mask, PreparedQuery, PreparedReference, Values

MIN_ALIKE_CORRELATION = 0.6  # above, a block agrees
MAX_UNLIKE_CORRELATION = 0.3  # below, a block shows something else
MIN_TEXTURE_DEVIATION = 4.0  # standard deviation of grey values above which a block is textured; the others are flat
MAX_FLAT_DEVIATION = 6.0  # of a flat block in the query, scaled to the contrast of the reference
MIN_BLOCK_COVERAGE = 0.9  # share of a block that must lie within the query for it to be visible
BLUR_SIGMA_PIXELS = 2.0  # blocks are compared a second time with this blur, which removes noise and halftone dots
MIN_CONTRAST_RATIO = 0.15  # of the query against the reference
DENSITY_RANGE = (0.1, 12.0)  # pixels of the query for one of the reference thumb


def compare_blocks(
    reference: PreparedReference, query: PreparedQuery, homography: Homography
) -> tuple[BlockAgreement, Homography] | None:
    """Refine an alignment and measure the agreement; None if the alignment is degenerate or its scale out of range.

    The homography returned is the refined one.
    """
    density = _pixel_density(homography, reference.grey.shape)
    if density is None:
        return None
    pixels, shrink_factor = query.shrink_to_density(density)
    shrunk_homography = homography @ np.diag([1 / shrink_factor, 1 / shrink_factor, 1])
    textured_blocks = np.flatnonzero(reference.block_deviations > MIN_TEXTURE_DEVIATION)
    refinement = refine_homography(
        reference.normalized, reference.block_centres[textured_blocks], pixels, shrunk_homography
    )
    offsets = np.full((len(reference.block_centres), 2), np.nan, np.float32)
    offsets[textured_blocks] = refinement.residuals
    agreement = _measure_agreement(reference, pixels, refinement.homography, offsets, density)
    return agreement, refinement.homography @ np.diag([shrink_factor, shrink_factor, 1])


def _pixel_density(homography: Homography, shape: tuple[int, ...]) -> float | None:
    """Pixels of the query for one pixel of the reference, at its centre; None if degenerate or out of range."""
    height, width = shape[:2]
    try:
        inverse = np.linalg.inv(homography)
    except np.linalg.LinAlgError:
        return None
    centre_triangle = np.array(
        [[width / 2, height / 2, 1], [width / 2 + 1, height / 2, 1], [width / 2, height / 2 + 1, 1]]
    )
    projected = centre_triangle @ inverse.T
    if not np.isfinite(projected).all() or (np.abs(projected[:, 2]) < 1e-9).any():
        return None
    points = projected[:, :2] / projected[:, 2:]
    x_step, y_step = points[1] - points[0], points[2] - points[0]
    density = float(np.sqrt(abs(x_step[0] * y_step[1] - x_step[1] * y_step[0])))
    return density if DENSITY_RANGE[0] <= density <= DENSITY_RANGE[1] else None


def _measure_agreement(
    reference: PreparedReference, pixels: Pixels, homography: Homography, offsets: Points, density: float
) -> BlockAgreement:
    warped_pixels, visible = _overlay_query(reference, pixels, homography)
    alike, unlike, textured, quiet = _classify_blocks(reference, warped_pixels, visible, density)
    offset_lengths = _vector_lengths(offsets[alike])
    agreement = _count_agreement(reference, visible, (alike, unlike, textured, quiet), offset_lengths, density)
    if is_exact(agreement):
        return agreement
    bend_field, bent_offset = fit_bend(reference, offsets, alike)
    if (
        bend_field is not None
        and bent_offset < MAX_BEND_RESIDUAL_PIXELS
        and np.median(offset_lengths) > MIN_BEND_OFFSET_PIXELS
    ):
        warped_pixels = remove_bend(reference, warped_pixels, bend_field)
        alike, unlike, textured, quiet = _classify_blocks(reference, warped_pixels, visible, density)
    colour_mask = (
        match_colours(reference, warped_pixels, alike if alike.sum() >= MIN_FITTED_BLOCKS else visible) & visible
    )
    return evolve(
        _count_agreement(reference, visible, (alike, unlike, textured, quiet), offset_lengths, density),
        coloured=float(colour_mask.sum()) / max(1, int(visible.sum())),
        bent_offset=bent_offset,
        sharpness=sharpness_ratio(reference, warped_pixels, alike),
    )


def _count_agreement(
    reference: PreparedReference,
    visible: Mask,
    block_masks: tuple[Mask, Mask, Mask, Mask],
    offset_lengths: Values,
    density: float,
) -> BlockAgreement:
    """The agreement of classified blocks (alike, unlike, textured, quiet), without colours, bends and blur."""
    alike, unlike, textured, quiet = block_masks
    marks = np.zeros(len(visible), np.int8)
    for value, mask in ((-3, visible & ~textured), (1, alike), (-1, unlike), (-2, ~visible)):
        marks[mask] = value
    textured_count, visible_count = max(1, int(textured.sum())), max(1, int(visible.sum()))
    return BlockAgreement(
        visible=int(visible.sum()),
        blocks=len(visible),
        textured=int(textured.sum()),
        alike=float(alike.sum()) / textured_count,
        unlike=float(unlike.sum()) / textured_count,
        all_alike=float((alike | (visible & ~textured & quiet)).sum()) / visible_count,
        median_offset=float(np.median(offset_lengths)) if len(offset_lengths) else np.inf,
        worst_offset=float(np.percentile(offset_lengths, 80)) if len(offset_lengths) else np.inf,
        scale=density,
        grid=reference.grid,
        block_marks=marks,
    )


def _overlay_query(reference: PreparedReference, pixels: Pixels, homography: Homography) -> tuple[Pixels, Mask]:
    """The query warped into the frame of the reference, and which blocks it covers."""
    shape = reference.grey.shape
    full_mask = np.full(pixels.shape[:2], 255, np.uint8)
    mask = cv2.warpPerspective(full_mask, homography, (shape[1], shape[0])).astype(np.float32)
    return warp_picture(pixels, homography, shape), (reference.split_blocks(mask) > 250).mean(1) > MIN_BLOCK_COVERAGE


def _classify_blocks(
    reference: PreparedReference, warped_pixels: Pixels, visible: Mask, density: float
) -> tuple[Mask, Mask, Mask, Mask]:
    """Four masks: visible blocks that agree, that show other content, that are textured; blocks flat in the query."""
    reference_grey, query_grey = reference.grey.astype(np.float32), to_grey(warped_pixels).astype(np.float32)
    if density < 1:  # the query was enlarged: blur the reference as much
        reference_grey = cv2.GaussianBlur(reference_grey, (0, 0), 0.55 / density).astype(np.float32)
    fine_blocks = reference.split_blocks(reference_grey), reference.split_blocks(query_grey)
    blurred_blocks = [
        reference.split_blocks(cv2.GaussianBlur(grey, (0, 0), BLUR_SIGMA_PIXELS).astype(np.float32))
        for grey in (reference_grey, query_grey)
    ]
    similarity = np.maximum(_correlation(*fine_blocks), _correlation(blurred_blocks[0], blurred_blocks[1]))
    reference_deviation, query_deviation = fine_blocks[0].std(1), fine_blocks[1].std(1)
    textured = visible & (reference_deviation > MIN_TEXTURE_DEVIATION)
    alike = textured & (similarity > MIN_ALIKE_CORRELATION)
    contrast = float(np.median(query_deviation[alike] / reference_deviation[alike])) if alike.sum() > 4 else 1.0
    quiet = query_deviation / max(contrast, MIN_CONTRAST_RATIO) < MAX_FLAT_DEVIATION
    return alike, textured & (similarity < MAX_UNLIKE_CORRELATION) & ~quiet, textured, quiet


def _vector_lengths(offsets: Points) -> Values:
    lengths = np.linalg.norm(offsets, axis=1)
    finite_lengths: Values = lengths[np.isfinite(lengths)]
    return finite_lengths


def _correlation(a: Values, b: Values) -> Values:
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    covariance = np.einsum("ij,ij->i", a, b)
    normalizer = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    return np.asarray(covariance / (normalizer + 1), dtype=np.float32)
