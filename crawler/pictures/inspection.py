"""Inspect a picture: digest, type, size, perceptual hashes and QR codes; the protocol of inspectors.

The crawl knows only the protocol; an inspector that compares with registered pictures is passed in by desk
(matchers/images/image_matcher.py). Both run in a worker process, so an inspector must be picklable.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

from attrs import Factory, frozen

from crawler.items import Picture
from crawler.pictures.decoding import DecodedPicture, decode_picture
from crawler.pictures.problems import PictureError, format_of


def inspect_picture(data: bytes, url: str) -> Picture:
    """Decode and describe a picture; without hashes if it is blank. Raises PictureError."""
    return describe_picture(decode_picture(data), data, url)


def describe_picture(decoded: DecodedPicture, data: bytes, url: str) -> Picture:
    """The Picture of bytes that are already decoded; its `problem` is "partly" where rows are missing, "altered" where
    the file is damaged within.
    """
    from crawler.pictures.hashing import perceptual_hashes

    problem = "partly" if decoded.share < 1 else "altered" if decoded.is_altered else ""
    values = {"kind": format_of(data), "percent": round(100 * decoded.share)}
    return Picture(
        url=url,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=decoded.media_type,
        width=decoded.width,
        height=decoded.height,
        hashes=perceptual_hashes(decoded.pixels),
        codes=decoded.codes,
        problem=problem,
        problem_values=values if problem else {},
    )


PREVIEW_QUALITY = 85  # of JPEG; a photo of 192 pixels then has some 10 kB, as PNG 60


def render_preview(data: bytes, side: int, file_format: Literal["PNG", "JPEG"] = "PNG") -> bytes:
    """The picture in another format, its longer side at most `side` pixels. Raises PictureError as `inspect_picture`
    does.
    """
    image = decode_picture(data).image
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, file_format, quality=PREVIEW_QUALITY)
    return buffer.getvalue()


def first_preview(
    pictures: Iterable[Picture],
    read: Callable[[str], bytes | None],
    side: int,
    file_format: Literal["PNG", "JPEG"] = "PNG",
) -> bytes | None:
    """A preview (`render_preview`) of the first picture that is stored and can be decoded; None if there is none.

    `read` gives the stored bytes of a SHA-256.
    """
    for picture in pictures:
        data = read(picture.sha256) if picture.sha256 else None
        try:
            if data:
                return render_preview(data, side, file_format)
        except PictureError:
            continue
    return None


@frozen(kw_only=True)
class PictureInspection:
    """A picture, and the images drawn as evidence by their SHA-256: the registered picture beside this one."""

    picture: Picture
    previews: Mapping[str, bytes] = Factory(dict)


class PictureInspector(Protocol):
    """Inspects pictures. `index_version` names what they are compared with; a picture that was compared with another
    version is inspected again.
    """

    @property
    def index_version(self) -> str:
        """The version of the index; "" if nothing is compared."""

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Decode and describe a picture. Raises PictureError."""


@frozen
class PlainInspector:
    """Inspects a picture without comparing it."""

    index_version: str = ""

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Decode a picture and compute digest, size, hashes and QR codes. Raises PictureError."""
        return PictureInspection(picture=inspect_picture(data, url))
