from __future__ import annotations

import pytest

from crawler.archives import RecordedResponse, is_page


@pytest.mark.parametrize(
    ("body", "label", "path", "expected"),
    [
        (b"<!doctype html><p>x", "text/html", "/item/1", True),
        (b"<!doctype html><p>x", "", "/item/1", True),
        (b"\xef\xbb\xbf\n<!-- built --><html><p>x", "application/octet-stream", "/item/1", True),
        (b"<html><body>x", "text/javascript", "/item/1", True),
        (b'{"results": [{"trackId": 1}]}', "text/javascript; charset=utf-8", "/search", True),
        (b'\n\n\n{"results": []}', "application/x-javascript", "/search", True),
        (b'jsonp12({"list": [1]});', "application/javascript", "/search", True),
        (b'{"results": []}', "", "/search", True),
        (b"<p>a piece", "text/html", "/piece", True),
        (b"!function(){var a={b:1}}()", "text/javascript", "/app.js", False),
        (b"window.data = {", "application/javascript", "/app.js", False),
        (b"body { color: red }", "text/css", "/app.css", False),
        (b"\x89PNG\r\n\x1a\n", "text/html", "/logo", False),
        (b"\x00\x00\x00\x1cftypavif", "text/html", "/logo", False),
        (b"%PDF-1.7", "text/html", "/book", False),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "/logo.svg", False),
        (b"User-agent: *", "text/plain", "/robots.txt", False),
        (b"", "", "/item/1", False),
        (b"", "text/html", "/item/1", True),
    ],
)
def test_a_page_is_known_by_its_bytes_then_by_its_label(body: bytes, label: str, path: str, expected: bool) -> None:
    recorded = RecordedResponse(url=f"https://shop.example{path}", body=body, content_type=label)
    assert is_page(recorded) is expected
