"""A name that leads to a public address when it is checked and inside when it is used gains nothing.

Proven with a name server of our own on loopback: the first answer is public, all later ones are loopback, where a web
server counts its visitors.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.names import dns

from crawler.config import Config
from crawler.web.dns import resolver_for
from crawler.web.gateway import Gateway
from tests.conftest import ROOT, LoopbackWeb, Swordnet

PUBLIC_ADDRESS, LOOPBACK_ADDRESS = "93.184.216.34", "127.0.0.1"


class NameServer:
    """Answers the first A query of a name with a public address, all later ones with loopback; or knows no name."""

    def __init__(self, knows_names: bool = True) -> None:
        self.knows_names = knows_names
        self.query_counts: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.netloc = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(4096)
            except OSError:
                return
            message: Any = dns.Message()  # type: ignore[no-untyped-call]
            message.fromStr(data)
            query = message.queries[0]
            message.answer = 1
            if query.type == dns.A and self.knows_names:
                name = query.name.name.decode()
                self.query_counts[name] += 1
                address = PUBLIC_ADDRESS if self.query_counts[name] == 1 else LOOPBACK_ADDRESS
                record: Any = dns.Record_A  # type: ignore[attr-defined]
                message.answers = [dns.RRHeader(query.name.name, dns.A, ttl=0, payload=record(address))]  # type: ignore[no-untyped-call]
            self._socket.sendto(message.toStr(), source)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


def test_scrapy_does_not_reach_a_rebound_name(
    swordnet: Swordnet, web: LoopbackWeb, name_server: NameServer, tmp_path: Path
) -> None:
    port = int(web.netloc.rpartition(":")[2])
    settings = f'[crawl]\ncontact = "a@b.test"\nports = [{port}]\ndns = "{name_server.netloc}"\nattempts = 1\n'
    (tmp_path / "swordnet.toml").write_text(settings, encoding="utf-8")
    result = swordnet("crawl", "shop", "--url", f"http://rebound.example.com:{port}/p", "--json")
    assert name_server.query_counts["rebound.example.com"] >= 2
    assert web.requested_paths == []
    assert f"rebound.example.com:{port} is no public host" in result.stderr
    assert "crawl.loopback" in result.stderr


@pytest.mark.slow
def test_a_name_that_does_not_exist_is_told_as_such(swordnet: Swordnet, tmp_path: Path) -> None:
    server = NameServer(knows_names=False)
    settings = f'[crawl]\ncontact = "a@b.test"\ndns = "{server.netloc}"\nattempts = 1\n'
    (tmp_path / "swordnet.toml").write_text(settings, encoding="utf-8")
    result = swordnet("crawl", "shop", "--url", "bookshop-of-nobody.com/1")
    server.close()
    assert result.returncode == 5
    assert "DNS lookup failed for bookshop-of-nobody.com" in result.stderr
    assert "crawl.dns" in result.stderr
    assert "by hand" not in result.stderr


@pytest.mark.browser
@pytest.mark.slow
def test_chromium_does_not_reach_a_rebound_name(web: LoopbackWeb, name_server: NameServer) -> None:
    web.pages["/honest"] = (200, "text/html", b"<title>reached</title>")
    port = web.netloc.rpartition(":")[2]
    script = f"""
import asyncio
from attrs import evolve
from playwright.async_api import async_playwright
from crawler.config import Config
from crawler.web.chromium import CHROMIUM_FLAGS, DISCARD_PROXY_URL, find_executable
from crawler.web.gateway import Gateway
from crawler.web.dns import resolver_for

