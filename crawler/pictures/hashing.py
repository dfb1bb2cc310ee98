"""Compute perceptual hashes of a whole picture: ImageHash's phash (64 bits) and PDQ (256 bits).

Both are computed from the picture at HASH_SIDE_PIXELS, whatever its original size: over 344 attacked pictures the
hashes of a copy that was saved at 150 pixels differ from the original's by 10 bits this way, and by 28 when 480 pixels
are hashed; nothing else changes, and it costs less. A blank picture has no hashes and is never matched.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from crawler.items import PictureHash
from crawler.pictures.decoding import SHRINKING_VERSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PHASH, PDQ = "phash", "pdq"
HASH_SIDE_PIXELS = 128
MIN_SIDE_PIXELS = 16  # smaller pictures are spacers
MIN_GREY_DEVIATION = 4.0  # of the grey values (0..255); flatter pictures are blank


def perceptual_hashes(pixels: NDArray[np.uint8]) -> tuple[PictureHash, ...]:
    """Hashes of an RGB picture; () if it is blank or a spacer."""
    import cv2
    import imagehash
    from PIL import Image as Pictures

    small = shrink_for_hash(pixels)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    if min(pixels.shape[:2]) < MIN_SIDE_PIXELS or grey.std() < MIN_GREY_DEVIATION:
        return ()
    bits, _quality = _compute_pdq(small)
    return (_picture_hash(PHASH, str(imagehash.phash(Pictures.fromarray(grey)))), _picture_hash(PDQ, bits_to_hex(bits)))


def shrink_for_hash(pixels: Any) -> Any:
    """An RGB array with at most HASH_SIDE_PIXELS a side, averaged by area."""
    import cv2

    height, width = pixels.shape[:2]
    scale = HASH_SIDE_PIXELS / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def bits_to_hex(bits: Any) -> str:
    """256 bits (an array of 0 and 1) as 64 hex digits."""
    import numpy as np

    return np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes().hex()


@cache
def hasher_version(hasher: str) -> tuple[str, str]:
    """Version and settings of a hasher: hashes that differ in either are never compared."""
    package, bits = {PHASH: ("imagehash", 64), PDQ: ("pdqhash", 256)}[hasher]
    return f"{package} {version(package)}", f"{bits} bit, whole, {HASH_SIDE_PIXELS} px, shrinking {SHRINKING_VERSION}"


def _picture_hash(hasher: str, value: str) -> PictureHash:
    package_version, settings = hasher_version(hasher)
    return PictureHash(hasher=hasher, version=package_version, settings=settings, value=value)


def _compute_pdq(small: Any) -> tuple[Any, int]:
    import pdqhash

    bits, quality = pdqhash.compute(small)
    return bits, quality
