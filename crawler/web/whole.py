"""Whether a compressed answer arrived whole, and that it does not grow beyond measure.

Scrapy takes half a gzip stream for a page and passes unknown codings on. Whole looks at the bytes as received and flags
the response; crawler.web.visit makes the flag an outcome. Unpacked holds the limits and says which one was hit.
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

from crawler.web.limits import OverLimit

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

CUT = "cut"  # the stream ends before its end
UNREADABLE = "unreadable"  # a coding that nobody unpacks
_UNPACKED = frozenset({b"", b"identity", b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"})
_GZIP_FILE = b"\x1f\x8b\x08"
_STEP = 65_536
_SMALL = 1 << 20  # bytes up to which nobody minds how well they were packed


class Whole:
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
        if any(each.strip() not in _UNPACKED for each in coding.split(b",")):
            response.flags.append(UNREADABLE)
        elif coding in _STREAMS and _STREAMS[coding](response.body, self._limit):
            response.flags.append(CUT)
        return response


def _gzip_is_cut(body: bytes, limit: int) -> bool:
    return body[:2] == b"\x1f\x8b" and _zlib_is_cut(body, limit, 31)


def _deflate_is_cut(body: bytes, limit: int) -> bool:
    """With or without zlib's own head, as servers do both."""
    return _zlib_is_cut(body, limit, 15) and _zlib_is_cut(body, limit, -15)


def _zlib_is_cut(body: bytes, limit: int, kind: int) -> bool:
    """Whether a stream stops short; one that unpacks beyond the limit is left to the one who unpacks."""
    stream, unpacked, rest = zlib.decompressobj(kind), 0, body
    try:
        while rest and not stream.eof and unpacked <= limit:
            unpacked += len(stream.decompress(rest, _STEP))
            rest = stream.unconsumed_tail
    except zlib.error:
        return True
    return not stream.eof and unpacked <= limit


def _brotli_is_cut(body: bytes, limit: int) -> bool:
    stream = brotli.Decompressor()
    try:
        unpacked = len(stream.process(body, output_buffer_limit=_STEP))
        while unpacked <= limit and not stream.is_finished() and not stream.can_accept_more_data():
            unpacked += len(stream.process(b"", output_buffer_limit=_STEP))
    except brotli.error:
        return True
    return not stream.is_finished() and unpacked <= limit


_STREAMS: dict[bytes, Callable[[bytes, int], bool]] = {
    b"gzip": _gzip_is_cut,
    b"x-gzip": _gzip_is_cut,
    b"deflate": _deflate_is_cut,
    b"br": _brotli_is_cut,
}


class Unpacked(HttpCompressionMiddleware):
    """Downloader middleware: Scrapy's unpacking within [limits]."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """The limits are those of the session."""
        made = super().from_crawler(crawler)
        limits = crawler.spider.session.config.limits  # type: ignore[union-attr]
        made.ratio, made.codings = limits.ratio, limits.codings
        return made

    ratio: int
    codings: int

    def process_response(self, request: scrapy.Request, response: Response, spider: Any = None) -> Any:
        """The response with its body unpacked. Raises OverLimit."""
        layers = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if layers > self.codings:
            raise OverLimit("codings", f"{layers} layers of compression")
        packed = len(response.body)
        try:
            made = super().process_response(request, response)
        except IgnoreRequest as error:
            raise OverLimit("page_limit", str(error)) from None
        if made.body[:3] == _GZIP_FILE:  # a file that is compressed by itself, as sitemaps are
            made = made.replace(body=self._unpacked(made.body, request.meta.get("download_maxsize", self._max_size)))
        if len(made.body) > max(_SMALL, packed * self.ratio):
            raise OverLimit("ratio", f"{packed} bytes became {len(made.body)}")
        return made

    def _unpacked(self, body: bytes, limit: int) -> bytes:
        """A gzip file's content. Raises OverLimit; what is no whole gzip file stays as it is."""
        stream = zlib.decompressobj(31)
        try:
            content = stream.decompress(body, limit + 1)
        except zlib.error:
            return body
        if len(content) > limit:
            raise OverLimit("page_limit", f"a compressed file of more than {limit} bytes")
        return content if stream.eof else body
