"""Read an input file as bytes or text, or raise an error that says why not (missing, empty, truncated, encoding).

The encoding is taken from the byte order mark, or else from evidence (crawler.text_encoding). What is nearly UTF-8, or
could be read in two ways, is refused with the line to look at: a list read wrongly would find nothing, and say nothing.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from attrs import frozen

from crawler.errors import BadInput, Problem
from crawler.messages import render_message
from crawler.page.charset import codec_for_label
from crawler.text_encoding import detect_encoding, encoding_name, reads_as_language, undo_second_encoding

MAX_UNPACKED_BYTES = 2 << 30  # a spreadsheet or .gz file that grows beyond this is a bomb or a mistake

MAX_NUL_SHARE = 0.05  # of a text; more is UTF-16 cut at an odd place, or a file that lost its content
# In GBK text about one pair of bytes in seven looks like UTF-8; in damaged UTF-8 nearly all of them do.
MIN_VALID_PER_BROKEN = 4
MIN_INTACT_SIGNS = 8  # beyond ASCII in whole lines: other encodings hardly make so many of UTF-8 by chance
LOST_LETTER = "\ufffd"  # where bytes cannot be decoded
MAX_EXCERPT_CHARS = 40
FIRST_HIGH_BYTE = 0x80

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@frozen
class DecodedText:
    """A file's text without byte order mark, and its encoding by the name people know."""

    text: str
    encoding: str
    is_utf8: bool


def decode_text(data: bytes, file: str, language: str = "en", encoding: str | None = None) -> DecodedText:
    """The text of a file's bytes, in `encoding` if that is given. Raises BadInput."""
    codec = _known_codec(encoding, language) if encoding else _choose_codec(data, file, language)
    mark = next((mark for mark, of_codec in _BYTE_ORDER_MARKS if of_codec == codec and data.startswith(mark)), b"")
    try:
        text = data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        line = _line_of(data[len(mark) : len(mark) + error.start].decode(codec, "ignore"))
        key = "not_in_encoding" if encoding or not mark else "damaged_encoding"
        raise file_error(file, key, language, line, encoding=encoding_name(codec)) from None
    nul_count = text.count("\x00")
    if nul_count and (nul_count > len(text) * MAX_NUL_SHARE or text.endswith("\x00")):
        raise file_error(file, "zero_bytes", language, _line_of(text[: text.index("\x00")]))
    if codec == "utf-8" and (once := undo_second_encoding(text)) is not None:
        return DecodedText(once.removeprefix("\ufeff"), f"{encoding_name(codec)} (encoded twice)", is_utf8=False)
    return DecodedText(text.removeprefix("\ufeff"), encoding_name(codec), codec == "utf-8")


def _known_codec(encoding: str, language: str) -> str:
    codec = codec_for_label(encoding.strip().lower().removesuffix("-sig"))
    if codec is None:
        raise file_error("--encoding", "unknown_encoding", language, name=encoding)
    return codec


def _choose_codec(data: bytes, file: str, language: str) -> str:
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return codec
    detected = detect_encoding(data)
    if detected.codec != "utf-8" and (line := _broken_utf8_line(data)):
        raise file_error(file, "damaged_encoding", language, line, encoding=encoding_name("utf-8"))
    if detected.codec is None or not _has_ascii(data):
        raise file_error(file, "bad_encoding", language)
    if detected.rival is not None:
        raise _ambiguity_error(data, detected.codec, detected.rival, file, language)
    return detected.codec


def _has_ascii(data: bytes) -> bool:
    """Whether there is anything that parts a text into lines or cells."""
    return any(byte < FIRST_HIGH_BYTE for byte in data)


def _ambiguity_error(data: bytes, codec: str, rival: str, file: str, language: str) -> BadInput:
    """The error that shows the first line that two encodings read differently."""
    texts = (data.decode(codec, "replace").split("\n"), data.decode(rival, "replace").split("\n"))
    line, pair = next((line, pair) for line, pair in enumerate(zip(*texts, strict=False), 1) if pair[0] != pair[1])
    start = max(_common_length(*pair) - MAX_EXCERPT_CHARS // 2, 0)
    one, other = (text[start:].strip()[:MAX_EXCERPT_CHARS] for text in pair)
    names = {"encoding": encoding_name(codec), "rival": encoding_name(rival)}
    return file_error(file, "ambiguous_encoding", language, line, one=one, other=other, **names)


def _common_length(one: str, other: str) -> int:
    """How many signs two texts have in common at their beginning."""
    return next((place for place, signs in enumerate(zip(one, other, strict=False)) if signs[0] != signs[1]), len(one))


def _broken_utf8_line(data: bytes) -> int | None:
    """The first line that is not UTF-8 of a text that else is: truncated, or put together of two files.

    Either it has hardly any broken signs, or half of its lines beyond ASCII, or all before the first broken one, are
    UTF-8 and read as a language.
    """
    text = data.decode("utf-8", "replace")
    broken = text.count(LOST_LETTER)
    if not broken:
        return None
    before = text[: text.index(LOST_LETTER)]
    lines = [line for line in text.splitlines() if not line.isascii()]
    intact = [line for line in lines if LOST_LETTER not in line]
    is_mixed = len(intact) * 2 >= len(lines) and _is_surely_utf8("\n".join(intact))
    is_cut = sum(not sign.isascii() for sign in text) > MIN_VALID_PER_BROKEN * broken
    if is_mixed or is_cut or _is_surely_utf8(before[: before.rfind("\n") + 1]):
        return _line_of(before)
    return None


def _is_surely_utf8(text: str) -> bool:
    return sum(not sign.isascii() for sign in text) >= MIN_INTACT_SIGNS and reads_as_language(text)


def _line_of(text_before: str) -> int:
    """The line, from 1, of what follows a text."""
    return 1 + (text_before.count("\n") or text_before.count("\r"))


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


def file_error(file: str, key: str, language: str, line: int | None = None, **values: object) -> BadInput:
    """The error for a file that cannot be used at all."""
    return BadInput(Problem(file=file, line=line, message=render_message("registry", key, language, **values)))
