"""Name resolution, here only: an address that is not public is never returned.

The SSRF guard resolves a name before a request. Whoever opens the connection (Twisted, the browser's gateway) resolves
it again and connects to exactly that address, so DNS rebinding gains nothing. One private address is enough to refuse
a name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.names import dns
from zope.interface import implementer

from crawler.config import load_config
from crawler.web.address_policy import is_public, parse_address

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

LOOKUP_TIMEOUT_SECONDS = 10.0  # for one lookup
CHECK_TTL_SECONDS = 60.0  # that the guard's check is reused; a connection never relies on it
MAX_CACHED_CHECKS = 10_000
_ADDRESS_FAMILIES = {dns.A: socket.AF_INET, dns.AAAA: socket.AF_INET6}


class NonPublicAddressError(OSError):
    """A name or a literal IP address leads to an address that is not public."""


class PublicResolver:
    """Resolves names to public addresses; others pass only for the configured `loopback` HOST:PORT pairs."""

    def __init__(self, loopback: Collection[str] = (), server: str = "") -> None:
        self._loopback = frozenset(loopback)
        self._server = server
        self._checks: dict[str, tuple[float, str]] = {}
        self.refusals: dict[str, str] = {}  # host -> why the last connection to it was refused

    async def resolve(self, host: str, port: int) -> list[str]:
        """The public addresses of a host, at least one.

        Raises NonPublicAddressError where one is not public, another OSError where there is none.
        """
        literal_address = parse_address(host)
        addresses = [str(literal_address)] if literal_address is not None else await self._lookup(host.rstrip("."))
        if not addresses:
            raise OSError(f"{host} has no address")
        if f"{host}:{port}" not in self._loopback:
            for address in addresses:
                if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                    self.refusals[host] = f"{host} points to {address}, which is not a public address"
                    raise NonPublicAddressError(self.refusals[host])
        return addresses

    async def cached_refusal(self, host: str, port: int) -> str | None:
        """Why a host may not be requested, by its addresses within the last CHECK_TTL_SECONDS.

        None where it may, and where it has no address.
        """
        if parse_address(host) is not None:
            return None  # a literal address: `url_refusal` has judged it
        checked_at, reason = self._checks.get(host, (-CHECK_TTL_SECONDS, ""))
        if monotonic() - checked_at >= CHECK_TTL_SECONDS:
            reason = ""
            try:
                await self.resolve(host, port)
            except NonPublicAddressError as error:
                reason = str(error)
            except OSError:
                return None  # the connection will fail and say why
            if len(self._checks) >= MAX_CACHED_CHECKS:
                self._checks.clear()
            self._checks[host] = monotonic(), reason
        return reason or None

    async def _lookup(self, host: str) -> list[str]:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
        if self._server:
            return await _query_server(name, self._server)
        loop = asyncio.get_running_loop()
        entries = await asyncio.wait_for(loop.getaddrinfo(name, None, type=socket.SOCK_STREAM), LOOKUP_TIMEOUT_SECONDS)
        return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


async def _query_server(name: str, server: str) -> list[str]:
    """The addresses in the A and AAAA records of a name, from `server` (HOST:PORT). Raises TimeoutError."""
    host, _, port = server.rpartition(":")
    addresses: list[str] = []
    for record_type in (dns.A, dns.AAAA):
        message: Any = cast(Any, dns.Message)(id=secrets.randbelow(1 << 16), recDes=1)
        message.addQuery(name.encode("ascii"), type=record_type)
        answer: Any = cast(Any, dns.Message)()
        answer.fromStr(await _exchange_datagrams(message.toStr(), (host, int(port))))
        records = [record.payload for record in answer.answers if record.type == record_type]
        addresses += [socket.inet_ntop(_ADDRESS_FAMILIES[record_type], record.address) for record in records]
    return addresses


async def _exchange_datagrams(question: bytes, server: tuple[str, int]) -> bytes:
    """Send a DNS query and return the answer: the datagram from `server` with the same id. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    class _AnswerProtocol(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _source: Any) -> None:
            if data[:2] == question[:2] and not answer.done():
                answer.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(_AnswerProtocol, remote_addr=server)
    try:
        transport.sendto(question)
        return await asyncio.wait_for(answer, LOOKUP_TIMEOUT_SECONDS / 2)
    finally:
        transport.close()


@cache
def resolver_for(loopback: Collection[str] = (), server: str = "") -> PublicResolver:
    """The resolver for these settings, shared by the guard, the reactor and the gateway of a process."""
    return PublicResolver(loopback, server)


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Do nothing: a lookup ends by itself."""


@implementer(IHostnameResolver)
class GuardedResolver:
    """Twisted's adapter to PublicResolver: every connection of the reactor uses it, literal addresses included."""

    def __init__(self, reactor: Any, resolver: PublicResolver) -> None:
        self._reactor = reactor
        self._resolver = resolver
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """The resolver for `scrapy crawl`, which needs it before its settings are complete; crawler.worker builds its
        own.
        """
        crawl = load_config().crawl
        return cls(reactor, resolver_for(crawl.loopback, crawl.dns))

    def install_on_reactor(self) -> None:
        """Make this the name resolver of the reactor."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803 - Twisted's name
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[Any] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Report the public addresses of a name to the receiver; none where the name is refused or unknown."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        task = asyncio.ensure_future(self._report_addresses(resolutionReceiver, hostName, portNumber))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return resolution

    async def _report_addresses(self, receiver: Any, host: str, port: int) -> None:
        addresses: list[str] = []
        with suppress(OSError, UnicodeError, ValueError):
            addresses = await self._resolver.resolve(host, port)
        for address in addresses:
            address_class = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(address_class("TCP", address, port))
        receiver.resolutionComplete()
