"""Decode bytes to one upright RGB picture of limited size: the only way in for pictures.

Pictures of works and listings pass through the same decoding and shrinking, since hashes of differently shrunk pictures
drift apart. Runs in a worker process; heavy imports are deferred until they are used.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from crawler.errors import SwordnetError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MAX_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
MAX_DECODED_SIDE_PIXELS = 640  # longer side: keypoints of a tile of a collage need more than hashes do (480)
DRAFT_SIDE_PIXELS = 800  # a JPEG is decoded at 1/2, 1/4 or 1/8 as long as it stays as large as this
SHRINKING_VERSION = 2  # to increase whenever decoding or shrinking changes: hashes of different versions never compare
MIN_BILINEAR_SCALE = 0.7  # from this scale no averaging by area is needed, which takes four times as long

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DECODE_ERRORS = (
    OSError,
    MemoryError,
    OverflowError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
)


class PictureError(SwordnetError):
    """The bytes are not a picture that we decode: another format, broken, or over a limit."""


@frozen(kw_only=True, eq=False)
class DecodedPicture:
    """A shrunk RGB picture (`pixels` [height, width, 3]), upright and on white; `width` and `height` are those of the
    full picture, upright too.
    """

    pixels: NDArray[np.uint8]
    media_type: str
    width: int
    height: int
    codes: tuple[str, ...]  # texts of its QR codes

    @property
    def image(self) -> Image:
        """The pixels as a Pillow image."""
        from PIL import Image as Pictures

        return Pictures.fromarray(self.pixels)


def decode_picture(data: bytes) -> DecodedPicture:
    """Decode the first frame of a JPEG, PNG, WEBP, GIF or AVIF.

    Raises PictureError for anything else, for broken data, more than 25 MB or more than 40 megapixels.
    """
    from PIL import Image

    if len(data) > MAX_BYTES:
        raise PictureError(f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with (
                Image.open(io.BytesIO(strip_png_text(data)), formats=PICTURE_FORMATS) as source,
                _allow_truncated_gif(data),
            ):
                return _decode_first_frame(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"more than {MAX_PIXELS} pixels: {error}") from None
    except _DECODE_ERRORS as error:
        raise PictureError(f"not a picture: {error}") from None


def strip_png_text(data: bytes) -> bytes:
    """A PNG without its texts and colour profiles, which may decompress to any size; other data unchanged."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    chunks, offset = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while offset + 12 <= len(data):
        end = offset + 12 + int.from_bytes(data[offset : offset + 4], "big")
        if data[offset + 4 : offset + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            chunks.append(data[offset:end])
        offset = end
    return b"".join((*chunks, data[offset:]))


@contextmanager
def _allow_truncated_gif(data: bytes) -> Iterator[None]:
    """Let a GIF that is complete to its last byte draw fewer pixels than its size, as browsers do."""
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = data.startswith(b"GIF8") and data.rstrip(b"\x00").endswith(b";")
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _decode_first_frame(source: Image) -> DecodedPicture:
    import numpy as np
    from PIL import ImageOps

    from crawler.pictures.qr import qr_codes

    width, height = source.size
    if width * height > MAX_PIXELS:
        raise PictureError(f"{width} x {height} pixels; at most {MAX_PIXELS} are decoded")
    media_type = "image/jpeg" if source.format == "MPO" else f"image/{(source.format or '').lower()}"
    orientation = source.getexif().get(0x0112, 1)
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    scale = DRAFT_SIDE_PIXELS / max(source.size)  # rounded down: Pillow shrinks to no less than the requested size
    source.draft("RGB", (max(1, int(source.width * scale)), max(1, int(source.height * scale))))
    # exif_transpose copies a picture that is already upright, which takes 3 ms.
    upright = _flatten_on_white(source if orientation == 1 else ImageOps.exif_transpose(source))
    pixels = np.asarray(upright)
    codes = qr_codes(pixels)
    return DecodedPicture(pixels=_shrink_pixels(pixels), media_type=media_type, width=width, height=height, codes=codes)


def _flatten_on_white(image: Image) -> Image:
    import numpy as np
    from PIL import Image as Pictures

    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        return Pictures.fromarray((np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    layered = image.convert("RGBA")
    white = Pictures.new("RGBA", layered.size, (255, 255, 255, 255))
    return Pictures.alpha_composite(white, layered).convert("RGB")


def _shrink_pixels(pixels: NDArray[np.uint8]) -> Any:
    """Shrink by averaging areas: four times as fast as Lanczos, and no ringing that keypoints would pick up."""
    import cv2

    height, width = pixels.shape[:2]
    scale = MAX_DECODED_SIDE_PIXELS / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR if scale >= MIN_BILINEAR_SCALE else cv2.INTER_AREA)
