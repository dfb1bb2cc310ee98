"""A proxy of our own on loopback that resolves a name, checks the address and connects to exactly that address.

Chromium resolves names by itself, so what its pages ask is judged here, where the connection is made: a name that
changes its address between a check and its use gains nothing. With a configured outgoing proxy, Scrapy goes through
here too, and the outgoing proxy is sent the checked address, never the name. TLS stays between browser and site.
"""

from __future__ import annotations

import asyncio
import base64
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from attrs import frozen

from crawler.config import Config
from crawler.web.addresses import refusal
from crawler.web.resolving import Names, NotPublic, names
from crawler.web.session import Session

HEAD = 65_536  # bytes that the head of a request or an answer may take
PATIENCE = 30.0  # seconds for a head, a connection, or silence in between
_OWN = frozenset({b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive", b"te", b"upgrade"})

REFUSED = "Swordnet-Gateway"  # header of answers that are the gateway's own

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@frozen
class Outgoing:
    """The configured proxy beyond this one."""

    host: str
    port: int
    authorization: bytes = b""

    @classmethod
    def of(cls, url: str) -> Outgoing | None:
        """Read from http://USER:PASSWORD@HOST:PORT; None for an empty one."""
        if not url:
            return None
        parts = urlsplit(url)
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        said = b"Proxy-Authorization: Basic " + base64.b64encode(pair.encode()) + b"\r\n" if parts.username else b""
        return cls(parts.hostname or "", parts.port or 80, said)


class Gateway:
    """Listens from the moment it is made; serves once `serve` runs in a loop."""

    def __init__(self, config: Config) -> None:
        self._crawl = config.crawl
        self._names: Names = names(config.crawl.loopback, config.crawl.dns)
        self._outgoing = Outgoing.of(config.crawl.proxy)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[Any]] = set()
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        """How others reach it."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def serve(self) -> None:
        """Answer from now on."""
        self._server = await asyncio.start_server(self._visit, sock=self._socket, limit=HEAD)

    def close(self) -> None:
        """Stop listening and drop what is open."""
        for visit in self._visits:
            visit.cancel()
        if self._server is not None:
            self._server.close()
        self._socket.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)
        try:
            await self._answer(reader, writer)
        except NotPublic as error:
            self.refused.append(str(error))
            await _say(writer, 403)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            await _say(writer, 502)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        method, target, _version = head.split(b"\r\n", 1)[0].split(b" ")
        tunnel = method == b"CONNECT"
        url = f"https://{target.decode('ascii')}" if tunnel else target.decode("ascii")
        address, port = await self._checked(url)
        there = await asyncio.wait_for(self._connect(address, port, tunnel), PATIENCE)
        try:
            if tunnel:
                await _say(writer, 200)
            else:
                there[1].write(_passed_on(head, url, address if self._outgoing else "", self._outgoing))
            await _joined((reader, writer), there, _length(head) if not tunnel else None)
        finally:
            there[1].close()

    async def _checked(self, url: str) -> tuple[str, int]:
        """The address to connect to. Raises NotPublic."""
        why = refusal(url, self._crawl.loopback, self._crawl.ports)
        if why:
            raise NotPublic(f"{url[:200]}: {why}")
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return (await self._names.addresses(parts.hostname or "", port))[0], port

    async def _connect(self, address: str, port: int, tunnel: bool) -> Streams:
        if self._outgoing is None:
            return await asyncio.open_connection(address, port, limit=HEAD)
        reader, writer = await asyncio.open_connection(self._outgoing.host, self._outgoing.port, limit=HEAD)
        if tunnel:
            place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            asked = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode()
            writer.write(asked + self._outgoing.authorization + b"\r\n")
            said = await reader.readuntil(b"\r\n\r\n")
            if said.split(b" ", 2)[1:2] != [b"200"]:
                writer.close()
                raise ConnectionError("the outgoing proxy refused")
        return reader, writer


def gateway_of(session: Session) -> Gateway:
    """The gateway of a session, started when first asked for. Only inside a running loop."""

    def build() -> Gateway:
        made = Gateway(session.config)
        made.starting = asyncio.ensure_future(made.serve())  # type: ignore[attr-defined]
        return made

    return session.shared("gateway", build, Gateway.close)


def _passed_on(head: bytes, url: str, address: str, outgoing: Outgoing | None) -> bytes:
    """The head of a plain request as the site (or, with an `address`, the outgoing proxy) should see it."""
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if address:
        host = f"[{address}]" if ":" in address else address
        path = f"http://{host}:{parts.port or 80}{path}"
    kept = [line for line in lines if line.split(b":", 1)[0].strip().lower() not in _OWN]
    written = b"\r\n".join([first.split(b" ")[0] + b" " + path.encode("ascii") + b" HTTP/1.1", *kept])
    return written + b"\r\nConnection: close\r\n" + (outgoing.authorization if outgoing else b"") + b"\r\n"


def _length(head: bytes) -> int:
    """How many bytes of body a request has. Raises ValueError for what is not plainly a number."""
    found = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            raise ValueError("a chunked request")
        if name.strip().lower() == b"content-length":
            found = int(value)
    return found


async def _joined(here: Streams, there: Streams, length: int | None) -> None:
    """Carry bytes both ways until both are done; of a plain request its body only, and its answer ends the visit."""
    back = asyncio.ensure_future(_carry(there[0], here[1], None))
    out = asyncio.ensure_future(_carry(here[0], there[1], length))
    try:
        await asyncio.wait(
            {back, out}, return_when=asyncio.FIRST_COMPLETED if length is None else asyncio.ALL_COMPLETED
        )
    finally:
        for each in (back, out):
            each.cancel()
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await each


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int | None) -> None:
    left = length
    while left is None or left > 0:
        data = await asyncio.wait_for(reader.read(HEAD if left is None else min(HEAD, left)), 4 * PATIENCE)
        if not data:
            return
        writer.write(data)
        await writer.drain()
        left = None if left is None else left - len(data)


async def _say(writer: asyncio.StreamWriter, status: int) -> None:
    said = {200: "Connection established", 403: "Refused by the guard", 502: "No connection"}[status]
    more = "" if status == 200 else f"{REFUSED}: {status}\r\nContent-Length: {len(said)}\r\nConnection: close\r\n"
    with suppress(OSError):
        writer.write(f"HTTP/1.1 {status} {said}\r\n{more}\r\n{said if more else ''}".encode())
        await writer.drain()
