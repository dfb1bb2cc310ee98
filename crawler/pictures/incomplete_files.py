"""Files that end too early or are damaged within: what is there is read, as browsers do.

Rows that could not be decoded hold one value, zero or a JPEG's grey; they are cut off, and in an interlaced picture,
whose rows arrive in passes, only the passes that are whole are kept. libwebp decodes nothing of a file that ends early,
so it is given one that goes on: once with one filling and once with another, and the rows that both agree in are the
picture's own.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
WEBP_FILLINGS = (0x00, 0xAA, 0x55)
# Garbage is decoded until the picture is full. Of 840 x 1200 pixels without loss, a quarter of the file was there: with
# 64 kB of filling libwebp gave up, with 2 MB it did not (2026-12-01).
WEBP_FILLING_BYTES = 1 << 21
_PNG_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
_JPEG_MARKER_RE = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
# ITU-T T.81, table B.1: what may follow the pixels of a scan: the end, tables, another scan, segments of applications.
_JPEG_BETWEEN_SCANS = frozenset((0xC4, 0xCC, *range(0xD9, 0xDE), *range(0xE0, 0xF0), 0xFE))
MAX_MISSING_WITHIN = 0.1  # of the rows between the first and the last one: with more the picture is interlaced
INTERLACE_STEPS = (1, 2, 4, 8)  # every row, every second ... eighth: later passes of PNG and GIF lie between them


def whole_rows(pixels: NDArray[np.uint8], fillings: Iterable[int] = (0,)) -> tuple[slice, slice]:
    """The rows and columns of a partly decoded picture, [height, width] or [height, width, channels], that are its own.

    Rows that hold nothing but one of `fillings` were not decoded. Empty slices if no row was.
    """
    import numpy as np

    values = pixels.reshape(pixels.shape[0], -1)
    is_decoded = np.logical_and.reduce([(values != filling).any(axis=1) for filling in fillings])
    for step in INTERLACE_STEPS:
        decoded = np.flatnonzero(is_decoded[::step])
        if not len(decoded):
            break
        first, last = int(decoded[0]), int(decoded[-1])
        if 1 - len(decoded) / (last + 1 - first) <= MAX_MISSING_WITHIN:
            return slice(first * step, last * step + 1, step), slice(None, None, step)
    decoded = np.flatnonzero(is_decoded)
    return (slice(int(decoded[0]), int(decoded[-1]) + 1) if len(decoded) else slice(0, 0)), slice(None)


def agreeing_rows(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    """The number of rows, from the top, in which two decodings of one picture are the same."""
    differs = (first != second).reshape(first.shape[0], -1).any(axis=1)
    return int(differs.argmax()) if differs.any() else len(differs)


def recompute_png_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they hold: a wrong one would end the reading."""
    parts, offset = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while offset + 12 <= len(data):
        end = offset + 8 + int.from_bytes(data[offset : offset + 4], "big")
        if end + 4 > len(data):
            break
        parts += [data[offset:end], zlib.crc32(data[offset + 4 : end]).to_bytes(4, "big")]
        offset = end + 4
    return b"".join((*parts, data[offset:]))


def is_altered(data: bytes, kind: str, is_strict: bool) -> bool:
    """Whether a picture that was read is damaged within by its checksums, lengths or order of blocks.

    `is_strict`: its decoder had nothing to complain of. What changes the pixels of a JPEG, GIF or WebP and leaves the
    order of its blocks cannot be seen: they have no checksums, and Pillow passes on no warning of its decoders.
    """
    if kind == "PNG":
        return _has_wrong_checksum(data)  # of the last chunk no decoder looks at it
    if kind == "GIF":
        return _has_stray_gif_block(data)
    if kind == "JPEG":
        return _has_stray_jpeg_marker(data)
    if kind == "WEBP":  # nobody knows where the bytes are missing; a last one that only fills up often is
        return not is_strict and 8 + int.from_bytes(data[4:8], "little") - len(data) > 1
    return kind == "BMP" and not is_strict


def _has_wrong_checksum(data: bytes) -> bool:
    offset = len(PNG_SIGNATURE)
    while offset + 12 <= len(data):
        end = offset + 8 + int.from_bytes(data[offset : offset + 4], "big")
        name, checksum = data[offset + 4 : offset + 8], data[end : end + 4]
        if name == b"IEND":
            return False
        if not name.isalpha():
            return True
        is_right = zlib.crc32(data[offset + 4 : end]) == int.from_bytes(checksum, "big")
        if name in _PNG_PIXEL_CHUNKS and len(checksum) == 4 and not is_right:
            return True
        offset = end + 4
    return False


def _has_stray_gif_block(data: bytes) -> bool:
    """Whether bytes that begin no block stand between the blocks of a GIF (GIF89a specification, appendix A)."""
    offset = 13 + _gif_table_bytes(data, 10)
    while offset < len(data):
        introducer = data[offset]
        if introducer == 0x3B:
            return False
        if introducer == 0x2C:
            offset += 11 + _gif_table_bytes(data, offset + 9)  # its size of codes besides
        elif introducer == 0x21:
            offset += 2
        else:
            return True
        while offset < len(data) and data[offset]:
            offset += data[offset] + 1
        offset += 1
    return False


def _gif_table_bytes(data: bytes, offset: int) -> int:
    flags = data[offset] if offset < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _has_stray_jpeg_marker(data: bytes) -> bool:
    """Whether a marker stands in the pixels of a JPEG that cannot follow them."""
    offset = 2
    while match := _JPEG_MARKER_RE.match(data, offset):
        offset = match.end()
        if data[offset - 1] == 0xD9:
            return False
        offset += int.from_bytes(data[offset : offset + 2], "big")
        if data[match.end() - 1] != 0xDA:
            continue
        following = _JPEG_MARKER_RE.search(data, offset)
        if following is None:
            return False
        if data[following.end() - 1] not in _JPEG_BETWEEN_SCANS:
            return True
        offset = following.start()
    return False


def continued_webps(data: bytes) -> Iterator[bytes]:
    """A WebP that ends too early, continued with each of WEBP_FILLINGS in turn."""
    content = bytearray(data)
    missing = _lengthen_chunk(content, 0)
    offset = 12
    while offset + 8 <= len(data):
        if _chunk_end(data, offset) > len(data):
            _lengthen_chunk(content, offset)
            if data[offset : offset + 4] != b"ANMF":
                break
            offset += 24  # a frame of an animation: its picture is a chunk within
            continue
        offset = _chunk_end(data, offset)
    filling_bytes = max(0, missing) + WEBP_FILLING_BYTES
    for filling in WEBP_FILLINGS:
        yield bytes(content) + bytes([filling]) * filling_bytes


def _chunk_end(data: bytes | bytearray, offset: int) -> int:
    size = int.from_bytes(data[offset + 4 : offset + 8], "little")
    return offset + 8 + size + (size & 1)


def _lengthen_chunk(content: bytearray, offset: int) -> int:
    """Add WEBP_FILLING_BYTES to the size that a chunk states; the number of bytes that it lacked before."""
    missing = _chunk_end(content, offset) - len(content)
    size = int.from_bytes(content[offset + 4 : offset + 8], "little")
    content[offset + 4 : offset + 8] = min(size + (size & 1) + WEBP_FILLING_BYTES, 0xFFFFFFFE).to_bytes(4, "little")
    return missing
