"""Whether a compressed answer arrived whole: Scrapy takes half a gzip stream for a page and passes unknown codings on.

Looks at the bytes as received, before they are unpacked, and flags the response; crawler.web.visit makes the flag an
outcome. Nothing is kept of what is unpacked here, and no more is unpacked than a page may hold.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import scrapy
from scrapy.http import Response

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

CUT = "cut"  # the stream ends before its end
UNREADABLE = "unreadable"  # a coding that nobody unpacks
_GZIP = frozenset({b"gzip", b"x-gzip"})
_UNPACKED = frozenset({b"", b"identity", b"gzip", b"x-gzip", b"deflate", b"br", b"zstd"})
_STEP = 65_536


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
        elif coding in _GZIP and response.body[:2] == b"\x1f\x8b" and self._is_cut(response.body):
            response.flags.append(CUT)
        return response

    def _is_cut(self, body: bytes) -> bool:
        """Whether a gzip stream stops short; one that unpacks beyond the limit is left to the one who unpacks."""
        stream, unpacked, rest = zlib.decompressobj(31), 0, body
        try:
            while rest and not stream.eof and unpacked <= self._limit:
                unpacked += len(stream.decompress(rest, _STEP))
                rest = stream.unconsumed_tail
        except zlib.error:
            return True
        return not stream.eof and unpacked <= self._limit
