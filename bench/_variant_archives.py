"""Variants of archives: HAR, WARC, WACZ, MHTML and saved pages, as tools write them and disks damage them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import quopri
import random
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import brotli

from bench._variants import CHANGED_BYTES, Group, Items, Reading, Variant, damage
from crawler.archives import open_archive
from crawler.archives.archive import HARMLESS_REASONS, RecordedResponse, SkippedEntry, SkipReason
from crawler.archives.page_kinds import is_page
from crawler.errors import SwordnetError
from crawler.items import Outcome
from crawler.page.outcome import outcome_of

SHOP = "https://www.hafenlicht-buecher.example/item/"
HTML = "text/html; charset=utf-8"
TITLES = (
    "灯塔下的第九封信",
    "沙岸旧渡轮",
    "Der Uhrmacher vom Kanal",
    "青瓦巷口的夜校",
    "Letters to a Paper Heron",
    "雪線の郵便局",
)
DAMAGED_KINDS = (
    "warc: plain,",
    "warc: digests,",
    "warc: gz,",
    "warc: one gz,",
    "wacz: member,",
    "wacz: cut",
    "wacz: byte",
)
Pages = dict[str, bytes]
Coder = Callable[[bytes], bytes]
CODERS: Mapping[str, Coder] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "identity": bytes,
}


def make_pages(chance: random.Random) -> Pages:
    """Four to seven pages of one offer each, by address."""
    return {f"{SHOP}{number}": _page(number, chance) for number in range(1, chance.randint(4, 7) + 1)}


def _page(number: int, chance: random.Random) -> bytes:
    title = f"{chance.choice(TITLES)} PDF {number}"
    price = f"{chance.randint(1, 30)}.{chance.randint(10, 99)}"
    data = {"@type": "Product", "name": title, "offers": {"@type": "Offer", "price": price, "priceCurrency": "CNY"}}
    words = "".join(chance.choices("扫描版自动发货付款留言页清晰完整资料下载", k=chance.choice((40, 90, 700))))
    return (
        f'<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>{title}</title>'
        f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script></head>\n'
        f'<body><h1>{title}</h1><p class="price">￥{price}</p><p>{words}</p></body></html>'
    ).encode()


def right_items(pages: Pages) -> Items:
    """What a reading of all pages gives."""
    return {url: {"status": "200", "body": body.decode("latin-1")} for url, body in pages.items()}


def read_archive(variant: Variant, folder: Path) -> Reading:
    """The best response to each address of an archive, and what the archive says of the others."""
    try:
        archive = open_archive(variant.write(folder))
    except SwordnetError as error:
        return Reading(refusal=str(error))
    urls = {response.url for response in archive} | set(variant.right)
    best = {url: archive.find_response("GET", url) for url in urls}
    items = {url: _item(response) for url, response in best.items() if response and is_page(response)}
    cut = {url for url, response in best.items() if response and _is_partial(response)}
    losses = [entry for entry in archive.skipped if entry.reason not in HARMLESS_REASONS]
    has_end = variant.kind.startswith(DAMAGED_KINDS)  # nobody knows what followed
    known = {*variant.right, *variant.others, ""}
    has_place = any(entry.url not in known or not entry.url or (has_end and _is_cut(entry)) for entry in losses)
    named = {entry.url for entry in archive.skipped} | cut
    return Reading(
        items,
        lambda url: url in named or has_place,
        reports=(
            *(f"{entry.place} {entry.reason} {entry.url[-8:]}" for entry in archive.skipped),
            *(f"cut {url[-8:]}" for url in cut),
        ),
    )


def _is_cut(entry: SkippedEntry) -> bool:
    """Whether the end of a record is said to be missing, though nothing of its body may be there."""
    return entry.reason is SkipReason.CUT or (entry.reason is SkipReason.NO_BODY and bool(entry.detail))


def _item(response: RecordedResponse) -> dict[str, str]:
    return {
        "status": "200" if response.status == 304 and response.body else str(response.status),
        "body": response.body.decode("latin-1"),
    }


def _is_partial(response: RecordedResponse) -> bool:
    outcome = outcome_of(response.status, response.body, response.content_type, response.url)
    return response.is_cut or outcome is Outcome.PARTIAL


# HAR


def entry(
    url: str, content: Any, status: Any = 200, headers: Sequence[tuple[str, str]] = (("Content-Type", HTML),)
) -> dict[str, Any]:
    """An entry of a HAR; `content` is its content object, or the text of the body."""
    if isinstance(content, bytes):
        content = {"size": len(content), "mimeType": HTML, "text": content.decode("utf-8", "replace")}
    return {
        "startedDateTime": "2026-11-21T09:00:00.120Z",
        "time": 31.5,
        "request": {"method": "GET", "url": url, "httpVersion": "HTTP/2", "headers": [], "queryString": []},
        "response": {
            "status": status,
            "statusText": "",
            "headers": [{"name": name, "value": value} for name, value in headers],
            "content": content,
            "redirectURL": "",
        },
        "timings": {"send": 0, "wait": 30, "receive": 1.5},
    }


def har(entries: Sequence[Any], chance: random.Random) -> bytes:
    """A HAR as one of several tools writes it."""
    creator = chance.choice(("Firefox", "WebInspector", "Playwright", "Charles Proxy", "Proxyman", "mitmproxy"))
    log = {"version": "1.2", "creator": {"name": creator, "version": "1"}, "pages": [], "entries": list(entries)}
    text = json.dumps({"log": log}, ensure_ascii=chance.random() < 0.5, indent=chance.choice((None, None, 2)))
    return (b"\xef\xbb\xbf" if chance.random() < 0.1 else b"") + text.encode()


def _base64_entry(url: str, body: bytes, chance: random.Random, coding: str = "") -> dict[str, Any]:
    coding = coding or chance.choice(tuple(CODERS))
    text = base64.b64encode(CODERS[coding](body)).decode()
    if chance.random() < 0.3:
        text = "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    content: dict[str, Any] = {"size": len(body), "mimeType": chance.choice((HTML, "text/html")), "text": text}
    flag = chance.choice(("base64", "base64", "Base64", ""))
    if flag:
        content["encoding"] = flag
    headers = [("content-type", HTML)] + ([("content-encoding", coding)] if coding != "identity" else [])
    return entry(url, content, headers=headers)


def _in_any_order(entries: list[Any], chance: random.Random) -> list[Any]:
    chance.shuffle(entries)
    return entries


def har_codings(chance: random.Random) -> Variant:
    """Bodies as text, in base64 with and without the flag, some still packed; foreign entries between them."""
    pages = make_pages(chance)
    entries: list[Any] = [
        entry(url, body) if chance.random() < 0.3 else _base64_entry(url, body, chance) for url, body in pages.items()
    ]
    foreign = (
        "data:text/html,x", "chrome-extension://abc/x.html", "blob:https://x.example/1", "about:blank", "wss://x.example/",
    )  # fmt: skip
    entries += [entry(url, b"<html><body>x</body></html>") for url in foreign if chance.random() < 0.5]
    return Variant("har: codings", {"a.har": har(_in_any_order(entries, chance), chance)}, "a.har", right_items(pages))


def har_labels(chance: random.Random) -> Variant:
    """Wrong or missing labels, headers that are missing, a packed body whose header says nothing."""
    pages, entries = make_pages(chance), []
    for url, body in pages.items():
        label = chance.choice(("application/octet-stream", "text/plain", "x-unknown", "", "application/json", HTML))
        made = entry(url, body, headers=[("Content-Type", label)] if label else [])
        made["response"]["content"]["mimeType"] = label
        if chance.random() < 0.2:
            made["response"]["headers"] = chance.choice((None, []))
        if chance.random() < 0.2:
            made = _base64_entry(url, body, chance, "gzip")
            made["response"]["headers"] = [{"name": "Content-Type", "value": HTML}]
        entries.append(made)
    return Variant("har: labels", {"a.har": har(_in_any_order(entries, chance), chance)}, "a.har", right_items(pages))


def har_copies(chance: random.Random) -> Variant:
    """Worse answers of the same addresses before and after the good one."""
    pages = make_pages(chance)
    entries: list[Any] = []
    for url, body in pages.items():
        worse = [
            entry(url, {"size": 0, "mimeType": HTML}, 304),
            entry(url, b"<html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>", 503),
            entry(url, b""),
            entry(url, {"size": 0, "mimeType": "x-unknown"}, 0, ()),
            entry(url, body[: len(body) // 3], headers=[("Content-Type", HTML), ("Content-Length", str(len(body)))]),
            entry(url, b"", 302, [("Location", f"{SHOP}1")]),
        ]
        entries += [entry(url, body), *chance.sample(worse, chance.randint(0, 4))]
    return Variant("har: copies", {"a.har": har(_in_any_order(entries, chance), chance)}, "a.har", right_items(pages))


def har_files(chance: random.Random) -> Variant:
    """Bodies in files beside the HAR or in its zip; one file may be missing."""
    pages = make_pages(chance)
    files: dict[str, bytes] = {}
    entries = []
    for url, body in pages.items():
        name = hashlib.sha1(body).hexdigest() + chance.choice((".html", ".bin", ""))
        files[name] = body
        entries.append(entry(url, {"size": -1, "mimeType": HTML, "_file": name}))
    kind = "har: bodies beside"
    if chance.random() < 0.4:
        kind = "har: a body missing"
        del files[chance.choice(list(files))]
    files["har.har"] = har(_in_any_order(entries, chance), chance)
    if chance.random() < 0.5:
        return Variant(kind, files, "har.har", right_items(pages))
    prefix = chance.choice(("", "evening/"))
    packed = make_zip({prefix + name: body for name, body in files.items()}, zipfile.ZIP_DEFLATED)
    return Variant(f"{kind}, zipped", {"a.har.zip": packed}, "a.har.zip", right_items(pages))


def _set_response(broken: dict[str, Any], chance: random.Random) -> None:
    broken["response"] = None


def _drop_response(broken: dict[str, Any], chance: random.Random) -> None:
    del broken["response"]


def _set_request(broken: dict[str, Any], chance: random.Random) -> None:
    broken["request"] = chance.choice((None, "x", {}))


def _set_content(broken: dict[str, Any], chance: random.Random) -> None:
    broken["response"]["content"] = chance.choice((None, [], "x", {}))


def _set_text(broken: dict[str, Any], chance: random.Random) -> None:
    broken["response"]["content"]["text"] = chance.choice((None, 17, ["x"], ""))


def _set_status(broken: dict[str, Any], chance: random.Random) -> None:
    broken["response"]["status"] = chance.choice((None, "ok", "200", 200.0, -1))


def _set_headers(broken: dict[str, Any], chance: random.Random) -> None:
    pairs = [None, 3, {"name": None}]
    broken["response"]["headers"] = chance.choice((None, {"Content-Type": HTML}, "x", pairs))


def _set_base64(broken: dict[str, Any], chance: random.Random) -> None:
    broken["response"]["content"].update(encoding="base64", text="@@@ no base64 @@@")


def _set_coding(broken: dict[str, Any], chance: random.Random) -> None:
    coding = chance.choice(("zstd", "br", "gzip", "x-own"))
    broken["response"]["headers"] = [{"name": "Content-Encoding", "value": coding}]
    broken["response"]["content"].update(encoding="base64", text=base64.b64encode(chance.randbytes(300)).decode())


ENTRY_FAULTS = (
    _set_response, _drop_response, _set_request, _set_content, _set_text, _set_status, _set_headers, _set_base64,
    _set_coding,
)  # fmt: skip


def _break_entry(broken: dict[str, Any], chance: random.Random) -> Any:
    """Break an entry in one of the ways that tools and hands do, or put something else in its place."""
    way = chance.randrange(len(ENTRY_FAULTS) + 1)
    if way == len(ENTRY_FAULTS):
        return chance.choice((None, 3, [], "x", {}))
    ENTRY_FAULTS[way](broken, chance)
    return broken


def har_broken_entry(chance: random.Random) -> Variant:
    """One entry is broken; the others stay as they are."""
    pages = make_pages(chance)
    entries: list[Any] = [entry(url, body) for url, body in pages.items()]
    at = chance.randrange(len(entries))
    entries[at] = _break_entry(entries[at], chance)
    return Variant("har: a broken entry", {"a.har": har(entries, chance)}, "a.har", right_items(pages))


def har_damaged(chance: random.Random) -> Variant:
    """The file is cut, or bytes of it are changed, missing, inserted or zeroed."""
    pages = make_pages(chance)
    is_packed = chance.random() < 0.5
    entries = [
        _base64_entry(url, body, chance, "gzip") if is_packed else entry(url, body) for url, body in pages.items()
    ]
    way, data = damage(har(entries, chance), chance)
    soft = CHANGED_BYTES.get(way, 200)
    name = f"har: {'gzip' if is_packed else 'text'}, {way}"
    sealed = frozenset({"body"} if is_packed else ())
    return Variant(
        name, {"a.har": data}, "a.har", right_items(pages), 0 if way == "cut" else soft, sealed_fields=sealed
    )


# WARC


def http(
    body: bytes, chance: random.Random | None = None, status: str = "HTTP/1.1 200 OK", coding: str = "identity"
) -> bytes:
    """An HTTP answer; with `chance`, with headers as odd servers send them."""
    body = CODERS[coding](body)
    head = [status]
    if not chance or chance.random() < 0.8:
        head.append(f"Content-Type: {HTML}")
    if coding != "identity" or (chance and chance.random() < 0.2):
        odd = random.Random(len(body)).choice(("none", "UTF-8", "identity"))
        head.append(f"Content-Encoding: {odd if coding == 'identity' else coding}")
    if chance and chance.random() < 0.15:
        head.append("Transfer-Encoding: chunked")
        body = (
            b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (body[:100], body[100:])) + b"0\r\n\r\n"
        )
    elif not chance or chance.random() < 0.7:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def digest(data: bytes) -> str:
    """A digest as WARC writes it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def record(
    url: str,
    block: bytes,
    kind: str = "response",
    content_type: str = "application/http; msgtype=response",
    more: Sequence[str] = (),
    has_digest: bool = False,
) -> bytes:
    """A WARC record."""
    number = hashlib.md5(url.encode() + kind.encode() + block).hexdigest()
    head = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{number[:8]}-{number[8:12]}-4{number[13:16]}-8{number[17:20]}-{number[20:]}>",
        f"WARC-Target-URI: {url}",
        "WARC-Date: 2026-11-21T09:00:00Z",
        *more,
        *([f"WARC-Block-Digest: {digest(block)}"] if has_digest else []),
        f"Content-Type: {content_type}",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def warc_info() -> bytes:
    """The record that WARC files begin with."""
    block = b"software: Quillcrawl 0.3\r\n"
    return record("", block, "warcinfo", "application/warc-fields").replace(b"WARC-Target-URI: \r\n", b"")


