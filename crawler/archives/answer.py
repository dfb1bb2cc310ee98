"""An index over recorded answers. The key: method, address without volatile parameters, digest of the request body.

The answers are held in memory; limits keep an archive that unpacks without end from taking the machine with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from attrs import Factory, frozen

from crawler.urls import asked, digest

LARGEST_BODY = 64 * 1024 * 1024
LARGEST_ARCHIVE = 2 * 1024 * 1024 * 1024


@frozen(kw_only=True)
class Answer:
    """One recorded answer, its content encoding undone. `request_body` and `values` are the request's."""

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
    """Recorded answers in the order of their recording. Of several answers to one request the last one counts."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = tuple(answers)
        self._indexes: dict[tuple[str, ...], dict[tuple[str, str, str], Answer]] = {}

    def __iter__(self) -> Iterator[Answer]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, method: str, url: str, body: bytes = b"", volatile: tuple[str, ...] = ()) -> Answer | None:
        """The answer to a request, None if there is none. `volatile` parameters are ignored on both sides."""
        if volatile not in self._indexes:
            self._indexes[volatile] = {
                _key(each.method, each.url, each.request_body, volatile): each for each in self._answers
            }
        return self._indexes[volatile].get(_key(method, url, body, volatile))


def moment(text: str) -> datetime | None:
    """A time stamp as aware UTC; None where it is none. Without an offset it is taken as UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def gunzipped(stream: BinaryIO, limit: int) -> bytes:
    """All of a gzip stream of one or more members. Raises ValueError if it is damaged, cut or larger than `limit`."""
    pieces: list[bytes] = []
    size, whole = 0, False
    unpack = zlib.decompressobj(31)
    while data := stream.read(65_536):
        while data:
            try:
                pieces.append(unpack.decompress(data, limit - size + 1))
            except zlib.error as error:
                raise ValueError(f"damaged gzip: {error}") from None
            size += len(pieces[-1])
            if size > limit:
                raise ValueError(f"unpacks to more than {limit} bytes")
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            whole = unpack.eof
            if whole:
                unpack = zlib.decompressobj(31)
                data = data.lstrip(b"\x00")
    if not whole:
        raise ValueError("cut gzip: the end is missing")
    return b"".join(pieces)


def _key(method: str, url: str, body: bytes, volatile: tuple[str, ...]) -> tuple[str, str, str]:
    return method.upper(), asked(url, volatile), digest(body)
