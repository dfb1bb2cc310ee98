"""Decompression of responses within limits, and detection of truncated streams.

Scrapy accepts half a gzip stream as a page and passes unknown codings on. TruncationMiddleware inspects the bytes as
received and flags the response; crawler.web.requests turns the flag into an outcome. CompressionMiddleware enforces
the limits on size, ratio and layers, and names the one that was exceeded.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]
import scrapy
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.web.limits import LimitExceededError

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

TRUNCATED_FLAG = "cut"  # the compressed stream is incomplete
UNREADABLE_FLAG = "unreadable"  # an unknown content coding
_KNOWN_CODINGS = frozenset({b"", b"identity", b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"})
_GZIP_MAGIC = b"\x1f\x8b\x08"
_CHUNK_BYTES = 65_536
_RATIO_EXEMPT_BYTES = 1 << 20  # bytes after decompression up to which the ratio is not checked


class TruncationMiddleware:
    """Downloader middleware that flags truncated and unreadable responses; runs before decompression."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware with the size limit of a page (DOWNLOAD_MAXSIZE)."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_response(self, request: scrapy.Request, response: Response) -> Response:
        """The response, flagged where its body is truncated or its coding unknown."""
        coding = (response.headers.get("Content-Encoding") or b"").strip().lower()
        if any(name.strip() not in _KNOWN_CODINGS for name in coding.split(b",")):
            response.flags.append(UNREADABLE_FLAG)
        elif coding in _TRUNCATION_CHECKS and _TRUNCATION_CHECKS[coding](response.body, self._limit):
            response.flags.append(TRUNCATED_FLAG)
        return response


def _is_gzip_truncated(body: bytes, limit: int) -> bool:
    return body[:2] == b"\x1f\x8b" and _is_zlib_truncated(body, limit, 31)


def _is_deflate_truncated(body: bytes, limit: int) -> bool:
    """Whether a deflate stream is truncated, read with and without the zlib header: servers send both."""
    return _is_zlib_truncated(body, limit, 15) and _is_zlib_truncated(body, limit, -15)


def _is_zlib_truncated(body: bytes, limit: int, window_bits: int) -> bool:
    """Whether a stream is truncated or broken; False beyond `limit` bytes, which CompressionMiddleware handles."""
    stream, unpacked_bytes, remaining = zlib.decompressobj(window_bits), 0, body
    try:
        while remaining and not stream.eof and unpacked_bytes <= limit:
            unpacked_bytes += len(stream.decompress(remaining, _CHUNK_BYTES))
            remaining = stream.unconsumed_tail
    except zlib.error:
        return True
    return not stream.eof and unpacked_bytes <= limit


def _is_brotli_truncated(body: bytes, limit: int) -> bool:
    stream = brotli.Decompressor()
    try:
        unpacked_bytes = len(stream.process(body, output_buffer_limit=_CHUNK_BYTES))
        while unpacked_bytes <= limit and not stream.is_finished() and not stream.can_accept_more_data():
            unpacked_bytes += len(stream.process(b"", output_buffer_limit=_CHUNK_BYTES))
    except brotli.error:
        return True
    return not stream.is_finished() and unpacked_bytes <= limit


_TRUNCATION_CHECKS: dict[bytes, Callable[[bytes, int], bool]] = {
    b"gzip": _is_gzip_truncated,
    b"x-gzip": _is_gzip_truncated,
    b"deflate": _is_deflate_truncated,
    b"br": _is_brotli_truncated,
}


class CompressionMiddleware(HttpCompressionMiddleware):
    """Downloader middleware: Scrapy's decompression within [limits]."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The middleware with the limits of the session."""
        middleware = super().from_crawler(crawler)
        limits = crawler.spider.session.config.limits  # type: ignore[union-attr]
        middleware.max_ratio, middleware.max_codings = limits.ratio, limits.codings
        return middleware

    max_ratio: int
    max_codings: int

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """The response with its body decompressed. Raises LimitExceededError (codings, page_limit, ratio)."""
        layers = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if layers > self.max_codings:
            raise LimitExceededError("codings", f"{layers} layers of compression")
        packed_bytes = len(response.body)
        try:
            unpacked = super().process_response(request, response)
        except IgnoreRequest as error:
            raise LimitExceededError("page_limit", str(error)) from None
        if unpacked.body[:3] == _GZIP_MAGIC:  # a gzip file as content, as sitemaps are
            unpacked = unpacked.replace(
                body=self._decompress_gzip_file(unpacked.body, request.meta.get("download_maxsize", self._max_size))
            )
        if len(unpacked.body) > max(_RATIO_EXEMPT_BYTES, packed_bytes * self.max_ratio):
            raise LimitExceededError("ratio", f"{packed_bytes} bytes became {len(unpacked.body)}")
        return unpacked

    def _decompress_gzip_file(self, body: bytes, limit: int) -> bytes:
        """The content of a gzip file; a body that is not a complete gzip file is returned unchanged.

        Raises LimitExceededError where the content is longer than `limit` bytes.
        """
        stream = zlib.decompressobj(31)
        try:
            content = stream.decompress(body, limit + 1)
        except zlib.error:
            return body
        if len(content) > limit:
            raise LimitExceededError("page_limit", f"a compressed file of more than {limit} bytes")
        return content if stream.eof else body
