"""A loopback web for benchmarks of nights: platforms that serve searches and listing pages, deterministic by seed.

Each platform has its own port and so is its own host. Half of them send ETag and Last-Modified and honour them. The
control port reports what was requested and sent, and changes pages, moods, refusals and pauses on demand.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ROWS = 8  # listings on a page of results
SPIDER = '''"""A platform of the bench's loopback web. Quirks: none."""

from collections.abc import Iterator
from urllib.parse import quote

from spiders import Listing, Page, Platform, Request, parse_price


class Bench(Platform):
    """Made by bench/_nightweb.py."""

    name = "{name}"
    allowed_domains = ("{name}.bench.example",)

    def search(self, question: str) -> Request:
        """One page of results."""
        return Request(url="{root}/search?q=" + quote(question))

    def read(self, page: Page) -> Iterator[Listing | Request]:
        """Rows, or one listing."""
        for row in page.css("li.item"):
            link = row.css("a")
            yield self.listing(
                url=page.urljoin(link.attrib["href"]),
                title=link.text(),
                seller=row.css(".seller").text(),
                price=parse_price(row.css(".price").text(), "CNY").amount,
                currency="CNY",
                whole=False,
            )
        for offer in page.css("div.offer"):
            yield self.listing(
                url=page.url,
                title=offer.css("h1").text(),
                text=offer.css("p").text(),
                seller=offer.css(".seller").text(),
                price=parse_price(offer.css(".price").text(), "CNY").amount,
                currency="CNY",
            )
