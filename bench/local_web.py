"""Eight invented sites on loopback ports, each in the structure of its kind: what nobody wrote code for.

    python bench/local_web.py [--ports 8801] [--web fixtures/web-check]

Prints one JSON line a site (name, kind, address, charset) and serves until it is stopped. With --ports the sites
stand on that port and the following ones, otherwise on free ones. In a test:
`with LocalWeb() as web: web.addresses["forum-en"]`.
The sites are data: fixtures/web/README.md; four others, which are only counted: fixtures/web-check/README.md.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
import threading
import time
import tomllib
import zlib
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "web"
TAG = re.compile(r"\{\{\{(\w+)\}\}\}|\{\{([#^/]?)(\w+)\}\}")

Row = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


def render(template: str, *stack: Row) -> str:
    """Fill in {{value}}, {{{markup}}}, {{#each or if}}...{{/each or if}} and {{^unless}}...{{/unless}}."""
    out: list[str] = []
    place = 0
    while found := TAG.search(template, place):
        out.append(template[place : found.start()])
        place = found.end()
        raw, sign, name = found.groups()
        value = _value(raw or name, stack)
        if raw:
            out.append(str(value))
        elif not sign:
            out.append(escape(str(value)))
        else:
            closing = "{{/" + name + "}}"
            end = template.index(closing, place)
            out.append(_section(template[place:end], sign, value, stack))
            place = end + len(closing)
    return "".join([*out, template[place:]])


def _value(name: str, stack: tuple[Row, ...]) -> Any:
    """The innermost value of that name."""
    return next((row[name] for row in reversed(stack) if name in row), "")


def _section(inner: str, sign: str, value: Any, stack: tuple[Row, ...]) -> str:
    """One part of a template, as often as its value says."""
    if sign == "^":
        return "" if value else render(inner, *stack)
    if not value:
        return ""
    if not isinstance(value, list):
        return render(inner, *stack)
    return "".join(render(inner, *stack, item if isinstance(item, dict) else {"it": item}) for item in value)


def picture(seed: str, side: int = 160) -> bytes:
    """A PNG that looks like no other seed's: coloured bands and a block."""
    mark = zlib.crc32(seed.encode())
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            cell = (mark >> ((x // 40 + y // 40 * 4) % 24)) & 0xFF
            rows += bytes(((cell + x) & 0xFF, (cell * 3 + y) & 0xFF, (mark >> 8) & 0xFF))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


class Site:
    """One site: its data, its routes, and what it answers."""

    def __init__(self, file: Path) -> None:
        self.pictures = file.parent.parent / "pictures"
        self.data: Row = tomllib.loads(file.read_text(encoding="utf-8"))
        self.name: str = self.data["name"]
        self.charset: str = self.data["charset"]
        self.codec = "gb18030" if self.charset.lower().startswith("gb") else self.charset
        listings = file.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
        self.listings: list[Row] = [json.loads(line) for line in listings]
        self.gone: set[str] = set(self.data.get("gone", []))
        self.searches: dict[str, str] = {}
        self.requests: list[tuple[str, str]] = []
        for number, row in enumerate(self.listings):
            row["url"] = self.data["listing"].format(**row)
            row["number"] = number + 1
            row["folder"] = row["url"].rstrip("/").rpartition("/")[2]

    def answer(self, method: str, target: str, body: bytes, host: str) -> Answer:
        """The answer to one request."""
        self.requests.append((method, target))
        parts = urlsplit(target)
        path = unquote(parts.path, self.codec, "replace")
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, self.data["robots"].format(host=host).encode()
        if path.startswith("/pictures/"):
            return self.picture(path.removeprefix("/pictures/"))
        fields = self.fields(parts.query, body)
        for route in self.data["route"]:
            found = re.fullmatch(route["path"], path)
            wanted = route.get("where", {})
            if found and method == route.get("method", "GET") and _fits(wanted, fields):
                named = {name: value.replace("+", " ") for name, value in found.groupdict(default="").items()}
                return self.answer_route(route, fields | named, host)
        return self.page("missing", {"host": host}, 404)

    def fields(self, query: str, body: bytes) -> dict[str, str]:
        """The fields of a form, in the charset of the site."""
        pairs = f"{query}&{body.decode('latin-1')}"
        return dict(parse_qsl(pairs, keep_blank_values=True, encoding=self.codec, errors="replace"))

    def answer_route(self, route: Row, fields: dict[str, str], host: str) -> Answer:
        """The answer of one route."""
        view: str = route["view"]
        context: Row = {"host": host, "base": f"http://{host}"}
        if view == "redirect":
            return self.redirect(route, fields)
        if view == "file":
            return 200, {"Content-Type": "application/octet-stream"}, b"nothing but an invented file\n" * 40
        if view == "listing":
            return self.listing(route, fields.get(route["id"], ""), context)
        if view == "list":
            self.fill(route, fields, context)
            if route.get("single") and context["total"] == 1 and context["rows"]:
                return 302, {"Location": context["rows"][0]["url"]}, b""
        return self.page(route["template"], context, 200, route.get("type", "text/html"))

    def redirect(self, route: Row, fields: dict[str, str]) -> Answer:
        """A search that is kept under a number, as forums do; refused without the hidden fields of its form."""
        if any(fields.get(name) != value for name, value in route["hidden"].items()):
            return self.page("refused", {})
        words = fields.get(route["query"], "").strip()
        number = str(zlib.crc32(words.encode()) % 90000 + 10)
        self.searches[number] = words
        return 302, {"Location": route["to"].format(number=number, q=self.quote_words(words))}, b""

    def listing(self, route: Row, name: str, context: Row) -> Answer:
        """The page of one listing, or the notice that it is gone."""
        if name in self.gone:
            return self.page("gone", context, self.data.get("gone_status", 404))
        row = next((row for row in self.listings if row["id"] == name), None)
        if row is None:
            return self.page("missing", context, 404)
        place = self.listings.index(row)
        around = [self.listings[(place + step) % len(self.listings)] for step in (1, 3, 6)]
        others = [other for other in self.listings if other["seller"] == row["seller"] and other is not row]
        context |= {"related": around, "others": others[:3], "newest": self.listings[:4]}
        template: str = row.get("template") or route["template"]
        return self.page(template, context | row)

    def fill(self, route: Row, fields: dict[str, str], context: Row) -> None:
        """The rows of a list or of a search, and its pagination."""
        words = self.words(route, fields)
        rows = self.select_rows(route, fields, words)
        size: int = route.get("size", 1000)
        page = fields.get(route.get("page", "page")) or "1"
        number = int(page) if page.isdigit() and page != "0" else 1
        if route.get("offset"):
            number = number // size + 1
        last = max(1, -(-len(rows) // size))
        shown = rows[(number - 1) * size : number * size]
        pages = [
            {"n": n, "href": self.page_address(route, fields, words, n), "here": n == number}
            for n in range(1, last + 1)
        ]
        context |= {"rows": shown, "query": words or "", "asked": words is not None, "total": len(rows), "page": number}
        context |= {"pages": pages if last > 1 else [], "found": bool(rows), "last": last, "newest": self.listings[:4]}
        context["next"] = pages[number]["href"] if number < last else ""
        context["prev"] = pages[number - 2]["href"] if 1 < number <= last else ""
        context["quoted"] = self.quote_words(words or "")
        context["section"] = fields.get(route.get("section", ""), "")
        context["section_name"] = self.data.get("sections", {}).get(context["section"], "")

    def words(self, route: Row, fields: dict[str, str]) -> str | None:
        """What was asked; None where nothing is."""
        if "kept" in route:
            return self.searches.get(fields.get(route["kept"], ""), "")
        return fields.get(route["query"], "").strip() if "query" in route else None

    def select_rows(self, route: Row, fields: dict[str, str], words: str | None) -> list[Row]:
        """The listings that a list shows."""
        rows = [row for row in self.listings if row["id"] not in self.gone]
        if "section" in route:
            rows = [row for row in rows if row["section"] == fields.get(route["section"])]
        if words is not None:
            terms = words.casefold().split()
            rows = [row for row in rows if terms and all(term in self.search_text(row) for term in terms)]
        return rows

    def search_text(self, row: Row) -> str:
        """The text of a listing that the site's search looks at."""
        return " ".join(str(row.get(name, "")) for name in self.data["searched"]).casefold()

    def page_address(self, route: Row, fields: dict[str, str], words: str | None, number: int) -> str:
        """The address of one page of a list."""
        kept = fields.get(route.get("kept", ""), "")
        section = fields.get(route.get("section", ""), "")
        following: str = route.get("next", "")
        pattern: str = route["first"] if number == 1 and "first" in route else following
        start = (number - 1) * int(route.get("size", 0))
        return pattern.format(n=number, start=start, q=self.quote_words(words or ""), kept=kept, section=section)

    def quote_words(self, words: str) -> str:
        """Words as they stand in an address of this site."""
        return quote_plus(words, encoding=self.codec, errors="replace")

    def picture(self, name: str) -> Answer:
        """A picture of a listing."""
        kept = self.pictures / name
        known = re.fullmatch(r"[\w.-]+\.png", name) and kept.is_file()
        return 200, {"Content-Type": "image/png"}, kept.read_bytes() if known else picture(f"{self.name}/{name}")

    def page(self, template: str, context: Row, status: int = 200, kind: str = "text/html") -> Answer:
        """One template in the site's frame and charset."""
        templates: dict[str, str] = self.data["templates"]
        site: Row = {"site": self.data["title"], "charset": self.charset, **self.data.get("values", {})}
        site["title"] = self.data.get("titles", {}).get(template, "")
        text = render(templates[template], site, context)
        if kind == "text/html" and "frame" in templates and template not in self.data.get("frameless", []):
            text = render(templates["frame"], site, context, {"body": text})
        head = {"Content-Type": f"{kind}; charset={self.charset}" if self.data.get("header", True) else kind}
        return status, head, text.encode(self.codec, "xmlcharrefreplace")


def _fits(wanted: dict[str, str], fields: dict[str, str]) -> bool:
    """Whether a route's fields are there: * for any value, ! for none."""
    checks = {"*": lambda value: value is not None, "!": lambda value: value is None}
    return all(checks.get(want, want.__eq__)(fields.get(name)) for name, want in wanted.items())


class Handler(BaseHTTPRequestHandler):
    """Hands requests to the site of its server."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        """Answer a GET."""
        self._send(b"")

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._send(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._send(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _send(self, body: bytes) -> None:
        method = "GET" if self.command == "HEAD" else self.command
        host = self.headers.get("Host") or "127.0.0.1"
        status, head, content = self.site.answer(method, self.path, body, host)
        self.send_response(status)
        for name, value in head.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class LocalWeb:
    """The sites of a folder, served while the context lasts."""

    def __init__(self, first_port: int = 0, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.sites = {site.name: site for site in map(Site, sorted((folder / "sites").glob("*.toml")))}
        self.servers: list[ThreadingHTTPServer] = []
        self.addresses: dict[str, str] = {}
        for step, (name, site) in enumerate(self.sites.items()):
            handler = type("SiteHandler", (Handler,), {"site": site})
            server = ThreadingHTTPServer(("127.0.0.1", first_port + step if first_port else 0), handler)
            server.daemon_threads = True
            self.servers.append(server)
            self.addresses[name] = f"http://127.0.0.1:{server.server_address[1]}/"

    def __enter__(self) -> LocalWeb:
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def gold(self) -> list[Row]:
        """The labelled listings, each with its whole address."""
        rows = [json.loads(line) for line in (self.folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
        return [row | {"url": self.addresses[row["site"]].rstrip("/") + quote(row["path"], "/?=&%")} for row in rows]


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ports", type=int, default=0, metavar="FIRST", help="the port of the first site")
    parser.add_argument("--web", type=Path, default=FOLDER, metavar="FOLDER", help="the folder of the sites")
    options = parser.parse_args()
    with LocalWeb(options.ports, options.web) as web:
        for name, site in web.sites.items():
            row = {"name": name, "kind": site.data["kind"], "url": web.addresses[name], "charset": site.charset}
            print(json.dumps(row, ensure_ascii=False), flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
