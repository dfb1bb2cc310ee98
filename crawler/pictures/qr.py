"""Read the QR codes of a picture: sellers show a share's address as one, where no text filter reads it.

A picture is searched at no more than MAX_SIDE_PIXELS a side: codes that people photograph with a phone are larger than
that needs. Measured over twelve covers of the demo at 1200 x 900 pixels (2026-11-22): a picture without a code costs
4.7 to 7.3 ms, median 4.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE_PIXELS = 960
MAX_QR_CODES = 4  # per picture
MAX_CODE_CHARS = 2000


def qr_codes(pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    """The texts of the QR codes in an RGB picture, each once; rotated and slanted codes are read too."""
    import cv2
    import zxingcpp

    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    scale = MAX_SIDE_PIXELS / max(grey.shape)
    if scale < 1:
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    barcodes = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return tuple(dict.fromkeys(code.text[:MAX_CODE_CHARS] for code in barcodes if code.text))[:MAX_QR_CODES]
