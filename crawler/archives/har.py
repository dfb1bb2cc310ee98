"""HAR as browsers and proxies save it: one JSON file, bodies as text, as base64, or in files beside it.

The format is HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). What its writers make of it: Playwright keeps
bodies in files beside it (`_file`), also as one zip; Chrome and Firefox drop large bodies; mitmproxy and others keep
bodies as they came, still compressed; some say base64 and write text, or write base64 and do not say so. Text bodies
are already decoded, so they come back as UTF-8 whatever the page declares.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlencode

from attrs import frozen

from crawler.archives.archive import MAX_ARCHIVE_BYTES, RecordedResponse, SkippedEntry, SkipReason, parse_timestamp
from crawler.archives.bodies import GZIP_MAGIC, MAX_BODY_BYTES, ZSTD_MAGIC, gunzip, remove_codings
from crawler.errors import BadInput, Problem, printable
from crawler.urls import url_host

_BASE64_RE = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE64_START_CHARS = 16  # twelve bytes, as many as "<!DOCTYPE ht"
_CODING_NAMES = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
_BINARY_RE = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # https://mimesniff.spec.whatwg.org/#binary-data-byte
_SNIFFED_BYTES = 1_445  # what the same standard looks at
_ENTRIES_RE = re.compile(r'"entries"\s{0,20}:\s{0,20}\[')
_ENTRY_START_RE = re.compile(
    r'\{\s{0,200}"(?:_\w{1,60}|startedDateTime|pageref|request|response|time|connection|serverIPAddress)"'
)
_MAX_RESTARTS = 1_000  # attempts to find the next entry of a damaged file
_MAX_DETAIL_CHARS = 120

_ReadBeside = Callable[[str], bytes | None]


@frozen
class _SkippedError(Exception):
    """An entry holds no response that can be read."""

    reason: SkipReason
    detail: str = ""


def read_har(path: Path) -> Iterator[RecordedResponse | SkippedEntry]:
    """The responses of a .har or .har.gz file. Raises BadInput where nothing in it is a HAR."""
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            with path.open("rb") as stream:
                content = gunzip(stream, MAX_ARCHIVE_BYTES)
    except (OSError, ValueError) as error:
        raise BadInput(Problem(file=str(path), message=str(error))) from None
    yield from _parse_har(content, str(path), lambda name: _read_file_beside(path.parent, name))


def read_har_zip(container: zipfile.ZipFile, name: str) -> Iterator[RecordedResponse | SkippedEntry]:
    """The responses of every .har in a zip; their bodies may lie beside them. Raises BadInput where there is none."""
    members = {member.filename: member for member in container.infolist()}
    problems: list[Problem] = []
    hars = [har for har in members if is_har_member(har)]
    for har in hars:
        folder = PurePosixPath(har).parent

        def read_beside(beside: str, folder: PurePosixPath = folder) -> bytes | None:
            member = members.get(str(folder / beside))
            return None if member is None else _read_member(container, member, MAX_BODY_BYTES)

        file = f"{name}!{har}"
        try:
            yield from _parse_har(_read_member(container, members[har], MAX_ARCHIVE_BYTES), file, read_beside)
        except (BadInput, ValueError) as error:
            detail = error.problems[0].message if isinstance(error, BadInput) else str(error)
            problems.append(Problem(file=file, message=detail))
            yield SkippedEntry(file=file, place="file", reason=SkipReason.DAMAGED, detail=detail)
    if len(problems) == len(hars):
        raise BadInput(problems)


def is_har_member(name: str) -> bool:
    """Whether a member of a zip is a HAR; what macOS packs beside each file (__MACOSX, ._name) is none."""
    path = PurePosixPath(name)
    return path.suffix.lower() == ".har" and not path.name.startswith("._") and "__MACOSX" not in path.parts


def _parse_har(content: bytes, file: str, read_beside: _ReadBeside) -> Iterator[RecordedResponse | SkippedEntry]:
    text, bad_byte = _decode(content)
    if bad_byte is not None:
        place = f"byte {bad_byte}"
        yield SkippedEntry(file=file, place=place, reason=SkipReason.ALTERED, detail="not UTF-8")
    total_bytes = 0
    for number, entry in _iter_entries(text, file):
        if isinstance(entry, SkippedEntry):
            yield entry
            continue
        url = ""
        try:
            url = str(entry["request"]["url"])
            recorded = _parse_response(entry, url, read_beside)
            if total_bytes + len(recorded.body) > MAX_ARCHIVE_BYTES:
                raise _SkippedError(SkipReason.TOO_LARGE)
            total_bytes += len(recorded.body)
            yield recorded
        except _SkippedError as error:
            yield _skip(file, number, error.reason, url, error.detail)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield _skip(file, number, SkipReason.DAMAGED, url, f"{type(error).__name__}: {error}")


def _skip(file: str, number: int, reason: SkipReason, url: str, detail: str) -> SkippedEntry:
    detail = printable(detail)[:_MAX_DETAIL_CHARS]
    return SkippedEntry(file=file, place=f"entry {number}", reason=reason, url=url, detail=detail)


def _iter_entries(text: str, file: str) -> Iterator[tuple[int, Any]]:
    """(number from 1, entry) of a HAR; a SkippedEntry stands for a piece of a damaged file that is no entry."""
    try:
        har = json.loads(text, strict=False)
    except RecursionError as error:
        raise BadInput(Problem(file=file, message=str(error))) from None
    except json.JSONDecodeError as error:
        start = _ENTRIES_RE.search(text)
        if start is None:
            raise BadInput(Problem(file=file, line=error.lineno, message=f"not JSON: {error.msg}")) from None
        salvaged = list(_salvage_entries(text, start.end(), file, error))
        if all(isinstance(entry, SkippedEntry) for _, entry in salvaged):
            raise BadInput(Problem(file=file, line=error.lineno, message=f"not JSON: {error.msg}")) from None
        yield from salvaged
        return
    try:
        entries = har["log"]["entries"] if "log" in har else har["entries"]
    except (KeyError, TypeError):
        raise BadInput(Problem(file=file, message="not a HAR file: log.entries is missing")) from None
    if not isinstance(entries, list):
        raise BadInput(Problem(file=file, message="not a HAR file: log.entries is no list"))
    yield from enumerate(entries, start=1)


def _salvage_entries(text: str, start: int, file: str, error: json.JSONDecodeError) -> Iterator[tuple[int, Any]]:
    """The entries of a HAR that is no JSON as a whole: cut at its end, or damaged in the middle."""
    decoder = json.JSONDecoder(strict=False)
    number, restarts, is_gap_told = 0, 0, False
    candidate = _ENTRY_START_RE.search(text, start)
    while candidate is not None and restarts < _MAX_RESTARTS:
        try:
            entry, end = decoder.raw_decode(text, candidate.start())
        except (json.JSONDecodeError, RecursionError):
            entry, end, restarts = None, candidate.start() + 1, restarts + 1
        if isinstance(entry, Mapping) and "request" in entry:
            number, is_gap_told = number + 1, False
            yield number, entry
        elif entry is None and not is_gap_told:
            number, is_gap_told = number + 1, True
            yield number, _skip(file, number, SkipReason.DAMAGED, "", f"line {error.lineno}: {error.msg}")
        candidate = _ENTRY_START_RE.search(text, end)


def _decode(content: bytes) -> tuple[str, int | None]:
    """The text of a file, and the place of the first byte that does not belong to it."""
    codec = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(codec), None
    except UnicodeDecodeError as error:
        return content.decode(codec, "replace"), error.start


def _parse_response(entry: Mapping[str, Any], url: str, read_beside: _ReadBeside) -> RecordedResponse:
    """The response of an entry. Raises _SkippedError; KeyError, TypeError, ValueError or AttributeError for damage."""
    request, response = entry["request"], entry.get("response")
    if not url_host(url):
        raise _SkippedError(SkipReason.NOT_WEB)
    if not response:
        raise _SkippedError(SkipReason.NO_RESPONSE)
    status = int(response.get("status") or 0)
    headers = _parse_headers(response.get("headers"))
    if response.get("redirectURL") and 300 <= status < 400:
        headers.setdefault("location", str(response["redirectURL"]))
    content = response.get("content") or {}
    body, is_text = _parse_body(content, headers.get("content-encoding", ""), read_beside)
    if body and status in (0, 304):
        status = 200  # from the browser's cache: the recorder put the body that it had kept beside the status
    if status <= 0:
        raise _SkippedError(SkipReason.NO_RESPONSE)
    if not body and _states_body(content, response) and 200 <= status < 300:
        raise _SkippedError(SkipReason.NO_BODY)
    return RecordedResponse(
        url=url,
        method=str(request.get("method") or "GET").upper(),
        status=status,
        headers=headers,
        body=body,
        content_type=_content_type(str(content.get("mimeType") or ""), headers.get("content-type", ""), is_text),
        fetched_at=parse_timestamp(str(entry.get("startedDateTime") or "")),
        request_body=_request_body(request.get("postData") or {}, read_beside),
    )


def _parse_headers(headers: Any) -> dict[str, str]:
    """Headers with names in lower case, from HAR's list of pairs or from an object, as some writers have it."""
    if isinstance(headers, Mapping):
        return {str(name).lower(): str(value) for name, value in headers.items()}
    pairs = [header for header in headers or () if isinstance(header, Mapping) and "name" in header]
    return {str(header["name"]).lower(): str(header.get("value") or "") for header in pairs}