def pack(records: Sequence[bytes], layout: str) -> bytes:
    """Records in a file: plain, each packed by itself, or all in one."""
    if layout == "gz":
        return b"".join(gzip.compress(each, mtime=0) for each in records)
    joined = b"".join(records)
    return gzip.compress(joined, mtime=0) if layout == "one gz" else joined


def warc_codings(chance: random.Random) -> Variant:
    """Codings, odd headers, records of other kinds between them, in any order and layout."""
    pages = make_pages(chance)
    records = []
    for url, body in pages.items():
        way = chance.random()
        if way < 0.15:
            records.append(record(url, body, "resource", HTML))
        else:
            coding = chance.choice(tuple(CODERS))
            records.append(record(url, http(body, chance, coding=coding), has_digest=chance.random() < 0.5))
        if chance.random() < 0.4:
            records.append(record(url, b"GET / HTTP/1.1\r\n\r\n", "request", "application/http; msgtype=request"))
        if chance.random() < 0.2:
            records.append(record(url, b"via: x\r\n", "metadata", "application/warc-fields"))
        if chance.random() < 0.2:
            records.append(record(url, "文字".encode(), "conversion", "text/plain"))
    chance.shuffle(records)
    layout = chance.choice(("plain", "gz", "gz", "one gz"))
    name = chance.choice(("a.warc", "a.warc.gz"))
    return Variant(f"warc: codings, {layout}", {name: pack([warc_info(), *records], layout)}, name, right_items(pages))


