"""Names become addresses here and nowhere else, and an address that is not public never leaves.

The guard asks before a request, and whoever opens the connection (Twisted, the gateway of the browser) asks again and
connects to exactly what it got: a name that changes its address in between gains nothing. One address inside is enough
to refuse a name.
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

from crawler.config import load
from crawler.web.addresses import is_public, literal

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

PATIENCE = 10.0  # seconds for one lookup
KEPT = 60.0  # seconds that the guard's first look stands; a connection never relies on it
MOST_KEPT = 10_000
_FAMILIES = {dns.A: socket.AF_INET, dns.AAAA: socket.AF_INET6}


class NotPublic(OSError):
    """A name, or a spelled address, leads to an address that is not public."""


class Names:
    """Looks names up and lets only public addresses (or the configured loopback pairs) pass."""

    def __init__(self, loopback: Collection[str] = (), server: str = "") -> None:
        self._loopback = frozenset(loopback)
        self._server = server
        self._looked: dict[str, tuple[float, str]] = {}
        self.refused: dict[str, str] = {}  # host -> why the last connection to it was refused

    async def addresses(self, host: str, port: int) -> list[str]:
        """The public addresses of a host, at least one. Raises NotPublic, or another OSError if there is none."""
        spelled = literal(host)
        found = [str(spelled)] if spelled is not None else await self._lookup(host.rstrip("."))
        if not found:
            raise OSError(f"{host} has no address")
        if f"{host}:{port}" not in self._loopback:
            for each in found:
                if not is_public(ipaddress.ip_address(each.partition("%")[0])):
                    self.refused[host] = f"{host} points to {each}, which is not a public address"
                    raise NotPublic(self.refused[host])
        return found

    async def glance(self, host: str, port: int) -> str | None:
        """Why a host may not be asked, as its addresses were within the last minute; None too where it has none."""
        if literal(host) is not None:
            return None  # its spelling was judged
        at, why = self._looked.get(host, (-KEPT, ""))
        if monotonic() - at >= KEPT:
            why = ""
            try:
                await self.addresses(host, port)
            except NotPublic as error:
                why = str(error)
            except OSError:
                return None  # the connection will tell
            if len(self._looked) >= MOST_KEPT:
                self._looked.clear()
            self._looked[host] = monotonic(), why
        return why or None

    async def _lookup(self, host: str) -> list[str]:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
        if self._server:
            return await _asked(name, self._server)
        loop = asyncio.get_running_loop()
        found = await asyncio.wait_for(loop.getaddrinfo(name, None, type=socket.SOCK_STREAM), PATIENCE)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _asked(name: str, server: str) -> list[str]:
    """The A and AAAA records that one name server gives. Raises TimeoutError."""
    host, _, port = server.rpartition(":")
    found: list[str] = []
    for kind in (dns.A, dns.AAAA):
        message: Any = cast(Any, dns.Message)(id=secrets.randbelow(1 << 16), recDes=1)
        message.addQuery(name.encode("ascii"), type=kind)
        answer: Any = cast(Any, dns.Message)()
        answer.fromStr(await _exchanged(message.toStr(), (host, int(port))))
        records = [each.payload for each in answer.answers if each.type == kind]
        found += [socket.inet_ntop(_FAMILIES[kind], each.address) for each in records]
    return found


async def _exchanged(question: bytes, server: tuple[str, int]) -> bytes:
    """The datagram that answers a question: the one with its number, from the server that was asked."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    class Listening(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _source: Any) -> None:
            if data[:2] == question[:2] and not answered.done():
                answered.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Listening, remote_addr=server)
    try:
        transport.sendto(question)
        return await asyncio.wait_for(answered, PATIENCE / 2)
    finally:
        transport.close()


@cache
def names(loopback: Collection[str] = (), server: str = "") -> Names:
    """The Names of these settings: one for the guard, the reactor and the gateway of a process."""
    return Names(loopback, server)


@implementer(IHostResolution)
class _Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """A lookup ends by itself."""


@implementer(IHostnameResolver)
class GuardedResolver:
    """Twisted's way to ask Names: every connection of the reactor goes through it, literal addresses included."""

    def __init__(self, reactor: Any, known: Names) -> None:
        self._reactor = reactor
        self._names = known
        self._doing: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Self:
        """For `scrapy crawl`, which asks before its settings are complete; crawler.work builds its own."""
        crawl = load().crawl
        return cls(reactor, names(crawl.loopback, crawl.dns))

    def install_on_reactor(self) -> None:
        """From now on every name of the reactor is looked up here."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803 - Twisted's name
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[Any] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Tell the receiver the public addresses of a name; none where the name is refused or unknown."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        task = asyncio.ensure_future(self._tell(resolutionReceiver, hostName, portNumber))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return resolution

    async def _tell(self, receiver: Any, host: str, port: int) -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError, ValueError):
            found = await self._names.addresses(host, port)
        for each in found:
            kind = IPv6Address if ":" in each else IPv4Address
            receiver.addressResolved(kind("TCP", each, port))
        receiver.resolutionComplete()
