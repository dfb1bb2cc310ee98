from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest

from crawler.archives import SkipReason, open_archive
from crawler.archives.bodies import gunzip
from crawler.errors import BadInput

URL = "https://shop.example/search?q=lantern&t=1"


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def har_entry(
    url: str, text: str = "", method: str = "GET", posted_body: str = "", status: int = 200, **content: Any
) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-11-02T08:00:00.000+08:00",
        "request": {"url": url, "method": method, **({"postData": {"text": posted_body}} if posted_body else {})},
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "text/html"}],
            "content": {"mimeType": "text/html; charset=gbk", "text": text, **content},
        },
    }


def warc_record(kind: str, url: str, http: bytes, number: int, compress: bool = True, **extra_headers: str) -> bytes:
    """One WARC record as the standard writes it."""
    content = "http; msgtype=request" if kind == "request" else "http; msgtype=response"
    lines = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:00000000-0000-0000-0000-{number:012d}>",
        "WARC-Target-URI": url,
        "WARC-Date": "2026-11-02T00:00:00Z",
        "Content-Type": f"application/{content}",
        "Content-Length": str(len(http)),
    } | {name.replace("_", "-"): value for name, value in extra_headers.items()}
    head = "WARC/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    content_bytes = head.encode() + http + b"\r\n\r\n"
    return gzip.compress(content_bytes) if compress else content_bytes


