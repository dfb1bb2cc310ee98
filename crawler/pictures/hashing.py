"""A decoded picture -> perceptual hashes of the whole: ImageHash's phash (64 bits) and PDQ (256 bits).

Both are made of the picture at HASH_SIDE pixels, whatever size it came in: over 344 attacked pictures the hashes of a
copy that was saved at 150 pixels lie 10 bits from the original's so, and 28 when 480 pixels are hashed; nothing else
changes, and it costs less. A picture that shows nothing has no hashes and is never matched.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from crawler.items import PictureHash
from crawler.pictures.decoding import SHRINKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PHASH, PDQ = "phash", "pdq"
HASH_SIDE = 128  # pixels
MIN_SIDE = 16  # pixels; smaller pictures are spacers
MIN_DEVIATION = 4.0  # of the grey values (0..255); flatter pictures show nothing


def perceptual_hashes(pixels: NDArray[np.uint8]) -> tuple[PictureHash, ...]:
    """Hashes of an RGB picture; none where it shows nothing."""
    import cv2
    import imagehash
    from PIL import Image as Pictures

    small = hashed_size(pixels)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    if min(pixels.shape[:2]) < MIN_SIDE or grey.std() < MIN_DEVIATION:
        return ()
    bits, _quality = _pdq(small)
    return (_made(PHASH, str(imagehash.phash(Pictures.fromarray(grey)))), _made(PDQ, hexadecimal(bits)))


def hashed_size(pixels: Any) -> Any:
    """An RGB array with at most HASH_SIDE pixels a side, averaged by areas."""
    import cv2

    height, width = pixels.shape[:2]
    share = HASH_SIDE / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def hexadecimal(bits: Any) -> str:
    """256 bits (an array of 0 and 1) as 64 hex digits."""
    import numpy as np

    return np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes().hex()


@cache
def maker(hasher: str) -> tuple[str, str]:
    """Version and settings of a hasher: hashes that differ in either are never compared."""
    package, bits = {PHASH: ("imagehash", 64), PDQ: ("pdqhash", 256)}[hasher]
    return f"{package} {version(package)}", f"{bits} bit, whole, {HASH_SIDE} px, shrinking {SHRINKING}"


def _made(hasher: str, value: str) -> PictureHash:
    told, settings = maker(hasher)
    return PictureHash(hasher=hasher, version=told, settings=settings, value=value)


def _pdq(small: Any) -> tuple[Any, int]:
    import pdqhash

    bits, quality = pdqhash.compute(small)
    return bits, quality
