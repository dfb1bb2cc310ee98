"""An index over recorded responses: by method, address without volatile parameters, and digest of the request body.

The responses are held in memory; limits keep an archive that decompresses endlessly from exhausting it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from attrs import Factory, frozen

from crawler.urls import request_url, sha256_hex

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_ARCHIVE_BYTES = 2 * 1024 * 1024 * 1024


@frozen(kw_only=True)
class RecordedResponse:
    """One recorded response, its content encoding removed. `request_body` and `values` are the request's."""

    url: str
    method: str = "GET"
    status: int = 200
    headers: Mapping[str, str] = Factory(dict)
    body: bytes = b""
    content_type: str = ""
    fetched_at: datetime | None = None
    request_body: bytes = b""
    values: Mapping[str, str] = Factory(dict)


class Archive:
    """Recorded responses in the order of recording. Of several responses to one request the last one counts."""

    def __init__(self, answers: Iterable[RecordedResponse]) -> None:
        self._responses = tuple(answers)
        self._indexes: dict[tuple[str, ...], dict[tuple[str, str, str], RecordedResponse]] = {}

    def __iter__(self) -> Iterator[RecordedResponse]:
        return iter(self._responses)

    def __len__(self) -> int:
        return len(self._responses)

    def find_response(
        self, method: str, url: str, body: bytes = b"", volatile: tuple[str, ...] = ()
    ) -> RecordedResponse | None:
        """The response to a request, None if there is none. `volatile` parameters are ignored on both sides."""
        if volatile not in self._indexes:
            self._indexes[volatile] = {
                _request_key(recorded.method, recorded.url, recorded.request_body, volatile): recorded
                for recorded in self._responses
            }
        return self._indexes[volatile].get(_request_key(method, url, body, volatile))


def parse_timestamp(text: str) -> datetime | None:
    """A timestamp as an aware UTC datetime; None if it is not one. Without an offset it is taken as UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def gunzip(stream: BinaryIO, limit: int) -> bytes:
    """Decompress a gzip stream of any number of members. Raises ValueError if damaged, truncated or over `limit`."""
    pieces: list[bytes] = []
    size, is_complete = 0, False
    decompressor = zlib.decompressobj(31)
    while data := stream.read(65_536):
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


def _request_key(method: str, url: str, body: bytes, volatile: tuple[str, ...]) -> tuple[str, str, str]:
    return method.upper(), request_url(url, volatile), sha256_hex(body)
