"""WARC 1.0/1.1 and WACZ (a zip with archive/*.warc.gz), read with warcio: response records, content encodings removed.

The method and body of a request are in a record of their own, linked by WARC-Concurrent-To in either direction.
Redirects and errors are responses too. A response in an encoding that cannot be decoded here is left out: in a replay
it is `missing`.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import brotli  # type: ignore[import-untyped]
from attrs import Factory, define, evolve, frozen
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawler.archives.archive import MAX_ARCHIVE_BYTES, RecordedResponse, parse_timestamp
from crawler.archives.bodies import MAX_BODY_BYTES
from crawler.errors import BadInput, Problem

_RECORD_ID_HEADERS = ("WARC-Record-ID", "WARC-Concurrent-To")
_SUPPORTED_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate", "br"})


@frozen(kw_only=True)
class _RecordedRequest:
    method: str = "GET"
    body: bytes = b""


@define(kw_only=True)
class _RecordPairs:
    """Records read so far: a request may precede or follow its response, so they are paired at the end."""

    record_count: int = 0
    total_bytes: int = 0
    requests: dict[str, _RecordedRequest] = Factory(dict)
    responses: list[tuple[str, str, RecordedResponse]] = Factory(list)

    def add(self, record: Any) -> None:
        """Keep a request or a response. Raises ValueError if the archive is too large."""
        self.record_count += 1
        names = [record.rec_headers.get_header(name) or "" for name in _RECORD_ID_HEADERS]
        if record.rec_type == "request" and record.http_headers:
            method = str(record.http_headers.protocol or "GET").upper()
            self.requests |= dict.fromkeys(
                filter(None, names), _RecordedRequest(method=method, body=_read_body(record))
            )
        elif record.rec_type == "response" and record.http_headers:
            answer = _parse_response(record)
            if answer:
                self.total_bytes += len(answer.body)
                self.responses.append((names[0], names[1], answer))
            if self.total_bytes > MAX_ARCHIVE_BYTES:
                raise ValueError(f"holds more than {MAX_ARCHIVE_BYTES} bytes")

    def paired_responses(self) -> Iterator[RecordedResponse]:
        """The responses in order, each with the method and body of its request."""
        for record_id, concurrent_id, answer in self.responses:
            request = self.requests.get(record_id) or self.requests.get(concurrent_id) or _RecordedRequest()
            yield evolve(answer, method=request.method, request_body=request.body)


# warcio raises AttributeError for a record without an address (found by bench/fuzz.py).
_DAMAGE_ERRORS = (ArchiveLoadFailed, ValueError, OSError, EOFError, zlib.error, AttributeError, TypeError, LookupError)


def read_warc(path: Path) -> Iterator[RecordedResponse]:
    """The responses of a .warc or .warc.gz file. Raises BadInput naming the file and the record."""
    with path.open("rb") as stream:
        yield from _read_responses(stream, str(path))


def read_wacz(path: Path) -> Iterator[RecordedResponse]:
    """The responses of all WARC files inside a .wacz. Raises BadInput naming the file."""
    try:
        with zipfile.ZipFile(path) as container:
            members = [member for member in container.infolist() if _is_warc(member.filename)]
            if not members:
                raise BadInput(Problem(file=str(path), message="no archive/*.warc.gz inside"))
            for member in members:
                with container.open(member) as stream:
                    yield from _read_responses(stream, f"{path}!{member.filename}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadInput(Problem(file=str(path), message=f"not a WACZ file: {error}")) from None


def _is_warc(name: str) -> bool:
    return name.startswith("archive/") and name.lower().endswith((".warc", ".warc.gz"))


def _read_responses(stream: IO[bytes], name: str) -> Iterator[RecordedResponse]:
    records = _RecordPairs()
    try:
        for record in ArchiveIterator(stream, check_digests=False):
            records.add(record)
    except _DAMAGE_ERRORS as error:
        message = f"record {records.record_count + 1} cannot be read: {error}"
        raise BadInput(Problem(file=name, message=message)) from None
    if not records.record_count:
        raise BadInput(Problem(file=name, message="not a WARC file: no record"))
    yield from records.paired_responses()


def _parse_response(record: Any) -> RecordedResponse | None:
    headers = {str(name).lower(): str(value) for name, value in record.http_headers.headers}
    url = str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    if headers.get("content-encoding", "").strip().lower() not in _SUPPORTED_ENCODINGS or not url.startswith(
        ("http://", "https://")
    ):
        return None
    return RecordedResponse(
        url=url,
        status=int(record.http_headers.get_statuscode() or 0),
        headers=headers,
        body=_read_body(record),
        content_type=headers.get("content-type", ""),
        fetched_at=parse_timestamp(str(record.rec_headers.get_header("WARC-Date") or "")),
    )


def _read_body(record: Any) -> bytes:
    """The body without its encodings. warcio 1.8 cannot decompress brotli with brotli 1.2, so that is done here."""
    is_brotli = str(record.http_headers.get_header("Content-Encoding") or "").strip().lower() == "br"
    if is_brotli:
        record.http_headers.remove_header("Content-Encoding")
    body: bytes = record.content_stream().read(MAX_BODY_BYTES + 1)
    if is_brotli:
        body = _decompress_brotli(body)
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"a body of more than {MAX_BODY_BYTES} bytes")
    return body


def _decompress_brotli(body: bytes) -> bytes:
    decompressor = brotli.Decompressor()
    try:
        pieces = [decompressor.process(body, output_buffer_limit=MAX_BODY_BYTES)]
        while not decompressor.can_accept_more_data() and sum(map(len, pieces)) <= MAX_BODY_BYTES:
            pieces.append(decompressor.process(b"", output_buffer_limit=MAX_BODY_BYTES))
    except brotli.error as error:
        raise ValueError(f"damaged brotli: {error}") from None
    return b"".join(pieces)