'''
OTHERS = ("雨巷邮局", "半岛钟声", "林间铁路", "旧城灯谱", "白鹭来信", "北岸船歌", "石桥账本", "夏夜拾遗")
FIRST = "山海星河云雪林风月石桥灯塔潮汐钟楼铁路邮局港湾"
SECOND = "来信手记图鉴志异谱系书简年轮回声边界航线密语"


def works(count: int, seed: int) -> list[dict[str, Any]]:
    """Works with invented titles of five to seven characters, each unlike the others."""
    draw = random.Random(seed)
    titles: dict[str, None] = {}
    while len(titles) < count:
        titles["".join(draw.sample(FIRST, 4)) + "".join(draw.sample(SECOND, draw.randint(2, 3)))] = None
    return [
        {"id": f"B{number:05}", "title": title, "kind": "book", "list_price": "68.00", "currency": "CNY"}
        for number, title in enumerate(titles)
    ]


class Web:
    """The content of the platforms. `changed` are pages with different content; `mood` breaks a platform's pages.

    `patience` is the number of requests that a platform answers with 429.
    """

    def __init__(self, platforms: int, seed: int, rows: int = ROWS) -> None:
        self.rows = rows
        self.seed = seed
        self.platforms = [f"bench{number:02}" for number in range(platforms)]
        self.asked: Counter[str] = Counter()
        self.robots: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {}
        self.changed: set[str] = set()
        self.mood: dict[str, str] = {}
        self.patience: dict[str, int] = {}
        self.slow = 0.0  # seconds that every page is delayed

    def sends_validators(self, platform: str) -> bool:
        return int(platform[-2:]) % 2 == 0

    def page(self, platform: str, target: str) -> bytes:
        parts = urlsplit(target)
        if parts.path == "/search":
            return self.results(platform, parse_qs(parts.query)["q"][0], target)
        return self.offer(platform, unquote(parts.path.removeprefix("/item/")), target)

    def results(self, platform: str, question: str, target: str) -> bytes:
        draw = random.Random(f"{self.seed} {platform} {question}")
        rows = []
        carries = 1 + (draw.random() < 0.3)
        for number in range(self.rows):
            title = f"{question} 全本" if number < carries else f"{draw.choice(OTHERS)} 第{draw.randint(1, 9)}册"
            item = hashlib.sha256(f"{platform}{question}{number}".encode()).hexdigest()[:12]
            seller, cost = draw.randint(1, 99), draw.randint(3, 90)
            rows.append(
                f'<li class="item"><a href="/item/{item}~{question if number < carries else "x"}">{title}</a>'
                f'<span class="seller">店{seller}</span><span class="price">{cost}.00</span></li>'
            )
        note = "<p>new</p>" if f"{platform}{target}" in self.changed else ""
        return self.framed("".join(rows) + note)

    def offer(self, platform: str, item: str, target: str) -> bytes:
        key, _, title = item.partition("~")
        draw = random.Random(f"{self.seed} {key}")
        text = "电子版 PDF 网盘秒发" if draw.random() < 0.8 else "二手正版 九成新"
        if f"{platform}{target}" in self.changed:
            text = "高清扫描 PDF 电子版 百度网盘发货"
        return self.framed(
            f'<div class="offer"><h1>{title} 全本</h1><p>{text}</p><span class="seller">店{draw.randint(1, 99)}</span>'
            f'<span class="price">{draw.randint(3, 9)}.00</span></div>'
        )

    def framed(self, body: str) -> bytes:
        filling = "<nav>" + "<a href='/x'>栏目</a>" * 20 + "</nav>"
        head = "<!doctype html><html><head><meta charset=utf-8><title>店</title></head>"
        return f"{head}<body>{filling}{body}</body></html>".encode()

    def answer(self, platform: str, target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if target == "/robots.txt":
            self.robots[platform] += 1
            return 200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private\n"
        self.asked[f"{platform}{target}"] += 1
        if self.patience.get(platform, 0) > 0:
            self.patience[platform] -= 1
            return 429, {"Retry-After": "3"}, b""
        body = in_mood(self.mood.get(platform), self.page(platform, target))
        if platform in self.mood or not self.sends_validators(platform):
            return 200, {}, body
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, b""
        return 200, {"ETag": etag, "Last-Modified": "Sun, 22 Nov 2026 01:00:00 GMT"}, body

    def control(self, body: bytes) -> object:
        said = json.loads(body or b"{}")
        for name in ("changed",):
            if name in said:
                self.changed = set(said[name])
        self.mood |= said.get("mood", {})
        self.patience |= said.get("patience", {})
        told = {"asked": dict(self.asked), "bytes": dict(self.bytes), "times": self.times}
        told["robots"] = dict(self.robots)
        if said.get("reset"):
            self.asked, self.bytes, self.times, self.robots = Counter(), Counter(), {}, Counter()
        self.slow = said.get("slow", self.slow)
        return told


def in_mood(mood: str | None, body: bytes) -> bytes:
    """The page as a platform in this mood sends it; unchanged without one."""
    if mood == "login":
        return "<html><head><title>用户登录</title></head><body>请先登录</body></html>".encode()
    if mood == "layout":
        return body.replace(b'class="item"', b'class="card"').replace(b'class="offer"', b'class="card"')
    if mood == "fields":
        return body.replace(b"<a href", b"<a data-to").replace(b'"price"', b'"cost"')
    return b"" if mood == "empty" else body


async def serve(web: Web, ready: Path, host: str = "127.0.0.1") -> None:
    """Serve all platforms and the control port until killed; writes the ports to `ready`."""
    loop = asyncio.get_running_loop()

    def handler(platform: str | None) -> Any:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while line := await reader.readline():
                    target = line.split()[1].decode()
                    headers = {}
                    while (header := await reader.readline()).strip():
                        name, _, value = header.decode("latin-1").partition(":")
                        headers[name.lower()] = value.strip()
                    sent = await reader.readexactly(int(headers.get("content-length", 0)))
                    if platform is None:
                        status, extra, body = 200, {}, json.dumps(web.control(sent)).encode()
                    else:
                        web.times.setdefault(platform, []).append(loop.time())
                        await asyncio.sleep(web.slow if target != "/robots.txt" else 0)
                        status, extra, body = web.answer(platform, target, headers)
                        web.bytes[platform] += len(body)
                    extra = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **extra}
                    if status == 304:
                        extra.pop("Content-Length")
                    head = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
                    writer.write(f"HTTP/1.1 {status} OK\r\n{head}\r\n".encode() + body)
                    await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        return handle

    servers = [
        await asyncio.start_server(handler(name), host if name else "127.0.0.1", 0) for name in [None, *web.platforms]
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    ready.write_text(json.dumps({"control": ports[0], "platforms": dict(zip(web.platforms, ports[1:], strict=True))}))
    await asyncio.Event().wait()


def told(control: int, **said: Any) -> Any:
    """Send `said` to the control port; its report."""
    request = urllib.request.Request(f"http://127.0.0.1:{control}/", json.dumps(said).encode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("ready", type=Path)
    parser.add_argument("--platforms", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--host", default="127.0.0.1")
    said = parser.parse_args()
    try:
        asyncio.run(serve(Web(said.platforms, said.seed, said.rows), said.ready, said.host))
    except KeyboardInterrupt:
        sys.exit(0)