async def main():
    crawl = evolve(Config().crawl, ports=({port},), dns={name_server.netloc!r}, loopback=({web.netloc!r},))
    resolver = resolver_for(crawl.loopback, crawl.dns)
    print("checked:", await resolver.cached_refusal("rebound.example.com", crawl.ports[0]))
    gateway = Gateway(evolve(Config(), crawl=crawl))
    await gateway.serve()
    async with async_playwright() as driver:
        proxy = dict(server=DISCARD_PROXY_URL, bypass="<-loopback>")
        options = dict(args=[*CHROMIUM_FLAGS, "--no-sandbox"], proxy=proxy)
        browser = await driver.chromium.launch(executable_path=find_executable(), **options)
        context = await browser.new_context(proxy=dict(server=gateway.url, bypass="<-loopback>"))
        page = await context.new_page()
        answer = await page.goto("{web.url}/honest")
        print("honest:", answer.status, await page.title())
        answer = await page.goto("http://rebound.example.com:{port}/inside")
        print("rebound:", answer.status)
        beside = await browser.new_context()
        try:
            await (await beside.new_page()).goto("{web.url}/beside", timeout=10000)
        except Exception as error:
            print("beside: refused")
        await browser.close()
    gateway.close()
    print(gateway.refusals)

asyncio.run(main())
"""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    output = result.stdout
    assert "checked: None" in output, result.stderr
    assert "honest: 200 reached" in output
    assert "rebound: 403" in output
    assert "beside: refused" in output
    assert "points to 127.0.0.1" in output
    assert [path for path in web.requested_paths if "favicon" not in path] == ["/honest"]


class RecordingProxy:
    """A proxy that only writes down what it is asked."""

    def __init__(self) -> None:
        self.request_heads: list[bytes] = []
        self.port = 0

    async def start(self) -> asyncio.Server:
        async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.request_heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(visit, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server


def request_through_gateway(
    config: Config, request: bytes, addresses: dict[str, list[str]]
) -> tuple[bytes, list[bytes]]:
    """What a request gets through a gateway with an outgoing proxy, and what that proxy was asked."""

    async def lookup(host: str) -> list[str]:
        return addresses[host]

    async def send_request() -> tuple[bytes, list[bytes]]:
        upstream = RecordingProxy()
        server = await upstream.start()
        crawl = evolve(config.crawl, proxy=f"http://me:hunter2@127.0.0.1:{upstream.port}")
        gateway = Gateway(evolve(config, crawl=crawl))
        gateway._resolver = resolver_for.__wrapped__()  # one of its own, without what other tests looked up
        gateway._resolver._lookup = lookup  # type: ignore[method-assign]
        await gateway.serve()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        gateway.close()
        server.close()
        return answer, upstream.request_heads

    return asyncio.run(send_request())


def test_the_outgoing_proxy_is_sent_the_checked_address() -> None:
    addresses = {"shop.example.com": [PUBLIC_ADDRESS], "inside.example.com": [PUBLIC_ADDRESS, LOOPBACK_ADDRESS]}
    secret = base64.b64encode(b"me:hunter2")
    plain = b"GET http://shop.example.com/a?b=1 HTTP/1.1\r\nHost: shop.example.com\r\nProxy-Connection: x\r\n\r\n"
    answer, heads = request_through_gateway(Config(), plain, addresses)
    assert answer.endswith(b"hi")
    assert heads[0].startswith(b"GET http://93.184.216.34:80/a?b=1 HTTP/1.1\r\n")
    assert b"Host: shop.example.com" in heads[0]
    assert secret in heads[0]
    assert b"Proxy-Connection" not in heads[0]
    tunnel = b"CONNECT shop.example.com:443 HTTP/1.1\r\nHost: shop.example.com:443\r\n\r\n"
    assert request_through_gateway(Config(), tunnel, addresses)[1][0].startswith(
        b"CONNECT 93.184.216.34:443 HTTP/1.1\r\n"
    )
    for target in (b"inside.example.com:443", b"127.0.0.1:443", b"shop.example.com:22", b"localhost:80"):
        answer, heads = request_through_gateway(Config(), b"CONNECT " + target + b" HTTP/1.1\r\n\r\n", addresses)
        assert answer.startswith(b"HTTP/1.1 403")
        assert heads == []


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n"])
def test_the_gateway_survives_what_is_no_request(request_: bytes) -> None:
    answer, heads = request_through_gateway(Config(), request_, {})
    assert answer.split(b" ")[1] in (b"403", b"502")
    assert heads == []
