"""A page that a browser or Word saved with its pictures as one file: MHTML (.mhtml, .mht) and Safari's .webarchive.

MHTML is a mail (RFC 2557): parts with Content-Location or Content-ID, in base64 or quoted-printable. Chrome names the
address of the page in Snapshot-Content-Location and its frames by cid:. A frame's document is written into the page as
`srcdoc`, because sellers' descriptions are in frames. A .webarchive is a property list.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any
from urllib.parse import urljoin

from attrs import evolve, frozen

from crawler.archives.archive import RecordedResponse
from crawler.archives.bodies import MAX_BODY_BYTES
from crawler.page.charset import decode

MAX_PARTS = 5_000
MAX_FRAMES = 50  # of a page, whose documents are written into it
WEB_SCHEMES = ("http://", "https://")
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_WEBARCHIVE_START = b"bplist00"
_FIRST_HEADER_RE = re.compile(rb"[\w-]{1,60}:")
_MAIL_MARK_RE = re.compile(
    rb"^(?:snapshot-content-location|content-location):|^content-type:\s{0,9}multipart/related", re.I | re.M
)
_FRAME_RE = re.compile(r"""(<i?frame\b[^<>]{0,1000}?\s)src\s{0,9}=\s{0,9}["']?cid:([^"'\s<>]{1,200})["']?""", re.I)


@frozen(kw_only=True)
class SavedPage:
    """A page out of one file: its document, its address ("" if the file does not say), when it was saved, and its parts
    (pictures, styles, frames) with their http or cid: addresses. `is_cut`: the file ends within the document.
    """

    body: bytes
    content_type: str = "text/html"
    url: str = ""
    saved_at: datetime | None = None
    parts: tuple[RecordedResponse, ...] = ()
    is_cut: bool = False


def is_single_file(head: bytes) -> bool:
    """Whether the first bytes of a file are those of MHTML or of a .webarchive."""
    if head.startswith(_WEBARCHIVE_START):
        return True
    mail = head.lstrip(b"\xef\xbb\xbf \t\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    is_mail = _FIRST_HEADER_RE.match(mail) is not None and b"mime-version:" in mail.lower()
    return is_mail and _MAIL_MARK_RE.search(mail) is not None


def unpack_page(data: bytes) -> SavedPage:
    """The page in the bytes of an MHTML file or a .webarchive.

    Raises ValueError if there is none or a too large one.
    """
    page = _unpack_webarchive(data) if data.startswith(_WEBARCHIVE_START) else _unpack_mail(data)
    if len(page.body) > MAX_BODY_BYTES:
        raise ValueError(f"a body of more than {MAX_BODY_BYTES} bytes")
    return page


def _unpack_mail(data: bytes) -> SavedPage:
    mail = message_from_bytes(data.lstrip(b"\xef\xbb\xbf \t\r\n"))
    parts = [part for part in mail.walk() if not part.is_multipart()][:MAX_PARTS]
    documents = [part for part in parts if part.get_content_type() in _HTML_TYPES]
    if not documents:
        raise ValueError("no page in it: it has no part of the type text/html")
    start = str(mail.get_param("start") or "").strip("<>")
    main = next((part for part in documents if start and _content_id(part) == start), documents[0])
    if not _part_bytes(main).strip():
        raise ValueError("its page is empty")
    names = ((mail, "Snapshot-Content-Location"), (main, "Content-Location"), (mail, "Content-Location"))
    stated = [_header(part, name) for part, name in names]
    url = next((address for address in stated if address.startswith(WEB_SCHEMES)), "")
    others = [part for part in parts if part is not main]
    frames = {_content_id(part): part for part in others if part.get_content_type() in _HTML_TYPES}
    saved_at = _mail_date(_header(mail, "Date"))
    page = _make_response(url, _part_bytes(main), _content_type(main), saved_at)
    body, content_type = _with_frames(page.body, page.content_type, frames)
    recorded = (_recorded_part(part, url, saved_at) for part in others)
    return SavedPage(
        body=body,
        content_type=content_type,
        url=url,
        saved_at=saved_at,
        parts=tuple(filter(None, recorded)),
        is_cut=main is parts[-1] and not _is_ended(mail),
    )


def _is_ended(mail: Message) -> bool:
    """Whether the last boundary of a mail, and of each mail in it, is there."""
    return not any(isinstance(defect, CloseBoundaryNotFoundDefect) for part in mail.walk() for defect in part.defects)


def _recorded_part(part: Message, base: str, saved_at: datetime | None) -> RecordedResponse | None:
    """A part as a response; None for the document of a frame that has no web address, which the page holds itself."""
    location, name = _header(part, "Content-Location"), _content_id(part)
    address = urljoin(base, location) if location and not location.startswith("cid:") else ""
    if not address.startswith(WEB_SCHEMES):
        address = f"cid:{name or location.removeprefix('cid:')}"
        if part.get_content_type() in _HTML_TYPES or address == "cid:":
            return None
    body = _part_bytes(part)
    return _make_response(address, body, _content_type(part), saved_at) if 0 < len(body) <= MAX_BODY_BYTES else None


def _with_frames(body: bytes, content_type: str, frames: Mapping[str, Message]) -> tuple[bytes, str]:
    """A document with the documents of its frames in it as `srcdoc`, and its type."""
    if not frames or b"cid:" not in body:
        return body, content_type

    def write_in(frame: re.Match[str]) -> str:
        part = frames.get(frame[2])
        text = decode(_part_bytes(part), _content_type(part)).text if part is not None else ""
        return f'{frame[1]}srcdoc="{escape(text)}"' if text else frame[0]

    text = _FRAME_RE.sub(write_in, decode(body, content_type).text, MAX_FRAMES)
    return text.encode("utf-8", "replace"), "text/html; charset=utf-8"


def _unpack_webarchive(data: bytes) -> SavedPage:
    try:
        root = plistlib.loads(data)
        main = root["WebMainResource"]
        page = _web_resource(main)
    except (plistlib.InvalidFileException, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(f"a damaged .webarchive: {error}") from None
    parts = [part for part in root.get("WebSubresources") or () if isinstance(part, Mapping)][:MAX_PARTS]
    recorded = [_web_resource(part) for part in parts]
    return SavedPage(
        body=page.body,
        content_type=page.content_type,
        url=page.url if page.url.startswith(WEB_SCHEMES) else "",
        parts=tuple(part for part in recorded if part.url.startswith(WEB_SCHEMES) and part.body),
    )


def _web_resource(resource: Mapping[str, Any]) -> RecordedResponse:
    charset = resource.get("WebResourceTextEncodingName")
    kind = str(resource.get("WebResourceMIMEType") or "")
    body = bytes(resource.get("WebResourceData") or b"")
    content_type = f"{kind}; charset={charset}" if charset else kind
    return _make_response(str(resource.get("WebResourceURL") or ""), body, content_type, None)


def _make_response(url: str, body: bytes, content_type: str, saved_at: datetime | None) -> RecordedResponse:
    headers = {"content-type": content_type} if content_type else {}
    return evolve(RecordedResponse(url=url), body=body, content_type=content_type, headers=headers, fetched_at=saved_at)


def _part_bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _content_type(part: Message) -> str:
    charset = part.get_content_charset()
    return f"{part.get_content_type()}; charset={charset}" if charset else part.get_content_type()


def _content_id(part: Message) -> str:
    return _header(part, "Content-ID").strip("<>")


def _header(part: Message, name: str) -> str:
    """A header without folds (an address that was folded has no blank), encoded words decoded."""
    lines = str(part.get(name) or "").splitlines()
    value = ("" if name != "Date" else " ").join(line.strip() for line in lines)
    try:
        return str(make_header(decode_header(value))) if "=?" in value else value
    except (ValueError, LookupError):
        return value


def _mail_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
