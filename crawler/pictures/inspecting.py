"""Bytes -> Picture: digest, type, size, perceptual hashes and QR codes. Runs in a worker process."""

from __future__ import annotations

import hashlib
import io

from crawler.items import Picture
from crawler.pictures.decoding import DecodedPicture, decode_picture


def inspect_picture(data: bytes, url: str) -> Picture:
    """What a picture is by itself; hashes are missing where it shows nothing. Raises PictureError."""
    return describe_picture(decode_picture(data), data, url)


def describe_picture(decoded: DecodedPicture, data: bytes, url: str) -> Picture:
    """The Picture of bytes that were decoded already."""
    from crawler.pictures.hashing import perceptual_hashes

    return Picture(
        url=url,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=decoded.media_type,
        width=decoded.width,
        height=decoded.height,
        hashes=perceptual_hashes(decoded.pixels),
        codes=decoded.codes,
    )


def render_preview(data: bytes, side: int) -> bytes:
    """The picture as PNG, its longer side at most `side` pixels. Raises PictureError as `inspect_picture` does."""
    image = decode_picture(data).image
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
