"""WARC 1.0/1.1 and WACZ (a zip with archive/*.warc.gz), read with warcio: response records, content encodings undone.

The method and body of a request stand in a record of their own; it is found by WARC-Concurrent-To, in either direction.
Redirect and error answers are answers too. A response in an encoding that cannot be undone here is left out: replayed,
it is `missing`, not rubbish.
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

from crawler.archives.answer import LARGEST_ARCHIVE, LARGEST_BODY, Answer, moment
from crawler.errors import BadInput, Problem

_IDS = ("WARC-Record-ID", "WARC-Concurrent-To")
_UNDONE = frozenset({"", "identity", "gzip", "x-gzip", "deflate", "br"})


@frozen(kw_only=True)
class _Asked:
    method: str = "GET"
    body: bytes = b""


@define(kw_only=True)
class _Records:
    """What was met so far: requests may stand before or behind their response, so answers are completed at the end."""

    number: int = 0
    size: int = 0
    asked: dict[str, _Asked] = Factory(dict)
    kept: list[tuple[str, str, Answer]] = Factory(list)

    def add(self, record: Any) -> None:
        """Keep a request or a response. Raises ValueError where the archive is too large."""
        self.number += 1
        names = [record.rec_headers.get_header(name) or "" for name in ("WARC-Record-ID", "WARC-Concurrent-To")]
        if record.rec_type == "request" and record.http_headers:
            method = str(record.http_headers.protocol or "GET").upper()
            self.asked |= dict.fromkeys(filter(None, names), _Asked(method=method, body=_read(record)))
        elif record.rec_type == "response" and record.http_headers:
            answer = _answer(record)
            if answer:
                self.size += len(answer.body)
                self.kept.append((names[0], names[1], answer))
            if self.size > LARGEST_ARCHIVE:
                raise ValueError(f"holds more than {LARGEST_ARCHIVE} bytes")

    def answers(self) -> Iterator[Answer]:
        """The responses in order, each with the method and body of its request."""
        for own, other, answer in self.kept:
            request = self.asked.get(own) or self.asked.get(other) or _Asked()
            yield evolve(answer, method=request.method, request_body=request.body)


# warcio meets a record without an address with an AttributeError (found by bench/fuzz.py).
_DAMAGED = (ArchiveLoadFailed, ValueError, OSError, EOFError, zlib.error, AttributeError, TypeError, LookupError)


def read_warc(path: Path) -> Iterator[Answer]:
    """The answers of a .warc or .warc.gz file. Raises BadInput naming the file and the record."""
    with path.open("rb") as stream:
        yield from _answers(stream, str(path))


def read_wacz(path: Path) -> Iterator[Answer]:
    """The answers of all WARC files inside a .wacz. Raises BadInput naming the file."""
    try:
        with zipfile.ZipFile(path) as packed:
            inside = [each for each in packed.infolist() if _is_warc(each.filename)]
            if not inside:
                raise BadInput(Problem(file=str(path), message="no archive/*.warc.gz inside"))
            for each in inside:
                with packed.open(each) as stream:
                    yield from _answers(stream, f"{path}!{each.filename}")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadInput(Problem(file=str(path), message=f"not a WACZ file: {error}")) from None


def _is_warc(name: str) -> bool:
    return name.startswith("archive/") and name.lower().endswith((".warc", ".warc.gz"))


def _answers(stream: IO[bytes], name: str) -> Iterator[Answer]:
    records = _Records()
    try:
        for record in ArchiveIterator(stream, check_digests=False):
            records.add(record)
    except _DAMAGED as error:
        message = f"record {records.number + 1} cannot be read: {error}"
        raise BadInput(Problem(file=name, message=message)) from None
    if not records.number:
        raise BadInput(Problem(file=name, message="not a WARC file: no record"))
    yield from records.answers()


def _answer(record: Any) -> Answer | None:
    headers = {str(name).lower(): str(value) for name, value in record.http_headers.headers}
    url = str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    if headers.get("content-encoding", "").strip().lower() not in _UNDONE or not url.startswith(
        ("http://", "https://")
    ):
        return None
    return Answer(
        url=url,
        status=int(record.http_headers.get_statuscode() or 0),
        headers=headers,
        body=_read(record),
        content_type=headers.get("content-type", ""),
        fetched_at=moment(str(record.rec_headers.get_header("WARC-Date") or "")),
    )


def _read(record: Any) -> bytes:
    """The body without its encodings. warcio 1.8 cannot undo brotli with brotli 1.2, so that is done here."""
    packed = str(record.http_headers.get_header("Content-Encoding") or "").strip().lower() == "br"
    if packed:
        record.http_headers.remove_header("Content-Encoding")
    body: bytes = record.content_stream().read(LARGEST_BODY + 1)
    if packed:
        body = _unbrotlied(body)
    if len(body) > LARGEST_BODY:
        raise ValueError(f"a body of more than {LARGEST_BODY} bytes")
    return body


def _unbrotlied(body: bytes) -> bytes:
    unpack = brotli.Decompressor()
    try:
        pieces = [unpack.process(body, output_buffer_limit=LARGEST_BODY)]
        while not unpack.can_accept_more_data() and sum(map(len, pieces)) <= LARGEST_BODY:
            pieces.append(unpack.process(b"", output_buffer_limit=LARGEST_BODY))
    except brotli.error as error:
        raise ValueError(f"damaged brotli: {error}") from None
    return b"".join(pieces)