def warc_copies(chance: random.Random) -> Variant:
    """Worse answers beside the good ones, and revisits of good ones at their own and at other addresses."""
    pages = make_pages(chance)
    records = []
    for url, body in list(pages.items()):
        worse = [
            record(url, http(b"", status="HTTP/1.1 304 Not Modified")),
            record(url, http(b"<html><body>busy</body></html>", status="HTTP/1.1 503 Service Unavailable")),
            record(url, http(b"")),
            record(url, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000\r\n\r\n" + body[:200]),
        ]
        payload = [f"WARC-Payload-Digest: {digest(body)}"]
        records += [record(url, http(body), more=payload), *chance.sample(worse, chance.randint(0, 3))]
        if chance.random() < 0.5:
            elsewhere = f"{url}?visit={chance.randint(1, 9)}" if chance.random() < 0.7 else url
            pages[elsewhere] = body
            revisit = ["WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest", *payload]
            if chance.random() < 0.5:
                revisit += [f"WARC-Refers-To-Target-URI: {url}", "WARC-Refers-To-Date: 2026-11-21T09:00:00Z"]
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {HTML}\r\n\r\n".encode()
            records.append(record(elsewhere, head, "revisit", more=revisit))
    chance.shuffle(records)
    layout = chance.choice(("plain", "gz"))
    return Variant(
        "warc: copies and revisits", {"a.warc": pack([warc_info(), *records], layout)}, "a.warc", right_items(pages)
    )


def warc_damaged(chance: random.Random) -> Variant:
    """A file with damage at a random place, plain with or without digests, packed by record or as one."""
    pages = make_pages(chance)
    layout = chance.choice(("plain", "digests", "gz", "gz", "one gz"))
    records = [record(url, http(body), has_digest=layout == "digests") for url, body in pages.items()]
    way, data = damage(pack([warc_info(), *records], layout), chance)
    soft = CHANGED_BYTES.get(way, 0) if layout == "plain" else 0
    return Variant(f"warc: {layout}, {way}", {"a.warc.gz": data}, "a.warc.gz", right_items(pages), soft)


# Containers


def make_zip(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, (2026, 11, 21, 9, 0, 0)), content, method)
    return buffer.getvalue()


