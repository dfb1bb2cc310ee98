"""A loopback web for benchmarks of nights: platforms that serve searches and listing pages, deterministic by seed.

Each platform has its own port and so is its own host. Half of them send ETag and Last-Modified and honour them. The
control port reports what was requested and sent, and changes pages, faults, refusals and delays on demand.
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

ROWS_PER_PAGE = 8  # listings on a page of results
SPIDER_TEMPLATE = '''"""A platform of the bench's loopback web. Quirks: none."""

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
OTHER_TITLES = ("雨巷邮局", "半岛钟声", "林间铁路", "旧城灯谱", "白鹭来信", "北岸船歌", "石桥账本", "夏夜拾遗")
TITLE_START_CHARS = "山海星河云雪林风月石桥灯塔潮汐钟楼铁路邮局港湾"
TITLE_END_CHARS = "来信手记图鉴志异谱系书简年轮回声边界航线密语"


def invent_works(count: int, seed: int) -> list[dict[str, Any]]:
    """Works with invented titles of five to seven characters, each unlike the others."""
    draw = random.Random(seed)
    titles: dict[str, None] = {}
    while len(titles) < count:
        titles[
            "".join(draw.sample(TITLE_START_CHARS, 4)) + "".join(draw.sample(TITLE_END_CHARS, draw.randint(2, 3)))
        ] = None
    return [
        {"id": f"B{number:05}", "title": title, "kind": "book", "list_price": "68.00", "currency": "CNY"}
        for number, title in enumerate(titles)
    ]


