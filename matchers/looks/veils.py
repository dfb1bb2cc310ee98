"""What lies over a whole picture and changes nothing of what it shows: a filter, a slope of light, blur."""

from __future__ import annotations

import cv2
import numpy as np

from matchers.looks.sides import Mask, Ours
from matchers.looks.sketch import Pixels, grey_of

HUE_OFF = 18.0  # levels that the mean colour of a block may be off after the filter was fitted
LEAST_FITTED = 12  # blocks that it is fitted on
ROUNDS = 5  # of fitting; blocks that are covered count less each time


def colour_fits(ours: Ours, seen: Pixels, base: Mask) -> Mask:
    """Blocks whose colour is what a filter over the whole picture, and a slope of light, make of ours."""
    theirs = ours.means(seen)
    if base.sum() < LEAST_FITTED:
        return np.zeros(len(theirs), np.bool_)
    place = (ours.centres / np.array(ours.grey.shape[::-1], np.float32) - 0.5) * 128
    known = np.concatenate([ours.colours, np.ones((len(theirs), 1), np.float32), place], 1)
    weight = np.ones(int(base.sum()), np.float32)
    for _ in range(ROUNDS):
        rows = known[base] * weight[:, None]
        fit = np.linalg.solve(rows.T @ rows + np.eye(6) * 50, rows.T @ (theirs[base] * weight[:, None]))
        miss = np.abs(known @ fit - theirs).mean(1)
        weight = (1 / np.sqrt(1 + (miss[base] / 8) ** 2)).astype(np.float32)
    return np.asarray(miss < HUE_OFF)


def sharpness(ours: Ours, seen: Pixels, alike: Mask) -> float:
    """Fine detail of theirs against ours in the blocks that agree, in our contrast; a blurred picture is under .5."""
    if not alike.any():
        return 1.0
    fine, coarse = [], []
    for grey in (ours.grey, grey_of(seen)):
        values = grey.astype(np.float32)
        soft = cv2.GaussianBlur(values, (0, 0), 1.0).astype(np.float32)
        fine.append(ours.split(values - soft)[alike].std(1))
        coarse.append(ours.split(soft)[alike].std(1))
    return float(np.median((fine[1] / (coarse[1] + 1)) / (fine[0] / (coarse[0] + 1) + 0.01)))
