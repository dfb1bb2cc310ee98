"""The evidence for people: their picture with ours outlined in it, theirs set upright, and ours, side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from matchers.looks.align import Homography, warp_picture
from matchers.looks.sketch import Pixels, resize_to_side

PREVIEW_HEIGHT_PIXELS = 320  # pixels
PREVIEW_GAP_PIXELS = 8
OUTLINE_COLOUR, OUTLINE_WIDTH_PIXELS = (220, 30, 40), 2  # RGB, pixels
PREVIEW_JPEG_QUALITY = 82


def draw_preview(
    query_pixels: Pixels, reference_pixels: Pixels, homography: Homography, corners: NDArray[np.float32], mirrored: bool
) -> bytes:
    """A JPEG. `homography` leads from theirs (mirrored where said) to ours, `corners` are ours in theirs as it is."""
    outlined = _scale_to_height(query_pixels)
    outline = np.rint(corners * (PREVIEW_HEIGHT_PIXELS / query_pixels.shape[0])).astype(np.int32)
    cv2.polylines(outlined, [outline], True, OUTLINE_COLOUR, OUTLINE_WIDTH_PIXELS, cv2.LINE_AA)
    aligned_pixels = warp_picture(
        np.ascontiguousarray(query_pixels[:, ::-1]) if mirrored else query_pixels, homography, reference_pixels.shape
    )
    panels = [outlined, _scale_to_height(aligned_pixels), _scale_to_height(reference_pixels)]
    gap = np.full((PREVIEW_HEIGHT_PIXELS, PREVIEW_GAP_PIXELS, 3), 255, np.uint8)
    sheet = np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)
    is_encoded, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_JPEG_QUALITY]
    )
    assert is_encoded
    return bytes(jpeg)


def _scale_to_height(pixels: Pixels) -> Pixels:
    """At the sheet's height, cut where it would be wider than twice that."""
    scale = PREVIEW_HEIGHT_PIXELS / pixels.shape[0]
    resized = resize_to_side(pixels, max(1, round(max(pixels.shape[:2]) * scale)))
    panel = np.full((PREVIEW_HEIGHT_PIXELS, resized.shape[1], 3), 255, np.uint8)
    panel[: min(PREVIEW_HEIGHT_PIXELS, resized.shape[0])] = resized[:PREVIEW_HEIGHT_PIXELS]
    return np.ascontiguousarray(panel[:, : 2 * PREVIEW_HEIGHT_PIXELS])
