"""Reading an input file as bytes or text, or an error that says why not (missing, empty, truncated, encoding).

The encoding is read from the byte order mark, else tried strictly: UTF-8, UTF-16 without a mark, GB18030 (which holds
GBK and GB2312).
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from crawler.errors import BadInput, Problem
from crawler.messages import render_message

MAX_UNPACKED_BYTES = 2 << 30  # bytes; a spreadsheet or .gz file that grows beyond this is a bomb or a mistake

UTF16_BYTES_PER_NUL = 20  # a text with more zero bytes than one in NULS is UTF-16 without a mark
MIN_VALID_PER_BROKEN = (
    4  # of GBK text about one pair of bytes in seven looks like UTF-8; of damaged UTF-8 nearly all of them
)

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode_text(data: bytes, file: str, language: str = "en") -> str:
    """Bytes of a text file as text, without byte order mark. Raises BadInput."""
    for encoding in _candidate_encodings(data):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    raise file_error(file, "bad_encoding", language)


def _candidate_encodings(data: bytes) -> Iterator[str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            yield encoding
            return
    head = data[:4096]
    if head.count(0) * UTF16_BYTES_PER_NUL > len(head):  # ASCII letters show on which side of a pair the zero is
        yield "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        return
    yield "utf-8"
    if not _is_broken_utf8(data):
        yield "gb18030"


def _is_broken_utf8(data: bytes) -> bool:
    """Whether bytes that are not UTF-8 nearly are: a cut or damaged file, which GB18030 would read as nonsense."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(not sign.isascii() for sign in text) > MIN_VALID_PER_BROKEN * broken


def read_bytes(path: Path, packed: bool, language: str = "en") -> bytes:
    """What a file holds, unpacked where `packed`. Raises BadInput where it is missing, a folder, empty or cut."""
    if not path.exists():
        raise file_error(str(path), "missing_file", language)
    if path.is_dir():
        raise file_error(str(path), "not_a_file", language)
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            data = stream.read(MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise file_error(str(path), "unreadable", language, reason=getattr(error, "strerror", None) or error) from None
    if len(data) > MAX_UNPACKED_BYTES:
        raise file_error(str(path), "unreadable", language, reason=f"> {MAX_UNPACKED_BYTES >> 20} MB")
    if not data.strip():
        raise file_error(str(path), "empty_file", language)
    return data


def file_error(file: str, key: str, language: str, **values: object) -> BadInput:
    """The error for a file that cannot be used at all."""
    return BadInput(Problem(file=file, message=render_message("registry", key, language, **values)))
