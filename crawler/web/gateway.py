"""Local HTTP proxy that resolves a name, checks the address and connects to exactly that address.

Chromium would resolve names by itself, so its requests are checked here, where the connection is made: DNS rebinding
gains nothing. With a configured outgoing proxy, Scrapy uses this gateway too, and the outgoing proxy receives the
checked address, never the name. TLS stays between browser and site.
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
from crawler.web.address_policy import url_refusal
from crawler.web.dns import NonPublicAddressError, PublicResolver, resolver_for
from crawler.web.session import Session

MAX_HEAD_BYTES = 65_536  # of the head of a request or a response; also the chunk size when relaying
IO_TIMEOUT_SECONDS = 30.0  # for a head or a connection; a relay may be silent four times as long
_HOP_BY_HOP_HEADERS = frozenset(
    {b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive", b"te", b"upgrade"}
)

GATEWAY_HEADER = "Swordnet-Gateway"  # header of responses that the gateway itself made

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@frozen
class UpstreamProxy:
    """The configured outgoing proxy. `authorization` is a complete header line, or empty."""

    host: str
    port: int
    authorization: bytes = b""

    @classmethod
    def from_url(cls, url: str) -> UpstreamProxy | None:
        """Parse http://USER:PASSWORD@HOST:PORT; None for an empty `url`."""
        if not url:
            return None
        parts = urlsplit(url)
        pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        header = b"Proxy-Authorization: Basic " + base64.b64encode(pair.encode()) + b"\r\n" if parts.username else b""
        return cls(parts.hostname or "", parts.port or 80, header)


class Gateway:
    """The proxy server. It listens from its construction and answers once `serve` runs in an event loop."""

    def __init__(self, config: Config) -> None:
        self._crawl = config.crawl
        self._resolver: PublicResolver = resolver_for(config.crawl.loopback, config.crawl.dns)
        self._upstream = UpstreamProxy.from_url(config.crawl.proxy)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self.refusals: list[str] = []

    @property
    def url(self) -> str:
        """The proxy URL of this gateway."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def serve(self) -> None:
        """Start to accept connections."""
        self._server = await asyncio.start_server(self._handle_connection, sock=self._socket, limit=MAX_HEAD_BYTES)

    def close(self) -> None:
        """Stop listening and drop the open connections."""
        for connection in self._connections:
            connection.cancel()
        if self._server is not None:
            self._server.close()
        self._socket.close()

    async def _handle_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._handle_request(reader, writer)
        except NonPublicAddressError as error:
            self.refusals.append(str(error))
            await _send_status(writer, 403)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            await _send_status(writer, 502)
        finally:
            writer.close()

    async def _handle_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IO_TIMEOUT_SECONDS)
        method, target, _version = head.split(b"\r\n", 1)[0].split(b" ")
        tunnel = method == b"CONNECT"
        url = f"https://{target.decode('ascii')}" if tunnel else target.decode("ascii")
        address, port = await self._resolve_target(url)
        server = await asyncio.wait_for(self._connect(address, port, tunnel), IO_TIMEOUT_SECONDS)
        try:
            if tunnel:
                await _send_status(writer, 200)
            else:
                server[1].write(_rewrite_head(head, url, address if self._upstream else "", self._upstream))
            await _relay((reader, writer), server, _body_length(head) if not tunnel else None)
        finally:
            server[1].close()

    async def _resolve_target(self, url: str) -> tuple[str, int]:
        """The address and port to connect to. Raises NonPublicAddressError, or another OSError without an address."""
        reason = url_refusal(url, self._crawl.loopback, self._crawl.ports)
        if reason:
            raise NonPublicAddressError(f"{url[:200]}: {reason}")
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return (await self._resolver.resolve(parts.hostname or "", port))[0], port

    async def _connect(self, address: str, port: int, tunnel: bool) -> Streams:
        if self._upstream is None:
            return await asyncio.open_connection(address, port, limit=MAX_HEAD_BYTES)
        reader, writer = await asyncio.open_connection(self._upstream.host, self._upstream.port, limit=MAX_HEAD_BYTES)
        if tunnel:
            authority = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            connect_request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n".encode()
            writer.write(connect_request + self._upstream.authorization + b"\r\n")
            answer = await reader.readuntil(b"\r\n\r\n")
            if answer.split(b" ", 2)[1:2] != [b"200"]:
                writer.close()
                raise ConnectionError("the outgoing proxy refused")
        return reader, writer


def gateway_of(session: Session) -> Gateway:
    """The gateway of a session, started on first use. Call it only inside a running event loop."""

    def build() -> Gateway:
        gateway = Gateway(session.config)
        gateway.starting = asyncio.ensure_future(gateway.serve())  # type: ignore[attr-defined]
        return gateway

    return session.get_or_build("gateway", build, Gateway.close)


def _rewrite_head(head: bytes, url: str, address: str, upstream: UpstreamProxy | None) -> bytes:
    """The head of a plain HTTP request as the site should see it or, with `address`, the outgoing proxy."""
    request_line, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if address:
        host = f"[{address}]" if ":" in address else address
        path = f"http://{host}:{parts.port or 80}{path}"
    kept_lines = [line for line in lines if line.split(b":", 1)[0].strip().lower() not in _HOP_BY_HOP_HEADERS]
    rewritten = b"\r\n".join([request_line.split(b" ")[0] + b" " + path.encode("ascii") + b" HTTP/1.1", *kept_lines])
    return rewritten + b"\r\nConnection: close\r\n" + (upstream.authorization if upstream else b"") + b"\r\n"


def _body_length(head: bytes) -> int:
    """The length of a request's body in bytes.

    Raises ValueError for a chunked request and for a Content-Length that is not a number.
    """
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            raise ValueError("a chunked request")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return length


async def _relay(client: Streams, server: Streams, length: int | None) -> None:
    """Copy bytes both ways. A tunnel (`length` None) ends as soon as one side does; a plain request, of which only the
    `length` bytes of its body are sent, ends when its response is complete too.
    """
    to_client = asyncio.ensure_future(_copy_bytes(server[0], client[1], None))
    to_server = asyncio.ensure_future(_copy_bytes(client[0], server[1], length))
    try:
        await asyncio.wait(
            {to_client, to_server}, return_when=asyncio.FIRST_COMPLETED if length is None else asyncio.ALL_COMPLETED
        )
    finally:
        for direction in (to_client, to_server):
            direction.cancel()
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await direction


async def _copy_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, length: int | None) -> None:
    remaining = length
    while remaining is None or remaining > 0:
        data = await asyncio.wait_for(
            reader.read(MAX_HEAD_BYTES if remaining is None else min(MAX_HEAD_BYTES, remaining)), 4 * IO_TIMEOUT_SECONDS
        )
        if not data:
            return
        writer.write(data)
        await writer.drain()
        remaining = None if remaining is None else remaining - len(data)


async def _send_status(writer: asyncio.StreamWriter, status: int) -> None:
    reason = {200: "Connection established", 403: "Refused by the guard", 502: "No connection"}[status]
    headers = (
        "" if status == 200 else f"{GATEWAY_HEADER}: {status}\r\nContent-Length: {len(reason)}\r\nConnection: close\r\n"
    )
    with suppress(OSError):
        writer.write(f"HTTP/1.1 {status} {reason}\r\n{headers}\r\n{reason if headers else ''}".encode())
        await writer.drain()
