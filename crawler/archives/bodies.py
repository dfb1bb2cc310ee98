"""HTTP messages as recorders keep them: heads, and bodies without transfer coding and without content codings.

Gzip, deflate, br and zstd are named or recognised by their bytes, and undone within limits. A damaged or odd head is
read as far as it goes: line ends without carriage return, no status line, an interim answer before the real one, a body
that is said to be chunked and is not. Recorders label bodies loosely: a coding that is none of HTTP's (`none`, `utf-8`)
was never applied, and one that the bytes do not show was undone before recording.
"""

from __future__ import annotations

import mmap
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, BinaryIO, Self

import brotli  # type: ignore[import-untyped]
from attrs import frozen

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Buffer = bytes | mmap.mmap

MAX_BODY_BYTES = 64 * 1024 * 1024
_MAX_MEMORY_BYTES = 64 * 1024 * 1024  # content of a spool beyond goes to a temporary file
_CHUNK_BYTES = 65_536
_SALVAGED_BYTES = 64  # read at a time of a damaged body
_MAX_CODINGS = 4  # of one body; servers send one, a proxy may add another
GZIP_MAGIC, ZSTD_MAGIC, ZSTD_DICTIONARY_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
_MAGICS = {"gzip": GZIP_MAGIC, "x-gzip": GZIP_MAGIC, "zstd": ZSTD_MAGIC}
# Brotli and deflate without a header have no magic number, and may begin with the bytes of text ("[" is brotli with a
# window of 22 bits). What cannot be undone was text all along if it has none of the bytes that text never has.
_CONTROL_BYTE_RE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SNIFFED_BYTES = 1_024
MAX_HEAD_BYTES = 1024 * 1024
_MAX_INTERIM_RESPONSES = 8
_HEAD_END_RE = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE_RE = re.compile(r"\s{0,9}(?:HTTP|ICY)(?:/\d{1,2}(?:\.\d{1,2})?)?[ \t]{1,9}(\d{1,3})?(?!\d)([^\n]*)", re.I)
_HEADER_LINE_RE = re.compile(rb"[A-Za-z][\w-]{0,80}[ \t]{0,9}:")
_CHUNK_START_RE = re.compile(rb"[ \t]{0,9}([0-9A-Fa-f]{1,8})[ \t]{0,9}(?:;[^\r\n]{0,80})?\r?\n")
_CHUNK_BORDER_RE = re.compile(rb"\r\n[0-9A-Fa-f]{1,8}[ \t]{0,9}\r\n")
_JOINED_HEADERS = frozenset({"content-encoding", "transfer-encoding", "warc-concurrent-to"})


class DamagedBodyError(ValueError):
    """A body in a coding is damaged or cut. `content` is what came out before."""

    def __init__(self, message: str, content: bytes = b"") -> None:
        super().__init__(message)
        self.content = content


def remove_codings(body: bytes, codings: str, limit: int = MAX_BODY_BYTES) -> bytes:
    """A body without the codings of a Content-Encoding header ("gzip, br": the last one was applied last).

    Names that are no coding are ignored, and so is a coding that was undone already. Raises DamagedBodyError where a
    body is damaged or cut, and ValueError where it has more than `limit` bytes.
    """
    names = [name.strip().lower() for name in codings.split(",")]
    known = [name for name in names if name in _DECODERS]
    for name in reversed(known[:_MAX_CODINGS]):
        if not body or not _has_magic(body, name):
            continue
        try:
            body = _DECODERS[name](body, limit)
        except DamagedBodyError:
            if name in _MAGICS or _CONTROL_BYTE_RE.search(body[:_SNIFFED_BYTES]):
                raise  # else it is text, and the coding was undone before
    if len(body) > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    return body


def gunzip(stream: BinaryIO, limit: int) -> bytes:
    """Decompress a gzip stream of any number of members. Raises ValueError if damaged, truncated or over `limit`."""
    pieces: list[bytes] = []
    size, is_complete = 0, False
    decompressor = zlib.decompressobj(31)
    while data := stream.read(_CHUNK_BYTES):
        while data:
            try:
                pieces.append(decompressor.decompress(data, limit - size + 1))
            except zlib.error as error:
                raise ValueError(f"damaged gzip: {error}") from None
            size += len(pieces[-1])
            if size > limit:
                raise ValueError(f"unpacks to more than {limit} bytes")
            data = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            is_complete = decompressor.eof
            if is_complete:
                decompressor = zlib.decompressobj(31)
                data = data.lstrip(b"\x00")
    if not is_complete:
        raise ValueError("cut gzip: the end is missing")
    return b"".join(pieces)


