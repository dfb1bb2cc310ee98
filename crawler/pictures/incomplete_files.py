"""Files that end too early or are damaged within: what is there is read, as browsers do.

Rows that could not be decoded hold one value, zero or a JPEG's grey; they are cut off, and in an interlaced picture,
whose rows arrive in passes, only the passes that are whole are kept. libwebp decodes nothing of a file that ends early,
so it is given one that goes on: once with one filling and once with another, and the rows that both agree in are the
picture's own.
"""

from __future__ import annotations

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