def _parse_body(content: Mapping[str, Any], codings: str, read_beside: _ReadBeside) -> tuple[bytes, bool]:
    """The body without its codings, and whether it was kept as text."""
    file = content.get("_file")
    if file and content.get("text") is None:
        stored = read_beside(str(file))
        if stored is None:
            raise _SkippedError(SkipReason.NO_FILE, str(file))
        return _without_codings(stored, codings), False
    text = content.get("text") or ""
    if not isinstance(text, str):
        raise _SkippedError(SkipReason.DAMAGED, f"content.text is no text: {text!r}")
    stored = _decode_base64(text, codings, is_labelled=str(content.get("encoding") or "").lower() == "base64")
    if stored is not None:
        body = _without_codings(stored, codings)
        if codings and _is_text_kind(content) and _is_binary(body):
            raise _SkippedError(SkipReason.CODING, f"not {codings}, and not text either")
        return body, False
    if text.startswith(("\x1f\x8b", "(\xb5/\xfd")):  # bytes kept as the characters of Latin-1
        return _without_codings(text.encode("latin-1"), codings), False
    return text.encode("utf-8", "replace"), True


def _is_text_kind(content: Mapping[str, Any]) -> bool:
    """Whether the recorder says that a body is markup, JSON or other text."""
    return re.search(r"^\s{0,9}text/|html|xml|json", str(content.get("mimeType") or ""), re.I) is not None


