"""Bodies without their content codings, within limits: gzip, deflate, br and zstd, named or recognised by their bytes.

Recorders label bodies loosely. A coding that is none of HTTP's (`none`, `utf-8`) was never applied, and one that the
bytes do not show was undone before recording.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_BODY_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 65_536
_MAX_CODINGS = 4  # of one body; servers send one, a proxy may add another
_GZIP_MAGIC, _ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# Without a magic number brotli is known by its name alone, and text by its first byte: these begin markup, JSON, or a
# byte order mark, and no page in deflate or brotli that anybody met.
_TEXT_STARTS = (b"<", b"{", b"[", b"\xef\xbb\xbf")


def remove_codings(body: bytes, codings: str, limit: int = MAX_BODY_BYTES) -> bytes:
    """A body without the codings of a Content-Encoding header ("gzip, br": the last one was applied last).

    Names that are no coding are ignored, and so is a coding that was undone already. Raises ValueError where a body is
    damaged or cut, and where it has more than `limit` bytes.
    """
    names = [name.strip().lower() for name in codings.split(",")]
    known = [name for name in names if name in _DECODERS]
    for name in reversed(known[:_MAX_CODINGS]):
        if body and _shows_coding(body, name):
            body = _DECODERS[name](body, limit)
    if len(body) > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    return body


def gunzip(stream: BinaryIO, limit: int) -> bytes:
    """Decompress a gzip stream of any number of members. Raises ValueError if damaged, truncated or over `limit`."""
    pieces: list[bytes] = []
    size, is_complete = 0, False
    decompressor = zlib.decompressobj(31)
    while data := stream.read(_CHUNK_BYTES):
        while data:
            try:
                pieces.append(decompressor.decompress(data, limit - size + 1))
            except zlib.error as error:
                raise ValueError(f"damaged gzip: {error}") from None
            size += len(pieces[-1])
            if size > limit:
                raise ValueError(f"unpacks to more than {limit} bytes")
            data = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            is_complete = decompressor.eof
            if is_complete:
                decompressor = zlib.decompressobj(31)
                data = data.lstrip(b"\x00")
    if not is_complete:
        raise ValueError("cut gzip: the end is missing")
    return b"".join(pieces)


def _shows_coding(body: bytes, name: str) -> bool:
    """Whether a body can be in a coding: its magic number is there, or, without one, it does not begin as text."""
    if name in ("gzip", "x-gzip"):
        return body.startswith(_GZIP_MAGIC)
    if name == "zstd":
        return body.startswith(_ZSTD_MAGIC)
    return not body.lstrip().startswith(_TEXT_STARTS)


def _gunzip_body(body: bytes, limit: int) -> bytes:
    pieces, size = [], 0
    while body.startswith(_GZIP_MAGIC):
        stream = zlib.decompressobj(31)
        pieces.append(_drain(stream, body, limit - size, "gzip"))
        size += len(pieces[-1])
        body = stream.unused_data
    return b"".join(pieces)


def _inflate(body: bytes, limit: int) -> bytes:
    """A deflate body with the zlib header that HTTP means, or without it as some servers send it."""
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0  # RFC 1950, 2.2
    return _drain(zlib.decompressobj(15 if has_header else -15), body, limit, "deflate")


def _drain(stream: Any, body: bytes, limit: int, coding: str) -> bytes:
    try:
        content: bytes = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise ValueError(f"damaged {coding}: {error}") from None
    if len(content) > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    if not stream.eof:
        raise ValueError(f"cut {coding}: the end is missing")
    return content


def _decompress_zstd(body: bytes, limit: int) -> bytes:
    pieces, size = [], 0
    while body:
        stream = zstd.ZstdDecompressor()
        try:
            pieces.append(stream.decompress(body, max_length=limit - size + 1))
        except zstd.ZstdError as error:
            raise ValueError(f"damaged zstd: {error}") from None
        size += len(pieces[-1])
        if size > limit:
            raise ValueError(f"a body of more than {limit} bytes")
        if not stream.eof:
            raise ValueError("cut zstd: the end is missing")
        body = stream.unused_data
    return b"".join(pieces)


def _decompress_brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    try:
        pieces = [stream.process(body, output_buffer_limit=limit)]
        size = len(pieces[0])
        while not stream.can_accept_more_data() and not stream.is_finished() and size <= limit:
            pieces.append(stream.process(b"", output_buffer_limit=limit))
            size += len(pieces[-1])
    except brotli.error as error:
        raise ValueError(f"damaged brotli: {error}") from None
    if size > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    if not stream.is_finished():
        raise ValueError("cut brotli: the end is missing")
    return b"".join(pieces)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip_body,
    "x-gzip": _gunzip_body,
    "deflate": _inflate,
    "br": _decompress_brotli,
    "zstd": _decompress_zstd,
}
