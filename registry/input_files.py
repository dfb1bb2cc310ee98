"""Read an input file as bytes or text, or raise an error that says why not (missing, empty, truncated, encoding).

The encoding is taken from the byte order mark, or else tried strictly: UTF-16 without a mark, UTF-8, GB18030 (which
includes GBK and GB2312).
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from crawler.page.charset import codec_for_label

MAX_UNPACKED_BYTES = 2 << 30  # a spreadsheet or .gz file that grows beyond this is a bomb or a mistake

UTF16_BYTES_PER_NUL = 20  # a text with more than one zero byte in this many bytes is UTF-16 without a mark
# In GBK text about one pair of bytes in seven looks like UTF-8; in damaged UTF-8 nearly all of them do.
MIN_VALID_PER_BROKEN = 4

_ENCODING_NAMES = {
    "utf-8-sig": "UTF-8",
    "gb18030": "GB18030",
    "big5hkscs": "Big5",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
}
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@frozen
class DecodedText:
    """A file's text without byte order mark, and its encoding by the name people know."""

    text: str
    encoding: str
    is_utf8: bool


def decode_text(data: bytes, file: str, language: str = "en", encoding: str | None = None) -> DecodedText:
    """The text of a file's bytes, in `encoding` if that is given. Raises BadInput."""
    for codec in [_known_codec(encoding, language)] if encoding else _candidate_encodings(data):
        with suppress(UnicodeDecodeError):
            name = encoding_name(codec)
            return DecodedText(data.decode(codec).removeprefix("\ufeff"), name, name == "UTF-8")
    raise file_error(file, "bad_encoding", language)


def _known_codec(encoding: str, language: str) -> str:
    codec = codec_for_label(encoding)
    if codec is None:
        raise file_error("--encoding", "unknown_encoding", language, name=encoding)
    return codec


def encoding_name(codec: str) -> str:
    """The name of a Python codec that people know it by."""
    return _ENCODING_NAMES.get(codec) or codec.upper().replace("_", "-").replace("CP125", "Windows-125")


def _candidate_encodings(data: bytes) -> Iterator[str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            yield encoding
            return
    head = data[:4096]
    if head.count(0) * UTF16_BYTES_PER_NUL > len(head):  # the zero byte's side in ASCII pairs shows the byte order
        yield "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        return
    yield "utf-8"
    if not _is_broken_utf8(data):
        yield "gb18030"


def _is_broken_utf8(data: bytes) -> bool:
    """Whether `data` is almost UTF-8: a truncated or damaged file, which GB18030 would decode to nonsense."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(not sign.isascii() for sign in text) > MIN_VALID_PER_BROKEN * broken


def read_bytes(path: Path, packed: bool, language: str = "en") -> bytes:
    """The content of a file, gunzipped if `packed`. Raises BadInput if it is missing, a folder, empty or truncated."""
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