def _decode_base64(text: str, codings: str, is_labelled: bool) -> bytes | None:
    """The bytes of a body in base64; None where it is text, whatever its label. Raises _SkippedError for damage.

    Without the label it is base64 if its bytes begin as those of a page or a compressed body do, or if they are in
    one of the `codings` that the response names.
    """
    compact = "".join(text.split()) if is_labelled else re.sub(r"[\r\n]", "", text.strip())
    is_base64 = _BASE64_RE.fullmatch(compact) is not None and len(compact.rstrip("=")) % 4 != 1
    if not is_labelled and not (_is_unlabelled_base64(compact, codings) if is_base64 else _begins_as_base64(text)):
        return None
    if is_labelled and compact and not is_base64 and text.lstrip().startswith(("<", "{", "[")):
        return None
    try:
        return _decode_padded(compact)
    except (binascii.Error, ValueError) as error:
        raise _SkippedError(SkipReason.DAMAGED, f"base64: {error}") from None


def _is_unlabelled_base64(compact: str, codings: str) -> bool:
    """Whether the bytes of base64 show what they are, by themselves or without one of the codings."""
    content = _decode_padded(compact)
    if _shows_content(content):
        return True
    try:
        unpacked = remove_codings(content, codings)
    except ValueError:
        return False
    return unpacked != content and _shows_content(unpacked)


