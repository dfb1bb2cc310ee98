"""Why a picture could not be read: a key with values, which becomes a sentence in the reader's language.

What no reader here decodes is refused by its first bytes, whatever its name and Content-Type say, so that the sentence
can say what it is and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from crawler.errors import SwordnetError
from crawler.items import Picture
from crawler.messages import render_message

WEB_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")  # shown by every browser
PICTURE_FORMATS = (*WEB_FORMATS, "TIFF", "BMP", "ICO", "JPEG2000")
MAX_SNIFFED_BYTES = 1024

_MESSAGES = "crawler.pictures"
# ISO 14496-12: the brands of a file; those of photos that HEVC packs, and those that Pillow reads.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_JPEG_XL_STARTS = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
_VIDEO_STARTS = (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"\0\0\x01\xba")
_FORMAT_STARTS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("JPEG", (b"\xff\xd8\xff",)),
    ("PNG", (b"\x89PNG\r\n\x1a\n",)),
    ("GIF", (b"GIF87a", b"GIF89a")),
    ("TIFF", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    ("BMP", (b"BM",)),
    ("ICO", (b"\0\0\x01\0",)),
    ("JPEG2000", (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")),
)
_SVG_RE = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_PAGE_RE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|title|meta)\b", re.IGNORECASE)


class PictureError(SwordnetError):
    """A picture could not be had or decoded: `key` and `values` of the sentence that says why."""

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values
        super().__init__(problem_sentence(key, values))

    def in_language(self, language: str) -> str:
        """The sentence of the problem in a language, as a value of other messages."""
        return problem_sentence(self.key, self.values, language)

    def __reduce__(self) -> tuple[Any, ...]:
        return _build_error, (self.key, self.values)


def _build_error(key: str, values: Mapping[str, Any]) -> PictureError:
    return PictureError(key, **values)


def with_problem(picture: Picture, error: PictureError) -> Picture:
    """The picture with the reason why it was not read."""
    return evolve(picture, problem=error.key, problem_values=error.values)


def problem_sentence(key: str, values: Mapping[str, Any], language: str = "en") -> str:
    """The sentence of a problem, without the picture's name and without a full stop."""
    return render_message(_MESSAGES, key, language, **{"kinds": ", ".join(PICTURE_FORMATS), **values})


def problem_label(key: str, language: str = "en") -> str:
    """A word or two for a kind of problem, to count by."""
    return render_message(_MESSAGES, f"label_{key}", language)


def format_of(data: bytes) -> str | None:
    """The one of PICTURE_FORMATS that bytes begin as; None if there is none."""
    for name, starts in _FORMAT_STARTS:
        if data.startswith(starts):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if data[4:8] == b"ftyp" else None


def check_kind(data: bytes) -> None:
    """Raise PictureError for bytes that are something else than a picture, or a kind of picture that is not read."""
    start = data[:MAX_SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n\0")
    if not start:
        raise PictureError("empty")
    if data[4:8] == b"ftyp":
        _check_brands(data)
    if data.startswith(_JPEG_XL_STARTS):
        raise PictureError("unread_kind", kind="JPEG XL")
    if start.startswith(b"%PDF-"):
        raise PictureError("unread_kind", kind="PDF")
    if data.startswith(_VIDEO_STARTS):
        raise PictureError("video")
    if start.startswith(b"<"):
        if _SVG_RE.search(start):
            raise PictureError("unread_kind", kind="SVG")
        raise PictureError("page" if _PAGE_RE.search(start) else "unknown")


def _check_brands(data: bytes) -> None:
    size = min(int.from_bytes(data[:4], "big"), MAX_SNIFFED_BYTES)
    brands = {data[8:12], *(data[offset : offset + 4] for offset in range(16, size - 3, 4))}
    if brands & _AVIF_BRANDS or data[8:12] in (b"jp2 ", b"jpx "):
        return
    if brands & _HEIC_BRANDS:
        raise PictureError("unread_kind", kind="HEIC")
    raise PictureError("video")
