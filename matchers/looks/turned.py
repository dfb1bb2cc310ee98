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

from crawler.pictures.hashing import HASH_SIDE_PIXELS, shrink_for_hash
from matchers.looks.sketch import Pixels

SAMPLE_SIDE_PIXELS, DCT_WAVES = 64, 16

# For np.rot90 0 to 3 times, and the mirror images in pdqhash's order: are rows and columns of waves swapped, are odd
# waves negated from top to bottom, from left to right.
TURN_TRANSPOSES = (False, True, False, True, False, False, True, True)
TURN_FLIPS_VERTICALLY = (False, True, True, False, True, False, False, True)
TURN_FLIPS_HORIZONTALLY = (False, False, True, True, False, True, False, True)

_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_SAMPLE_CENTRES = np.arange(SAMPLE_SIDE_PIXELS) + 0.5
_DCT_COSINES = (
    np.sqrt(2 / SAMPLE_SIDE_PIXELS)
    * np.cos(np.pi / SAMPLE_SIDE_PIXELS * np.arange(1, DCT_WAVES + 1)[:, None] * _SAMPLE_CENTRES)
).astype(np.float32)
_ODD_WAVE_SIGNS = (-1.0) ** np.arange(1, DCT_WAVES + 1).astype(np.float32)


def dihedral_pdq_codes(parts: Sequence[Pixels], turns: Sequence[int]) -> NDArray[np.uint8]:
    """Of RGB pictures of any size: [pictures, turns, 32] bytes."""
    if not parts:
        return np.zeros((0, len(turns), 2 * DCT_WAVES), np.uint8)
    waves = _DCT_COSINES @ np.stack([_sample_grey(part) for part in parts]) @ _DCT_COSINES.T
    spectra = []
    for turn in turns:
        spectrum = waves.transpose(0, 2, 1) if TURN_TRANSPOSES[turn] else waves
        spectrum = spectrum * _ODD_WAVE_SIGNS[:, None] if TURN_FLIPS_VERTICALLY[turn] else spectrum
        spectra.append(spectrum * _ODD_WAVE_SIGNS if TURN_FLIPS_HORIZONTALLY[turn] else spectrum)
    values = np.stack(spectra, 1).reshape(len(parts), len(turns), DCT_WAVES * DCT_WAVES)
    median_rank = DCT_WAVES * DCT_WAVES // 2 - 1
    is_above_median = values > np.partition(values, median_rank, axis=2)[:, :, median_rank : median_rank + 1]
    return np.packbits(is_above_median[:, :, ::-1], axis=2)


def _sample_grey(part: Pixels) -> NDArray[np.float32]:
    """The grey values of 64 x 64 places."""
    resized: Pixels = shrink_for_hash(part)
    assert max(resized.shape[:2]) <= HASH_SIDE_PIXELS
    rows, columns = ((_SAMPLE_CENTRES * extent / SAMPLE_SIDE_PIXELS).astype(np.intp) for extent in resized.shape[:2])
    grey: NDArray[np.float32] = resized[rows][:, columns].astype(np.float32) @ _LUMA_WEIGHTS
    return grey
