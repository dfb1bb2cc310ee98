"""Bytes -> Picture: digest, type, size, perceptual hashes and QR codes. Runs in a worker process.

Heavy imports wait until asked. Works and listings pass through the same decoding and the same shrinking, since hashes
of differently shrunk pictures drift apart.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.errors import SwordnetError
from crawler.items import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MAX_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
SHARED_SIDE = 480  # pixels of the longer side before hashing: finer costs 7 to 23 times as much and finds no more

_PNG = b"\x89PNG\r\n\x1a\n"
_BROKEN = (OSError, MemoryError, OverflowError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


class PictureError(SwordnetError):
    """These bytes are no picture that we decode: another format, broken, or over a limit."""


def inspect(data: bytes, url: str) -> Picture:
    """Digest, media type, size after EXIF rotation and perceptual hashes (none for pictures without content).

    Raises PictureError for anything but JPEG, PNG, WEBP, GIF (first frame) and AVIF, for broken data, more than
    25 MB and more than 40 megapixels.
    """
    from crawler.pictures.hashing import perceptual_hashes

    image, media_type, size, codes = _decode(data)
    return Picture(
        url=url,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        width=size[0],
        height=size[1],
        hashes=perceptual_hashes(image),
        codes=codes,
    )


def preview(data: bytes, side: int) -> bytes:
    """The picture as PNG, its longer side at most `side` pixels. Raises PictureError as `inspect` does."""
    image = _decode(data)[0]
    image.thumbnail((side, side))
    draft = io.BytesIO()
    image.save(draft, "PNG")
    return draft.getvalue()


def _decode(data: bytes) -> tuple[Image, str, tuple[int, int], tuple[str, ...]]:
    """The first frame upright, on white, RGB and shrunk; its media type; its full size; what its QR codes say."""
    from PIL import Image

    if len(data) > MAX_BYTES:
        raise PictureError(f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(io.BytesIO(without_text(data)), formats=FORMATS) as source, _forgiving(data):
                return _read(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"more than {MAX_PIXELS} pixels: {error}") from None
    except _BROKEN as error:
        raise PictureError(f"not a picture: {error}") from None


def without_text(data: bytes) -> bytes:
    """A PNG without its texts and colour profiles, which may unpack to any size; everything else as it is."""
    if not data.startswith(_PNG):
        return data
    kept, place = [_PNG], len(_PNG)
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[place:end])
        place = end
    return b"".join((*kept, data[place:]))


@contextmanager
def _forgiving(data: bytes) -> Iterator[None]:
    """A GIF that arrived up to its last byte may draw less than it has room for, as browsers let it."""
    from PIL import ImageFile

    ImageFile.LOAD_TRUNCATED_IMAGES = data.startswith(b"GIF8") and data.rstrip(b"\x00").endswith(b";")
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _read(source: Image) -> tuple[Image, str, tuple[int, int], tuple[str, ...]]:
    from PIL import ImageOps

    from crawler.pictures.qr import qr_codes

    width, height = source.size
    if width * height > MAX_PIXELS:
        raise PictureError(f"{width} x {height} pixels; at most {MAX_PIXELS} are decoded")
    media_type = "image/jpeg" if source.format == "MPO" else f"image/{(source.format or '').lower()}"
    orientation = source.getexif().get(0x0112, 1)
    size = (height, width) if orientation in (5, 6, 7, 8) else (width, height)
    source.draft("RGB", (2 * SHARED_SIDE, 2 * SHARED_SIDE))
    upright = _on_white(ImageOps.exif_transpose(source))
    codes = qr_codes(upright)
    return _shrunk(upright), media_type, size, codes


def _on_white(image: Image) -> Image:
    from PIL import Image as Pictures

    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Pictures.new("RGBA", layered.size, (255, 255, 255, 255))
    return Pictures.alpha_composite(white, layered).convert("RGB")


def _shrunk(image: Image) -> Image:
    from PIL.Image import Resampling

    if max(image.size) > SHARED_SIDE:
        image.thumbnail((SHARED_SIDE, SHARED_SIDE), Resampling.LANCZOS)
    return image
