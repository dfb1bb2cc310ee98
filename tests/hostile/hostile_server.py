"""A small hostile web on loopback, for machines that do not have the shared one: two dozen ways to hurt a crawler.

    python hostile_server.py [--port 8899] [--warm] [--extra FILE]

Speaks as the shared server does: /manifest.json, /_log, /_reset, and a canary on the next port that must stay silent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import importlib.util
import json
import sys
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.modules.setdefault("hostile_server", sys.modules[__name__])

HIT_COUNTS: Counter[str] = Counter()
CANARY_HITS: Counter[str] = Counter()
CASE_HANDLERS: dict[str, tuple[Callable[[Any], Awaitable[None]], dict[str, Any]]] = {}
PORT = 8899
ITEM = "<h1>The lamplighter of Tern Rock, complete e-book</h1><p>epub, mobi, pdf, sent at once after payment."


class HttpRequest:
    """One request, and ways to answer it."""

    def __init__(self, target: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.target, self.headers, self.writer = target, headers, writer

    async def send_bytes(self, *parts: bytes) -> None:
        """Bytes as they are."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def send_page(
        self, body: str | bytes, *headers: str, kind: str = "text/html; charset=utf-8", status: int = 200
    ) -> None:
        """A whole answer."""
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        head = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(data)}", "Connection: close"]
        await self.send_bytes("\r\n".join([*head, *headers]).encode("utf-8") + b"\r\n\r\n" + data)


def case(path: str, outcome: str, secs: int = 30, reqs: int = 4, rss_mb: int = 400, **expectations: Any) -> Any:
    """Register what answers a path, and what a crawler must make of it."""

    def register(answer: Callable[[HttpRequest], Awaitable[None]]) -> Callable[[HttpRequest], Awaitable[None]]:
        CASE_HANDLERS[path] = answer, {"outcome": outcome, "secs": secs, "reqs": reqs, "rss_mb": rss_mb, **expectations}
        return answer

    return register


def page_case(path: str, outcome: str, body: str | bytes, *headers: str, **expect: Any) -> None:
    """Register a page that is the same each time."""
    kind, status = expect.pop("kind", "text/html; charset=utf-8"), expect.pop("status", 200)

    @case(path, outcome, **expect)
    async def answer(visit: HttpRequest) -> None:
        await visit.send_page(body, *headers, kind=kind, status=status)


def redirect_case(name: str, target: str, outcome: str = "blocked") -> None:
    """Register a redirect; CANARY in the target is the canary's port."""

    @case(f"/inside/{name}", outcome, secs=20, reqs=1)
    async def answer(visit: HttpRequest) -> None:
        await visit.send_page("", f"Location: {target.replace('CANARY', str(PORT + 1))}", status=302)


def _bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(mebibytes)), packer.flush()])


def register() -> None:
    """All cases."""
    page_case("/ok/item", "ok", ITEM, items_min=1)
    page_case("/zip/bomb", "failed", _bomb(200), "Content-Encoding: gzip", rss_mb=200)
    page_case("/zip/file", "failed", _bomb(200), kind="application/gzip", rss_mb=200)
    page_case("/zip/cut", "failed", gzip.compress(ITEM.encode() * 99)[:-20], "Content-Encoding: gzip")
    page_case("/html/attributes", "ok", ITEM + "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + ">", secs=20)
    page_case("/html/quotes", "ok", ITEM + "<i b='<' " + " ".join(f"a{n}=1" for n in range(100_000)) + ">", secs=20)
    page_case("/html/deep", "ok", "<div>" * 60_000 + ITEM, items_min=1)
    page_case("/html/fonts", "ok", ITEM + "".join(f"<p><font size={n}>x" for n in range(20_000)))
    page_case("/html/items", "ok", ITEM + "<div itemscope itemprop=a>" * 400)
    page_case("/html/controls", "ok", "<title>\x00\x1b[2J\u202e=1+1\ud800</title>" + ITEM)
    page_case("/json/deep", "failed", "[" * 90_000 + "]" * 90_000, kind="application/json")
    page_case("/json/none", "failed", ")]}'\n<html>log in</html>", kind="application/json")
    page_case(
        "/cookie/flood",
        "ok",
        ITEM,
        *(f"Set-Cookie: c{n}={'v' * 50}" for n in range(2000)),
        f"Set-Cookie: b={'v' * 500_000}",
    )
    page_case("/gone/soft", "failed", "<title>页面不存在</title>您访问的页面不存在")
    page_case("/header/crlf", "failed", "", "Location: /ok/item?x=%0d%0aX-Injected:%20yes", status=302)
    page_case("/header/long", "failed", "", f"Location: /{'a' * 500_000}", status=302)
    for name, target in {
        "loopback": "http://127.0.0.1:CANARY/",
        "hex": "http://0x7f000001:CANARY/",
        "mapped": "http://[::ffff:7f00:1]:CANARY/",
        "file": "file:///etc/hostname",
        "script": "javascript:alert(1)",
        "single": "http://router/",
        "user": "http://shop.example.com@127.0.0.1:CANARY/",
    }.items():
        redirect_case(name, target)

    @case("/net/hints", "failed", secs=20)
    async def hints(visit: HttpRequest) -> None:
        for _ in range(2000):
            await visit.send_bytes(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            await asyncio.sleep(0.01)

    @case("/net/head", "failed", rss_mb=100)
    async def head(visit: HttpRequest) -> None:
        await visit.send_bytes(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 9_000_000, b"\r\nContent-Length: 2\r\n\r\nhi")

    @case("/net/endless", "failed", rss_mb=200)
    async def endless(visit: HttpRequest) -> None:
        await visit.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", *[b"<p>" + b"A" * 65_530] * 9000)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        visit = HttpRequest(lines[0].split(" ")[1], headers, writer)
        path = visit.target.partition("?")[0]
        pages = {
            "/manifest.json": lambda: [
                {"path": path, "title": "", "expect": expect} for path, (_, expect) in CASE_HANDLERS.items()
            ],
            "/_log": lambda: {**HIT_COUNTS, "_canary": CANARY_HITS},
            "/_reset": lambda: HIT_COUNTS.clear() or CANARY_HITS.clear() or "ok",
            "/robots.txt": lambda: "User-agent: *",
        }
        if path in pages:
            value = pages[path]()
            plain = path == "/robots.txt"
            await visit.send_page(
                str(value) if plain else json.dumps(value), kind="text/plain" if plain else "application/json"
            )
        elif path in CASE_HANDLERS:
            HIT_COUNTS[path] += 1
            HIT_COUNTS["_cookie"] = max(HIT_COUNTS["_cookie"], len(headers.get("cookie", "")))
            await CASE_HANDLERS[path][0](visit)
        else:
            await visit.send_page("none", status=404)
    writer.close()


async def _canary(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    CANARY_HITS[(await reader.read(4096))[:100].decode("latin-1")] += 1
    writer.close()


async def main() -> None:
    """Serve until killed."""
    global PORT
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--extra", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    PORT = arguments.port
    register()
    for file in arguments.extra:
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    servers = [
        await asyncio.start_server(_serve, "127.0.0.1", PORT, limit=1 << 22),
        await asyncio.start_server(_canary, "127.0.0.1", PORT + 1),
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
