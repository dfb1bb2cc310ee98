"""Whether a recorded response is a page that a platform may read: told by its bytes, then by its label.

Recorders and servers label answers loosely: JSON as text/javascript, pages without a Content-Type or as
application/octet-stream.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.archives.archive import RecordedResponse
from crawler.page.charset import decode

_PAGE_TYPES = ("text/html", "application/xhtml", "application/json", "text/json", "text/plain")
_CODE_TYPES = ("text/css", "font/", "text/vtt", "text/event-stream", "application/wasm")
_XML_TYPES = ("text/xml", "application/xml", "application/rss", "application/atom", "image/svg")
_BINARY_STARTS = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\x00"),
    *(b"%PDF", b"PK\x03\x04", b"\x1f\x8b", b"wOFF", b"wOF2", b"OTTO", b"\x00\x01\x00\x00", b"ID3", b"OggS", b"\x00asm"),
)
_HEAD_BYTES = 2_048
# How a page begins: a doctype, or the tags that stand first, after comments and a declaration.
_HTML_START_RE = re.compile(
    r"(?:\s|<\?xml[^<>]{0,200}>|<!--.{0,500}?-->){0,9}<(?:!doctype\s+html|html|head|body|title|meta|div|table)\b",
    re.I | re.S,
)
_JSON_START_RE = re.compile(r"\s{0,100}(?:[\w.$]{1,60}\s?\(\s{0,20})?[\[{]\s{0,200}(?:[\"\[{\]}\d]|$)")
# An answer that says where the page is (it is read there, if it was recorded), or that there is nothing new.
_NO_PAGE_STATUSES = frozenset({204, 301, 302, 303, 304, 307, 308})
_ROBOTS_PATHS = frozenset({"/robots.txt", "/ads.txt", "/favicon.ico"})


def is_page(recorded: RecordedResponse) -> bool:
    """Whether a response may be a page: markup or JSON. Pictures, scripts, redirects, robots.txt are none."""
    if urlsplit(recorded.url).path in _ROBOTS_PATHS or recorded.status in _NO_PAGE_STATUSES:
        return False
    body, label = recorded.body, recorded.content_type.strip().lower()
    if body.startswith(_BINARY_STARTS) or body[4:8] == b"ftyp":
        return False
    if label.startswith(_PAGE_TYPES):
        return True
    if label.startswith(_CODE_TYPES) or not body.strip():
        return False
    head = decode(body[:_HEAD_BYTES], recorded.content_type).text
    return _HTML_START_RE.match(head) is not None or (
        not label.startswith(_XML_TYPES) and _JSON_START_RE.match(head) is not None
    )