def _has_magic(body: bytes, name: str) -> bool:
    """Whether a body begins with the magic number of a coding, if that has one."""
    return body.startswith(_MAGICS.get(name, b""))


def _gunzip_body(body: bytes, limit: int) -> bytes:
    pieces, size = [], 0
    while body.startswith(GZIP_MAGIC):
        stream = zlib.decompressobj(31)
        try:
            pieces.append(_drain(stream, body, limit - size, "gzip"))
        except DamagedBodyError as error:
            raise DamagedBodyError(str(error), b"".join((*pieces, error.content))) from None
        size += len(pieces[-1])
        body = stream.unused_data
    return b"".join(pieces)


def _inflate(body: bytes, limit: int) -> bytes:
    """A deflate body with the zlib header that HTTP means, or without it as some servers send it."""
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0  # RFC 1950, 2.2
    return _drain(zlib.decompressobj(15 if has_header else -15), body, limit, "deflate")


def _drain(stream: Any, body: bytes, limit: int, coding: str) -> bytes:
    spare = stream.copy()
    try:
        content: bytes = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise DamagedBodyError(f"damaged {coding}: {error}", _drain_damaged(spare, body, limit)) from None
    if len(content) > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    if not stream.eof:
        raise DamagedBodyError(f"cut {coding}: the end is missing", content)
    return content


def _drain_damaged(stream: Any, body: bytes, limit: int) -> bytes:
    """What comes out of a damaged body before the damage, but for the last bytes."""
    pieces: list[bytes] = []
    with suppress(zlib.error):
        for start in range(0, len(body), _SALVAGED_BYTES):
            pieces.append(stream.decompress(body[start : start + _SALVAGED_BYTES], limit))  # noqa: PERF401 - it raises
    return b"".join(pieces)[:limit]


def _decompress_zstd(body: bytes, limit: int) -> bytes:
    pieces, size = [], 0
    while body:
        stream = zstd.ZstdDecompressor()
        try:
            pieces.append(stream.decompress(body, max_length=limit - size + 1))
        except zstd.ZstdError as error:
            raise DamagedBodyError(f"damaged zstd: {error}", b"".join(pieces)) from None
        size += len(pieces[-1])
        if size > limit:
            raise ValueError(f"a body of more than {limit} bytes")
        if not stream.eof:
            raise DamagedBodyError("cut zstd: the end is missing", b"".join(pieces))
        body = stream.unused_data
    return b"".join(pieces)


def _decompress_brotli(body: bytes, limit: int) -> bytes:
    stream, pieces = brotli.Decompressor(), []
    try:
        pieces.append(stream.process(body, output_buffer_limit=limit))
        size = len(pieces[0])
        while not stream.can_accept_more_data() and not stream.is_finished() and size <= limit:
            pieces.append(stream.process(b"", output_buffer_limit=limit))
            size += len(pieces[-1])
    except brotli.error as error:
        raise DamagedBodyError(f"damaged brotli: {error}", b"".join(pieces)) from None
    if size > limit:
        raise ValueError(f"a body of more than {limit} bytes")
    if not stream.is_finished():
        raise DamagedBodyError("cut brotli: the end is missing", b"".join(pieces))
    return b"".join(pieces)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip_body,
    "x-gzip": _gunzip_body,
    "deflate": _inflate,
    "br": _decompress_brotli,
    "zstd": _decompress_zstd,
}


@frozen(kw_only=True)
class HttpMessage:
    """A message: `method` of a request, `status` of a response (0 where it states none); header names in lower case.

    `is_cut`: a stated length or a missing chunk says that the end of the body is missing.
    """

    method: str = ""
    status: int = 0
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


def parse_response(block: bytes) -> HttpMessage:
    """The response in a block; without a head the whole block is the body, and the status is 200."""
    for _ in range(_MAX_INTERIM_RESPONSES):
        head, rest = _split_head(block)
        status_line = _STATUS_LINE_RE.match(head)
        status = int(status_line[1] or 0) if status_line else 200
        is_interim = 100 <= status < 200 or bool(status_line and "connection established" in status_line[2].lower())
        if not (is_interim and rest.startswith(b"HTTP/")):
            break
        block = rest
    lines = head.partition("\n")[2] if status_line else head
    return _parse_message(lines, rest, status=status)


