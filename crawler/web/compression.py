"""Decompression of responses within limits, and detection of truncated streams.

Scrapy takes half a gzip stream for a page and passes unknown codings on. TruncationMiddleware inspects the bytes as
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

TRUNCATED_FLAG = "cut"  # the stream ends before its end
UNREADABLE_FLAG = "unreadable"  # a coding that nobody unpacks
_KNOWN_CODINGS = frozenset({b"", b"identity", b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"})
_GZIP_MAGIC = b"\x1f\x8b\x08"
_CHUNK_BYTES = 65_536
_RATIO_EXEMPT_BYTES = 1 << 20  # bytes up to which nobody minds how well they were packed


class TruncationMiddleware:
    """Downloader middleware, nearer to the downloader than the one that unpacks."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The limit is that of a page."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_response(self, request: scrapy.Request, response: Response) -> Response:
        """The response, flagged where it is not whole."""
        coding = (response.headers.get("Content-Encoding") or b"").strip().lower()
        if any(name.strip() not in _KNOWN_CODINGS for name in coding.split(b",")):
            response.flags.append(UNREADABLE_FLAG)
        elif coding in _TRUNCATION_CHECKS and _TRUNCATION_CHECKS[coding](response.body, self._limit):
            response.flags.append(TRUNCATED_FLAG)
        return response


def _is_gzip_truncated(body: bytes, limit: int) -> bool:
    return body[:2] == b"\x1f\x8b" and _is_zlib_truncated(body, limit, 31)


def _is_deflate_truncated(body: bytes, limit: int) -> bool:
    """With or without zlib's own head, as servers do both."""
    return _is_zlib_truncated(body, limit, 15) and _is_zlib_truncated(body, limit, -15)


def _is_zlib_truncated(body: bytes, limit: int, window_bits: int) -> bool:
    """Whether a stream stops short; one that unpacks beyond the limit is left to the one who unpacks."""
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
    """Downloader middleware: Scrapy's unpacking within [limits]."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The limits are those of the session."""
        middleware = super().from_crawler(crawler)
        limits = crawler.spider.session.config.limits  # type: ignore[union-attr]
        middleware.max_ratio, middleware.max_codings = limits.ratio, limits.codings
        return middleware

    max_ratio: int
    max_codings: int

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """The response with its body unpacked. Raises OverLimit."""
        layers = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if layers > self.max_codings:
            raise LimitExceededError("codings", f"{layers} layers of compression")
        packed_bytes = len(response.body)
        try:
            unpacked = super().process_response(request, response)
        except IgnoreRequest as error:
            raise LimitExceededError("page_limit", str(error)) from None
        if unpacked.body[:3] == _GZIP_MAGIC:  # a file that is compressed by itself, as sitemaps are
            unpacked = unpacked.replace(
                body=self._decompress_gzip_file(unpacked.body, request.meta.get("download_maxsize", self._max_size))
            )
        if len(unpacked.body) > max(_RATIO_EXEMPT_BYTES, packed_bytes * self.max_ratio):
            raise LimitExceededError("ratio", f"{packed_bytes} bytes became {len(unpacked.body)}")
        return unpacked

    def _decompress_gzip_file(self, body: bytes, limit: int) -> bytes:
        """A gzip file's content. Raises OverLimit; what is no whole gzip file stays as it is."""
        stream = zlib.decompressobj(31)
        try:
            content = stream.decompress(body, limit + 1)
        except zlib.error:
            return body
        if len(content) > limit:
            raise LimitExceededError("page_limit", f"a compressed file of more than {limit} bytes")
        return content if stream.eof else body
