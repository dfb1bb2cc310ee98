"""What lies over a whole picture and changes nothing of what it shows: a filter, a slope of light, blur."""

from __future__ import annotations

import cv2
import numpy as np

from matchers.looks.sides import Mask, PreparedReference
from matchers.looks.sketch import Pixels, to_grey

MAX_COLOUR_ERROR_LEVELS = 18.0  # levels that the mean colour of a block may be off after the filter was fitted
MIN_FITTED_BLOCKS = 12  # blocks that it is fitted on
FITTING_ROUNDS = 5  # of fitting; blocks that are covered count less each time


def match_colours(reference: PreparedReference, query_pixels: Pixels, fitted_blocks: Mask) -> Mask:
    """Blocks whose colour is what a filter over the whole picture, and a slope of light, make of ours."""
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
    """Fine detail of theirs against ours in the blocks that agree, in our contrast; a blurred picture is under .5."""
    if not alike.any():
        return 1.0
    fine, coarse = [], []
    for grey in (reference.grey, to_grey(query_pixels)):
        values = grey.astype(np.float32)
        blurred = cv2.GaussianBlur(values, (0, 0), 1.0).astype(np.float32)
        fine.append(reference.split_blocks(values - blurred)[alike].std(1))
        coarse.append(reference.split_blocks(blurred)[alike].std(1))
    return float(np.median((fine[1] / (coarse[1] + 1)) / (fine[0] / (coarse[0] + 1) + 0.01)))