def parse_request(block: bytes) -> HttpMessage:
    """The request in a block."""
    head, rest = _split_head(block)
    first_line, _, lines = head.partition("\n")
    return _parse_message(lines, rest, method=first_line.split(" ")[0].strip().upper() or "GET")


def _split_head(block: bytes) -> tuple[str, bytes]:
    """(head, rest); the head is empty where the block does not begin with one."""
    start = block[:200].lstrip()
    if not start[:5].upper().startswith((b"HTTP", b"ICY ")) and not _HEADER_LINE_RE.match(start):
        first_line = start.partition(b"\n")[0].rstrip()
        if not first_line.upper().endswith((b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2", b" HTTP/2.0", b" HTTP/3")):
            return "", block
    end = _HEAD_END_RE.search(block, 0, MAX_HEAD_BYTES)
    if end is None:
        head, rest = block[:MAX_HEAD_BYTES], b""
    else:
        head, rest = block[: end.start()], block[end.end() :]
    return decode_head(head), rest


def decode_head(head: bytes) -> str:
    """The text of a head with lone line feeds: UTF-8, or byte by byte where it is none."""
    try:
        return head.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return head.decode("latin-1").replace("\r\n", "\n")


def _parse_message(lines: str, body: bytes, method: str = "", status: int = 0) -> HttpMessage:
    headers = parse_header_lines(lines)
    is_cut = False
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, is_cut = remove_chunks(body)
    else:
        length = headers.get("content-length", "")
        is_cut = length.isdecimal() and len(length) < 16 and len(body) < int(length)
    return HttpMessage(method=method, status=status, headers=headers, body=body, is_cut=is_cut)


def parse_header_lines(lines: str) -> dict[str, str]:
    """Headers by their names in lower case. Lines that begin with a blank carry on; of several the last counts, but
    codings and the ids of records add up.
    """
    headers: dict[str, str] = {}
    name = ""
    for line in lines.split("\n"):
        if line[:1] in (" ", "\t") and name:
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
        if name in _JOINED_HEADERS and name in headers:
            headers[name] += ", " + value.strip()
        elif name:
            headers[name] = value.strip()
    return headers


def remove_chunks(body: bytes) -> tuple[bytes, bool]:
    """(a body without its chunks, whether a part of it is missing). One that is not in chunks comes back as it is.

    Where a chunk is not as long as it says, the rest is kept without what looks like the border of a chunk.
    """
    pieces: list[bytes] = []
    position = 0
    while start := _CHUNK_START_RE.match(body, position):
        size = int(start[1], 16)
        if size == 0:
            return b"".join(pieces), False
        stop = start.end() + size
        border = b"\r\n" if start.group().endswith(b"\r\n") else b"\n"
        if stop < len(body) and not border.startswith(body[stop : stop + len(border)]):
            if not pieces and not body.endswith(b"0\r\n\r\n"):
                break
            pieces.append(_CHUNK_BORDER_RE.sub(b"", body[start.end() :]))
            return b"".join(pieces), True
        pieces.append(body[start.end() : stop])
        position = stop + len(border)
    if not pieces:
        return body, False
    pieces.append(body[position:])
    return b"".join(pieces), True


def open_buffer(stream: Any) -> Buffer:
    """The bytes of an open file, mapped into memory; of an empty one no bytes."""
    try:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        return b""


class Spool:
    """Content of any size up to a limit: in memory, or in a temporary file if there is much of it."""

    def __init__(self, limit: int) -> None:
        self.size = 0
        self._limit = limit
        self._file = tempfile.SpooledTemporaryFile(max_size=_MAX_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, piece: bytes) -> None:
        """Append a piece. Raises ValueError beyond the limit."""
        self.size += len(piece)
        if self.size > self._limit:
            raise ValueError(f"unpacks to more than {self._limit} bytes")
        self._file.write(piece)

    def rewind(self) -> IO[bytes]:
        """All that was written, as a file from its beginning, until the spool is left."""
        self._file.seek(0)
        return self._file

    def content(self) -> Buffer:
        """All that was written; it outlasts the spool."""
        if self.size > _MAX_MEMORY_BYTES:
            self._file.flush()
            return open_buffer(self._file)
        return self.rewind().read()