def _begins_as_base64(text: str) -> bool:
    """Whether a text that is no base64 as a whole was some before it was damaged: its first bytes show a page."""
    start = text.lstrip()[:_BASE64_START_CHARS]
    if len(start) < _BASE64_START_CHARS or not _BASE64_RE.fullmatch(start):
        return False
    content = _decode_padded(start)
    return content.startswith((GZIP_MAGIC, ZSTD_MAGIC)) or (content.startswith(b"<") and content.isascii())


def _decode_padded(compact: str) -> bytes:
    """The bytes of base64 in either alphabet, padded or not. Raises ValueError for anything else."""
    padded = compact + "=" * (-len(compact) % 4)
    return base64.b64decode(padded, altchars=b"-_" if set("-_") & set(compact) else None, validate=True)


def _shows_content(content: bytes) -> bool:
    """Whether bytes begin as a page, an answer, a compressed body or a picture does."""
    is_text = content.lstrip().startswith((b"<", b"{", b"[", b"\xef\xbb\xbf<")) and not _is_binary(content)
    return is_text or content.startswith((GZIP_MAGIC, ZSTD_MAGIC, b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))


def _without_codings(body: bytes, codings: str) -> bytes:
    try:
        return remove_codings(body, codings if _names_coding(codings) else "gzip, zstd")
    except ValueError as error:
        raise _SkippedError(SkipReason.CODING, str(error)) from None


def _names_coding(codings: str) -> bool:
    return any(name.strip().lower() in _CODING_NAMES for name in codings.split(","))


def _is_binary(body: bytes) -> bool:
    """Whether bytes are no text in any encoding."""
    return not body.startswith((b"\xff\xfe", b"\xfe\xff")) and _BINARY_RE.search(body[:_SNIFFED_BYTES]) is not None


def _states_body(content: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    """Whether a response without a stored body had one."""
    sizes = (content.get("size"), response.get("bodySize"))
    return content.get("text") is None and any(isinstance(size, int | float) and size > 0 for size in sizes)


def _content_type(kind: str, header: str, is_text: bool) -> str:
    """The media type with its charset: UTF-8 for decoded text, else what the recorder or the header says."""
    media_type = (kind or header).partition(";")[0].strip()
    if is_text:
        return f"{media_type}; charset=utf-8" if media_type else ""
    is_more = "charset" not in kind and header.partition(";")[0].strip().lower() == media_type.lower()
    return header if is_more or not kind else kind


def _request_body(data: Mapping[str, Any], read_beside: _ReadBeside) -> bytes:
    if data.get("_file") and data.get("text") is None:
        return read_beside(str(data["_file"])) or b""
    if data.get("text") is None and data.get("params"):
        pairs = [(str(pair.get("name") or ""), str(pair.get("value") or "")) for pair in data["params"]]
        return urlencode(pairs).encode()
    return str(data.get("text") or "").encode("utf-8", "replace")


def _read_file_beside(folder: Path, name: str) -> bytes | None:
    """A body in a file beside the HAR; None where it is not there, or not below the folder."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        return None
    return file.read_bytes()


def _read_member(container: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """A member of a zip. Raises ValueError where it is damaged, encrypted, or longer than `limit` bytes."""
    try:
        with container.open(member) as stream:
            content = stream.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{member.filename}: {error}") from None
    if len(content) > limit:
        raise ValueError(f"{member.filename}: more than {limit} bytes")
    return content