def http_response(body: bytes, **headers: str) -> bytes:
    """An HTTP answer."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


def test_har_answers_by_method_address_and_body(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    path.write_text(
        har(
            har_entry(URL, "三体"),
            har_entry("https://api.example/token", '{"code":0}', method="POST", posted_body='{"id":"a"}'),
            har_entry("https://api.example/token", '{"code":1}', method="POST", posted_body='{"id":"b"}'),
            har_entry("https://shop.example/logo", base64.b64encode(b"\x89PNG").decode(), encoding="base64"),
            har_entry("https://shop.example/aborted", status=0),
        )
    )
    archive = open_archive(path)
    assert len(archive) == 4
    page = archive.find_response("get", "https://shop.example/search?t=1&q=lantern#top")
    assert page is not None
    assert page.body.decode() == "三体"
    assert page.content_type == "text/html; charset=utf-8", "the text was decoded by the browser"
    assert page.fetched_at == datetime(2026, 11, 2, tzinfo=UTC)
    token = archive.find_response("POST", "https://api.example/token", b'{"id":"b"}')
    assert token is not None
    assert token.body == b'{"code":1}'
    assert archive.find_response("POST", "https://api.example/token", b'{"id":"c"}') is None
    assert archive.find_response("GET", "https://api.example/token") is None
    assert [response.body for response in archive][-1] == b"\x89PNG"


def test_volatile_parameters_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "session.har.gz"
    path.write_bytes(
        gzip.compress(har(har_entry(URL, "first"), har_entry(URL.replace("t=1", "t=2"), "second")).encode())
    )
    archive = open_archive(path)
    assert archive.find_response("GET", URL.replace("t=1", "t=3")) is None
    response = archive.find_response("GET", URL.replace("t=1", "t=3"), volatile=("t",))
    assert response is not None
    assert response.body == b"second", "of several answers the last one counts"


def test_har_without_stored_body_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    bodyless = har_entry("https://shop.example/large", size=10)
    del bodyless["response"]["content"]["text"]
    path.write_text(har(bodyless, har_entry(URL, "kept")))
    archive = open_archive(path)
    assert [recorded.body for recorded in archive] == [b"kept"]
    assert [(entry.place, entry.reason) for entry in archive.skipped] == [("entry 1", SkipReason.NO_BODY)]


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("a.har", b'{"log": {\n "entries": [}', "a.har:2: not JSON"),
        ("a.har", b"[]", "log.entries is missing"),
        ("a.har", json.dumps({"log": {"entries": [{"request": {}}]}}).encode(), "a.har: entry 1: damaged"),
        ("a.har", har(har_entry(URL, "ab?d", encoding="base64")).encode(), "a.har: entry 1: damaged: base64"),
        ("a.har.gz", gzip.compress(b"{}" * 99, mtime=0)[:-8] + b"\xff" * 8, "damaged gzip"),
        ("a.har.gz", gzip.compress(b"{}" * 99, mtime=0)[:-9], "cut gzip"),
        ("a.warc", b"not a warc", "a.warc: not a WARC file"),
        ("a.warc", b"", "no record"),
        ("a.wacz", b"not a zip", "not a zip"),
        ("a.pdf", b"%PDF", "not an archive"),
    ],
)
def test_unreadable_archives_are_named(tmp_path: Path, name: str, body: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(BadInput) as raised:
        open_archive(path)
    assert message in str(raised.value)
    assert name in str(raised.value)


def test_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        open_archive(tmp_path / "none.har")


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
    ],
)
def test_warc_content_encodings_are_undone(tmp_path: Path, gz: bool, encoding: str, pack: Any) -> None:
    path = tmp_path / ("crawl.warc.gz" if gz else "crawl.warc")
    headers = {"Content_Type": "text/html; charset=gbk"} | ({"Content_Encoding": encoding} if encoding else {})
    path.write_bytes(warc_record("response", URL, http_response(pack("<p>三体".encode("gbk")), **headers), 1, gz))
    (answer,) = open_archive(path)
    assert answer.body == "<p>三体".encode("gbk")
    assert (answer.url, answer.method, answer.status) == (URL, "GET", 200)
    assert answer.content_type == "text/html; charset=gbk"
    assert answer.fetched_at == datetime(2026, 11, 2, tzinfo=UTC)


def test_warc_keeps_responses_with_their_requests(tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    record_id = "<urn:uuid:00000000-0000-0000-0000-000000000003>"
    path.write_bytes(
        warc_record("resource", "https://shop.example/other", http_response(b"x"), 1)
        + warc_record("response", "https://shop.example/odd", http_response(b"x", Content_Encoding="zstd"), 2)
        + warc_record("response", URL, http_response(b"found"), 3)
        + warc_record(
            "request", URL, b"POST /search HTTP/1.1\r\nHost: shop.example\r\n\r\nq=1", 4, WARC_Concurrent_To=record_id
        )
        + warc_record(
            "response",
            URL,
            http_response(b"put"),
            5,
            WARC_Concurrent_To="<urn:uuid:00000000-0000-0000-0000-000000000006>",
        )
        + warc_record("request", URL, b"PUT /search HTTP/1.1\r\n\r\n", 6)
    )
    archive = open_archive(path)
    assert [(response.url, response.method) for response in archive][2:] == [(URL, "POST"), (URL, "PUT")]
    assert [response.body for response in archive][:2] == [b"x", b"x"], "a resource; zstd that never was"
    response_to_post = archive.find_response("POST", URL, b"q=1")
    assert response_to_post is not None
    assert response_to_post.body == b"found"


def test_wacz_reads_all_its_warcs(tmp_path: Path) -> None:
    path = tmp_path / "crawl.wacz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("archive/a.warc.gz", warc_record("response", "https://shop.example/a", http_response(b"a"), 1))
        packed.writestr("archive/b.warc.gz", warc_record("response", "https://shop.example/b", http_response(b"b"), 1))
        packed.writestr("pages/pages.jsonl", "{}")
    assert [response.body for response in open_archive(path)] == [b"a", b"b"]
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("pages/pages.jsonl", "{}")
    with pytest.raises(BadInput, match=r"no \.warc, \.har or \.wacz"):
        open_archive(path)


def write_case(folder: Path, request: object, name: str = "page.json") -> None:
    folder.mkdir(parents=True)
    (folder / name).write_text("{}")
    (folder / "request.json").write_text(json.dumps(request))


def test_folder_of_saved_pages(tmp_path: Path) -> None:
    write_case(tmp_path / "b", {"url": "https://api.example/x", "method": "post", "body": "{}", "status": 404})
    write_case(tmp_path / "a" / "deep", {"url": "https://api.example/y", "values": {"id": "1"}}, "page.html")
    first, second = open_archive(tmp_path)
    assert (first.url, first.content_type, first.values) == ("https://api.example/y", "text/html", {"id": "1"})
    assert (second.method, second.status, second.request_body) == ("POST", 404, b"{}")
    assert second.content_type == "application/json"


def test_folder_names_every_problem(tmp_path: Path) -> None:
    write_case(tmp_path / "a", {"url": "ftp://x", "colour": 1, "status": "200"})
    write_case(tmp_path / "b", [])
    write_case(tmp_path / "c", {"url": "https://api.example/x"})
    (tmp_path / "c" / "page.html").write_text("")
    with pytest.raises(BadInput) as raised:
        open_archive(tmp_path)
    message = str(raised.value)
    assert all(
        part in message for part in ("colour: unknown", "url: expected", "status: expected", "found 2", "an object")
    )


def test_folder_without_pages(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no request\.json"):
        open_archive(tmp_path)


def test_gzip_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 1000"):
        gunzip(io.BytesIO(gzip.compress(b"\0" * 5_000_000)), 1000)
    two_members = gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0"
    assert gunzip(io.BytesIO(two_members), 1000) == b"ab"


def test_a_warc_record_without_an_address_is_refused(tmp_path: Path) -> None:
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: 4\r\n\r\nHTTP\r\n\r\n"
    )
    (tmp_path / "a.warc").write_bytes(record)
    with pytest.raises(BadInput):
        list(open_archive(tmp_path / "a.warc"))
