"""Download handler that bounds response headers while they arrive.

Twisted closes the connection at the first line over 16 KB, so that one huge cookie hides an honest page, and reads
interim responses (103) without end. Here a header that is too long is skipped, a head that is too long ends the
download, and the error names the limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.exceptions import DownloadCancelledError
from twisted.internet.defer import Deferred

from crawler.config import LimitsConfig
from crawler.web.limits import LimitExceededError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class _LimitedParser(_LenientHTTPClientParser):
    """Counts the bytes in the head of one response. It takes over Scrapy's parser object, so it has no __init__."""

    limits: LimitsConfig
    head_bytes = 0
    interim_answers = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Receive bytes of the head or the body. Raises LimitExceededError(head)."""
        if self.state in ("STATUS", "HEADER"):
            if self.head_bytes > self.limits.head:
                raise LimitExceededError("head", f"more than {self.limits.head} bytes of headers")
            self.head_bytes += len(data)
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Raise LimitExceededError(head) for a header line without an end."""
        raise LimitExceededError("head", f"a header of more than {self.limits.head} bytes")

    def statusReceived(self, status: bytes) -> None:  # noqa: N802 - Twisted's name
        """Receive a status line; interim responses have one each. Raises LimitExceededError(interim)."""
        if status.partition(b" ")[2].startswith(b"1"):
            self.interim_answers += 1
            if self.interim_answers > self.limits.interim:
                raise LimitExceededError("interim", f"more than {self.limits.interim} interim answers")
        super().statusReceived(status)  # type: ignore[no-untyped-call]

    def headerReceived(self, name: bytes, value: bytes) -> None:  # noqa: N802 - Twisted's name
        """Receive one header; ignore it if it is longer than `limits.header`."""
        if len(name) + len(value) <= self.limits.header:
            super().headerReceived(name, value)  # type: ignore[no-untyped-call]


class _LimitedProtocol(_LenientHTTP11ClientProtocol):
    limits: LimitsConfig

    def request(self, request: Any) -> Deferred[Any]:
        """Send a request and let _LimitedParser read its response."""
        answer = super().request(request)
        parser: Any = self._parser
        parser.__class__ = _LimitedParser
        parser.limits, parser.MAX_LENGTH = self.limits, self.limits.head
        return answer


def _client_factory(limits: LimitsConfig) -> type[_LenientHTTP11ClientFactory]:
    class Factory(_LenientHTTP11ClientFactory):
        def buildProtocol(self, addr: Any) -> _LimitedProtocol:  # noqa: N802 - Twisted's name
            protocol = _LimitedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
            protocol.limits = limits
            return protocol

    return Factory


class HeaderLimitsMixin:
    """Mixin for a Twisted download handler: its connections read response heads within [limits]."""

    _pool: Any

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)  # type: ignore[call-arg]
        self._pool._factory = _client_factory(crawler.settings["SWORDNET_LIMITS"])


class HttpDownloadHandler(HeaderLimitsMixin, HTTP11DownloadHandler):
    """Download handler for http and https with bounded response heads."""


def find_exceeded_limit(error: BaseException | None) -> LimitExceededError | None:
    """The LimitExceededError that ended a download, searched for in an exception and its causes; None without one."""
    for _ in range(8):
        if isinstance(error, LimitExceededError) or error is None:
            return error
        if isinstance(error, DownloadCancelledError):
            return LimitExceededError("page_limit", str(error))
        for reason in getattr(error, "reasons", ()):
            if isinstance(getattr(reason, "value", None), LimitExceededError):
                exceeded: LimitExceededError = reason.value
                return exceeded
        error = error.__cause__
    return None