def wacz(warcs: Mapping[str, bytes], prefix: str = "") -> bytes:
    """A web archive collection of these WARC files."""
    files = {f"archive/{name}": content for name, content in warcs.items()}
    files["pages/pages.jsonl"] = b'{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}\n'
    files["indexes/index.cdx"] = b""
    resources = [
        {
            "name": name.rpartition("/")[2],
            "path": name,
            "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        }
        for name, content in files.items()
    ]
    package = {"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}
    return make_zip(
        {
            prefix + name: content
            for name, content in (files | {"datapackage.json": json.dumps(package).encode()}).items()
        }
    )


def _warcs(pages: Pages, chance: random.Random) -> dict[str, bytes]:
    """The pages in one to three WARC files."""
    count = chance.randint(1, 3)
    urls = list(pages)
    return {
        f"data-{index}.warc.gz": pack(
            [warc_info(), *(record(url, http(pages[url])) for url in urls[index::count])], "gz"
        )
        for index in range(count)
    }


def wacz_whole(chance: random.Random) -> Variant:
    """One or several packages, with a folder before their names, zipped again."""
    pages = make_pages(chance)
    urls = list(pages)
    if chance.random() < 0.5:
        packages = {
            f"{index}.wacz": wacz(_warcs({url: pages[url] for url in urls[index::2]}, chance)) for index in range(2)
        }
        listing = {"profile": "multi-wacz-package", "resources": [{"name": name, "path": name} for name in packages]}
        data = make_zip({"datapackage.json": json.dumps(listing).encode(), **packages})
        return Variant("wacz: several", {"a.wacz": data}, "a.wacz", right_items(pages))
    data = wacz(_warcs(pages, chance), chance.choice(("", "evening/")))
    if chance.random() < 0.5:
        return Variant(
            "wacz: zipped again", {"a.wacz.zip": make_zip({"x/a.wacz": data})}, "a.wacz.zip", right_items(pages)
        )
    return Variant("wacz: one", {"a.wacz": data}, "a.wacz", right_items(pages))


def wacz_member_damaged(chance: random.Random) -> Variant:
    """One WARC file of a package is damaged before it was packed, or is no WARC."""
    pages = make_pages(chance)
    warcs = _warcs(pages, chance)
    name = chance.choice(list(warcs))
    way, warcs[name] = damage(warcs[name], chance)
    return Variant(f"wacz: member, {way}", {"a.wacz": wacz(warcs)}, "a.wacz", right_items(pages))


def wacz_damaged(chance: random.Random) -> Variant:
    """The package itself is damaged at a random place."""
    pages = make_pages(chance)
    way, data = damage(wacz(_warcs(pages, chance)), chance)
    return Variant(f"wacz: {way}", {"a.wacz": data}, "a.wacz", right_items(pages))


# Saved pages


def mhtml(pages: Pages, chance: random.Random) -> bytes:
    """A page as a browser saves it in one file."""
    boundary = chance.choice(("----MultipartBoundary--q7T----", "----=_NextPart_000_0000_01DA"))
    url = next(iter(pages))
    head = ["From: <Saved by Blink>", f"Snapshot-Content-Location: {url}", "Subject: x", "MIME-Version: 1.0"]
    head += [f'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="{boundary}"', "", ""]
    parts = [_mime_part(address, body, chance) for address, body in pages.items()]
    gif = b"Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\nContent-Location: https://x.example/c.gif\r\n\r\nR0lGODlhAQABAAAAACw="
    parts += [gif] * chance.randint(0, 2)
    data = (
        "\r\n".join(head).encode()
        + b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
        + f"--{boundary}--\r\n".encode()
    )
    return data if chance.random() < 0.7 else data.replace(b"\r\n", b"\n")


def _mime_part(url: str, body: bytes, chance: random.Random) -> bytes:
    coding = chance.choice(("quoted-printable", "base64", "8bit", "binary"))
    coded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(coding, bytes)(body)
    if coding in ("quoted-printable", "base64"):
        coded = coded.replace(b"\n", b"\r\n")
    label = chance.choice(("text/html", HTML))
    return (
        f"Content-Type: {label}\r\nContent-Transfer-Encoding: {coding}\r\nContent-Location: {url}\r\n\r\n".encode()
        + coded
    )


def saved_page(chance: random.Random) -> Variant:
    """One page as MHTML, or with its folder of files."""
    url, body = next(iter(make_pages(chance).items()))
    body = body.replace(b"\n", b"")
    if chance.random() < 0.7:
        name = chance.choice(("a.mhtml", "a.mht"))
        return Variant("mhtml", {name: mhtml({url: body}, chance)}, name, right_items({url: body}))
    body = body.replace(
        b"<!DOCTYPE html>", f"<!DOCTYPE html>\n<!-- saved from url=({len(url):04d}){url} -->\n".encode()
    )
    files = {
        "a/p.html": body,
        "a/p_files/x.html": b"<!DOCTYPE html><html><body>ad</body></html>",
        "a/p_files/c.gif": b"GIF89a",
    }
    return Variant("saved with folder", files, chance.choice(("a/p.html", "a")), right_items({url: body}))


def mhtml_damaged(chance: random.Random) -> Variant:
    """MHTML with damage at a random place."""
    url, body = next(iter(make_pages(chance).items()))
    body = body.replace(b"\n", b"")
    way, data = damage(mhtml({url: body}, chance), chance)
    soft = 0 if way == "cut" else CHANGED_BYTES.get(way, 200)
    return Variant(f"mhtml: {way}", {"a.mhtml": data}, "a.mhtml", right_items({url: body}), soft * 2)


def _reads_saved_pages() -> bool:
    """Whether saved pages can be replayed at all."""
    import tempfile

    variant = Variant(
        "", {"a.mhtml": mhtml({f"{SHOP}1": b"<html><body>x</body></html>"}, random.Random(1))}, "a.mhtml", {}
    )
    with tempfile.TemporaryDirectory() as folder:
        return not read_archive(variant, Path(folder)).refusal


HAR_MAKERS = (har_codings, har_damaged, har_labels, har_copies, har_files, har_broken_entry)
WARC_MAKERS = (warc_codings, warc_damaged, warc_copies, wacz_whole, wacz_member_damaged, wacz_damaged)
SAVED_MAKERS = (saved_page, mhtml_damaged)


def archive_groups() -> list[Group]:
    """The groups of archives; saved pages only where they can be replayed."""
    groups = [Group("har", HAR_MAKERS, read_archive), Group("warc", WARC_MAKERS, read_archive)]
    return groups + ([Group("saved", SAVED_MAKERS, read_archive)] if _reads_saved_pages() else [])
