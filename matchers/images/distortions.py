"""Distortions of a whole picture that leave its content the same: nonrigid (bends), photometric (filter, light, blur).

A page of an open book, a wavy print, a lens: a homography cannot model them, a displacement field of third degree in x
and y can. Of 12 pictures drawn on bent paper 11 agree in .97 of their blocks and more once the bend is removed (.69 to
.93 before). Two photographs of one heap of things are displaced in steps, not smoothly: such a field leaves residuals
four times as large.
"""

from __future__ import annotations

import cv2
import numpy as np

from matchers.images.alignment import Points
from matchers.images.descriptors import Pixels, to_grey
from matchers.images.prepared import BLOCK_PIXELS, Mask, PreparedReference

BEND_DEGREE = 3  # of the polynomial in x and y
MIN_BEND_BLOCKS = 40  # blocks needed to fit a bend
# A bend is removed if it leaves a median offset below the first and the median offset before is above the second.
MAX_BEND_RESIDUAL_PIXELS, MIN_BEND_OFFSET_PIXELS = 0.3, 0.5


def fit_bend(reference: PreparedReference, offsets: Points, alike: Mask) -> tuple[Points | None, float]:
    """A smooth displacement field fitted to the offsets of the blocks that agree, at the centre of every block, and the
    median residual in pixels; None and infinity with fewer than `MIN_BEND_BLOCKS` usable blocks.
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
    """The query, already in the frame of the reference, with a bend of the paper removed."""
    height, width = reference.grey.shape
    rows, columns = reference.grid
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    # the field is known at the centre of each block; cv2.resize places its samples there too
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


MAX_COLOUR_ERROR_LEVELS = 18.0  # error of a block's mean colour after fitting the filter
MIN_FITTED_BLOCKS = 12  # blocks needed to fit a filter
FITTING_ROUNDS = 5  # covered blocks weigh less in each round


def match_colours(reference: PreparedReference, query_pixels: Pixels, fitted_blocks: Mask) -> Mask:
    """The blocks whose colour is that of the reference under one filter and light gradient over the whole picture.

    Both are fitted on `fitted_blocks`; no block matches if these are fewer than `MIN_FITTED_BLOCKS`.
    """
    query_colours = reference.block_means(query_pixels)
    if fitted_blocks.sum() < MIN_FITTED_BLOCKS:
        return np.zeros(len(query_colours), np.bool_)
    place = (reference.block_centres / np.array(reference.grey.shape[::-1], np.float32) - 0.5) * 128
    regressors = np.concatenate([reference.block_colours, np.ones((len(query_colours), 1), np.float32), place], 1)
    weight = np.ones(int(fitted_blocks.sum()), np.float32)
    for _ in range(FITTING_ROUNDS):
        rows = regressors[fitted_blocks] * weight[:, None]
        coefficients = np.linalg.solve(
            rows.T @ rows + np.eye(6) * 50, rows.T @ (query_colours[fitted_blocks] * weight[:, None])
        )
        errors = np.abs(regressors @ coefficients - query_colours).mean(1)
        weight = (1 / np.sqrt(1 + (errors[fitted_blocks] / 8) ** 2)).astype(np.float32)
    return np.asarray(errors < MAX_COLOUR_ERROR_LEVELS)


def sharpness_ratio(reference: PreparedReference, query_pixels: Pixels, alike: Mask) -> float:
    """Fine detail of the query against the reference in the blocks that agree, at equal contrast; a blurred picture is
    under .5.
    """
    if not alike.any():
        return 1.0
    fine, coarse = [], []
    for grey in (reference.grey, to_grey(query_pixels)):
        values = grey.astype(np.float32)
        blurred = cv2.GaussianBlur(values, (0, 0), 1.0).astype(np.float32)
        fine.append(reference.split_blocks(values - blurred)[alike].std(1))
        coarse.append(reference.split_blocks(blurred)[alike].std(1))
    return float(np.median((fine[1] / (coarse[1] + 1)) / (fine[0] / (coarse[0] + 1) + 0.01)))
