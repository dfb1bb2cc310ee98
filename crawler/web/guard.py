"""Which addresses may be asked: http and https to public hosts; loopback only where the configuration says so.

Checked for every request whatever its origin, and for everything a browser page asks. Names that resolve to private
addresses are refused where the connection is made (`GuardedResolver`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import scrapy
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from crawler.items import Outcome
from crawler.web.addresses import literal, refusal
from crawler.web.outcomes import Unanswered

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class Guard:
    """Downloader middleware, the last before the downloader: refuses what `refusal` refuses."""

    def __init__(self, loopback: Collection[str]) -> None:
        self._loopback = loopback

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Loopback exceptions come from the session's configuration."""
        return cls(crawler.spider.session.config.crawl.loopback)  # type: ignore[union-attr]

    def process_request(self, request: scrapy.Request) -> None:
        """Refuse or pass."""
        why = refusal(request.url, self._loopback)
        if why:
            raise Unanswered(Outcome.REFUSED, f"refused by the guard: {why}")


class GuardedResolver(CachingThreadedResolver):
    """Resolves names, and refuses those that point to an address that is not public."""

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        """The address of a name; DNSLookupError if it is not public. Literal addresses were judged by `refusal`."""
        if literal(name) is not None:
            return super().getHostByName(name, timeout)
        return super().getHostByName(name, timeout).addCallback(_public, name)


def _public(address: str, name: str) -> str:
    if not ipaddress.ip_address(address).is_global:
        raise DNSLookupError(f"{name} points to {address}, which is not a public address")
    return address
