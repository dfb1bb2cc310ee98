"""The evidence for people: their picture with ours outlined in it, theirs set upright, and ours, side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from matchers.looks.align import Homography, warped
from matchers.looks.sketch import Pixels, fitted

HEIGHT = 320  # pixels
GAP = 8
LINE, THICK = (220, 30, 40), 2  # RGB, pixels
QUALITY = 82


def beside(theirs: Pixels, ours: Pixels, homography: Homography, corners: NDArray[np.float32], mirrored: bool) -> bytes:
    """A JPEG. `homography` leads from theirs (mirrored where said) to ours, `corners` are ours in theirs as it is."""
    outlined = _high(theirs)
    placed = np.rint(corners * (HEIGHT / theirs.shape[0])).astype(np.int32)
    cv2.polylines(outlined, [placed], True, LINE, THICK, cv2.LINE_AA)
    seen = warped(np.ascontiguousarray(theirs[:, ::-1]) if mirrored else theirs, homography, ours.shape)
    row = [outlined, _high(seen), _high(ours)]
    gap = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    sheet = np.concatenate([row[0], gap, row[1], gap, row[2]], axis=1)
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return bytes(jpeg)


def _high(pixels: Pixels) -> Pixels:
    """At the sheet's height, cut where it would be wider than twice that."""
    share = HEIGHT / pixels.shape[0]
    sized = fitted(pixels, max(1, round(max(pixels.shape[:2]) * share)))
    high = np.full((HEIGHT, sized.shape[1], 3), 255, np.uint8)
    high[: min(HEIGHT, sized.shape[0])] = sized[:HEIGHT]
    return np.ascontiguousarray(high[:, : 2 * HEIGHT])
