"""Which addresses may be asked: http and https to public hosts; loopback only where the configuration says so.

Checked for every request whatever its origin, and for everything a browser page asks. Names that resolve to private
addresses are refused where the connection is made (`GuardedResolver`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from crawler.items import Outcome
from crawler.web.outcomes import Unanswered

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

PORTS = {80, 443, 8080, 8443}
# Special-use names that no public resolver answers (RFC 6761, 6762, 7686, 9476), and what networks use within.
NOT_PUBLIC = frozenset(
    {
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "arpa",
        "invalid",
        "test",
        "example",
        "onion",
        "alt",
    }
)


def refusal(url: str, loopback: Collection[str] = ()) -> str | None:
    """Why an address may not be asked; None if it may. `loopback` holds HOST:PORT pairs that are let through."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        return str(error)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme or 'missing'}"
    if f"{host}:{port}" in loopback:
        return None
    if parts.username or parts.password:
        return "user name or password in the address"
    if not host or port not in PORTS:
        return "no host" if not host else f"port {port}"
    address = literal(host)
    if address is not None and not address.is_global:
        return f"{address} is not a public address"
    if host.rpartition(".")[2] in NOT_PUBLIC:
        return f"{host} is not a public name"
    return None


def literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host spells, in any spelling the system accepts (127.1, 0x7f000001, full-width digits)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.encode("idna").decode("ascii")))
        except (OSError, UnicodeError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address


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