class Web:
    """The content of the platforms. `changed_pages` have different content; `faults` break a platform's pages.

    `refusals_left` is the number of requests that a platform answers with 429.
    """

    def __init__(self, platforms: int, seed: int, rows: int = ROWS_PER_PAGE) -> None:
        self.rows = rows
        self.seed = seed
        self.platforms = [f"bench{number:02}" for number in range(platforms)]
        self.request_counts: Counter[str] = Counter()
        self.robots_counts: Counter[str] = Counter()
        self.byte_counts: Counter[str] = Counter()
        self.request_times: dict[str, list[float]] = {}
        self.changed_pages: set[str] = set()
        self.faults: dict[str, str] = {}
        self.refusals_left: dict[str, int] = {}
        self.delay_seconds = 0.0  # seconds that every page is delayed

    def sends_validators(self, platform: str) -> bool:
        return int(platform[-2:]) % 2 == 0

    def page_body(self, platform: str, target: str) -> bytes:
        parts = urlsplit(target)
        if parts.path == "/search":
            return self.result_page(platform, parse_qs(parts.query)["q"][0], target)
        return self.offer_page(platform, unquote(parts.path.removeprefix("/item/")), target)

    def result_page(self, platform: str, question: str, target: str) -> bytes:
        draw = random.Random(f"{self.seed} {platform} {question}")
        rows = []
        matching_count = 1 + (draw.random() < 0.3)
        for number in range(self.rows):
            title = (
                f"{question} 全本"
                if number < matching_count
                else f"{draw.choice(OTHER_TITLES)} 第{draw.randint(1, 9)}册"
            )
            item = hashlib.sha256(f"{platform}{question}{number}".encode()).hexdigest()[:12]
            seller, cost = draw.randint(1, 99), draw.randint(3, 90)
            rows.append(
                f'<li class="item"><a href="/item/{item}~{question if number < matching_count else "x"}">{title}</a>'
                f'<span class="seller">店{seller}</span><span class="price">{cost}.00</span></li>'
            )
        note = "<p>new</p>" if f"{platform}{target}" in self.changed_pages else ""
        return self.frame_page("".join(rows) + note)

    def offer_page(self, platform: str, item: str, target: str) -> bytes:
        key, _, title = item.partition("~")
        draw = random.Random(f"{self.seed} {key}")
        text = "电子版 PDF 网盘秒发" if draw.random() < 0.8 else "二手正版 九成新"
        if f"{platform}{target}" in self.changed_pages:
            text = "高清扫描 PDF 电子版 百度网盘发货"
        return self.frame_page(
            f'<div class="offer"><h1>{title} 全本</h1><p>{text}</p><span class="seller">店{draw.randint(1, 99)}</span>'
            f'<span class="price">{draw.randint(3, 9)}.00</span></div>'
        )

    def frame_page(self, body: str) -> bytes:
        navigation = "<nav>" + "<a href='/x'>栏目</a>" * 20 + "</nav>"
        head = "<!doctype html><html><head><meta charset=utf-8><title>店</title></head>"
        return f"{head}<body>{navigation}{body}</body></html>".encode()

    def answer_request(self, platform: str, target: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if target == "/robots.txt":
            self.robots_counts[platform] += 1
            return 200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private\n"
        self.request_counts[f"{platform}{target}"] += 1
        if self.refusals_left.get(platform, 0) > 0:
            self.refusals_left[platform] -= 1
            return 429, {"Retry-After": "3"}, b""
        body = apply_fault(self.faults.get(platform), self.page_body(platform, target))
        if platform in self.faults or not self.sends_validators(platform):
            return 200, {}, body
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("if-none-match") == etag:
            return 304, {"ETag": etag}, b""
        return 200, {"ETag": etag, "Last-Modified": "Sun, 22 Nov 2026 01:00:00 GMT"}, body

    def handle_control(self, body: bytes) -> object:
        request = json.loads(body or b"{}")
        if "changed" in request:
            self.changed_pages = set(request["changed"])
        self.faults |= request.get("mood", {})
        self.refusals_left |= request.get("patience", {})
        report = {"asked": dict(self.request_counts), "bytes": dict(self.byte_counts), "times": self.request_times}
        report["robots"] = dict(self.robots_counts)
        if request.get("reset"):
            self.request_counts, self.byte_counts, self.request_times, self.robots_counts = (
                Counter(),
                Counter(),
                {},
                Counter(),
            )
        self.delay_seconds = request.get("slow", self.delay_seconds)
        return report


def apply_fault(fault: str | None, body: bytes) -> bytes:
    """The page as a platform with this fault sends it; unchanged without one."""
    if fault == "login":
        return "<html><head><title>用户登录</title></head><body>请先登录</body></html>".encode()
    if fault == "layout":
        return body.replace(b'class="item"', b'class="card"').replace(b'class="offer"', b'class="card"')
    if fault == "fields":
        return body.replace(b"<a href", b"<a data-to").replace(b'"price"', b'"cost"')
    return b"" if fault == "empty" else body


async def serve(web: Web, ports_file: Path, host: str = "127.0.0.1") -> None:
    """Serve all platforms and the control port until killed; writes the ports to `ports_file`."""
    loop = asyncio.get_running_loop()

    def make_handler(platform: str | None) -> Any:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while line := await reader.readline():
                    target = line.split()[1].decode()
                    headers = {}
                    while (header := await reader.readline()).strip():
                        name, _, value = header.decode("latin-1").partition(":")
                        headers[name.lower()] = value.strip()
                    request_body = await reader.readexactly(int(headers.get("content-length", 0)))
                    if platform is None:
                        status, extra, body = 200, {}, json.dumps(web.handle_control(request_body)).encode()
                    else:
                        web.request_times.setdefault(platform, []).append(loop.time())
                        await asyncio.sleep(web.delay_seconds if target != "/robots.txt" else 0)
                        status, extra, body = web.answer_request(platform, target, headers)
                        web.byte_counts[platform] += len(body)
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
        await asyncio.start_server(make_handler(name), host if name else "127.0.0.1", 0)
        for name in [None, *web.platforms]
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    ports_file.write_text(
        json.dumps({"control": ports[0], "platforms": dict(zip(web.platforms, ports[1:], strict=True))})
    )
    await asyncio.Event().wait()


def send_control(control_port: int, **request_fields: Any) -> Any:
    """Send `request_fields` to the control port; its report."""
    request = urllib.request.Request(f"http://127.0.0.1:{control_port}/", json.dumps(request_fields).encode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.loads(answer.read())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("ready", type=Path)
    parser.add_argument("--platforms", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=ROWS_PER_PAGE)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(Web(arguments.platforms, arguments.seed, arguments.rows), arguments.ready, arguments.host))
    except KeyboardInterrupt:
        sys.exit(0)
