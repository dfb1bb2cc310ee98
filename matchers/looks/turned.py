"""PDQ codes of many small pictures at once, in any of their eight turns: what is asked about has thirty parts.

The same as pdqhash makes of pictures of at most 128 pixels a side, for which PDQ does not blur (tests compare the two):
64 x 64 grey values, the lowest 16 x 16 waves of their cosine transform without the constant ones, and which of these
lie above the median. Turning a picture swaps or negates waves (Facebook's PDQ paper, 2019, "dihedral hashes"), so eight
turns cost one transform, and thirty parts are one multiplication.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crawler.pictures.hashing import HASH_SIDE, hashed_size
from matchers.looks.sketch import Pixels

SIDE, WAVES = 64, 16

# For np.rot90 0 to 3 times, and the mirror images in pdqhash's order: are rows and columns of waves swapped, are odd
# waves negated from top to bottom, from left to right.
SWAPPED = (False, True, False, True, False, False, True, True)
UPSIDE_DOWN = (False, True, True, False, True, False, False, True)
LEFT_RIGHT = (False, False, True, True, False, True, False, True)

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_PLACES = np.arange(SIDE) + 0.5
_COSINES = (np.sqrt(2 / SIDE) * np.cos(np.pi / SIDE * np.arange(1, WAVES + 1)[:, None] * _PLACES)).astype(np.float32)
_ODD = (-1.0) ** np.arange(1, WAVES + 1).astype(np.float32)


def turned(parts: Sequence[Pixels], turns: Sequence[int]) -> NDArray[np.uint8]:
    """Of RGB pictures of any size: [pictures, turns, 32] bytes."""
    if not parts:
        return np.zeros((0, len(turns), 2 * WAVES), np.uint8)
    waves = _COSINES @ np.stack([_sampled(part) for part in parts]) @ _COSINES.T
    forms = []
    for turn in turns:
        form = waves.transpose(0, 2, 1) if SWAPPED[turn] else waves
        form = form * _ODD[:, None] if UPSIDE_DOWN[turn] else form
        forms.append(form * _ODD if LEFT_RIGHT[turn] else form)
    values = np.stack(forms, 1).reshape(len(parts), len(turns), WAVES * WAVES)
    half = WAVES * WAVES // 2 - 1
    above = values > np.partition(values, half, axis=2)[:, :, half : half + 1]
    return np.packbits(above[:, :, ::-1], axis=2)


def _sampled(part: Pixels) -> NDArray[np.float32]:
    """The grey values of 64 x 64 places."""
    small: Pixels = hashed_size(part)
    assert max(small.shape[:2]) <= HASH_SIDE
    rows, columns = ((_PLACES * extent / SIDE).astype(np.intp) for extent in small.shape[:2])
    grey: NDArray[np.float32] = small[rows][:, columns].astype(np.float32) @ _LUMA
    return grey
