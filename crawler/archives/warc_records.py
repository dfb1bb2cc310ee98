"""The records of a WARC or ARC file, plain or packed in gzip or zstd, and the places where it is damaged.

Formats: ISO 28500 (WARC), https://archive.org/web/researcher/ArcFileFormat.php (ARC 1), warc-zstd of IIPC (a dictionary
in a skippable frame). The readers of this field end at the first damage, or pass over it without a word. This one goes
on at the next record that it finds: a length that leads nowhere ends the record at the next one, a member that cannot
be unpacked is left at the next member that holds a record. Any input is read in time linear in its size: what is read
twice for this is bounded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from crawler.archives import bodies
from crawler.archives.archive import MAX_ARCHIVE_BYTES
from crawler.archives.bodies import MAX_BODY_BYTES, Buffer, Spool, decode_head, parse_header_lines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_DAMAGED_PLACES = 1_000  # of one file; one with more is given up
MAX_UNPACKED_BYTES = 4 * MAX_ARCHIVE_BYTES  # of one file: most of a crawl may be films, of which nothing is kept
_MAX_HEAD_BYTES = 256 * 1024
_MAX_PADDING_BYTES = 4_096  # looked through for what follows a record
_MAX_RESCANNED_BYTES = 64 * 1024 * 1024  # read twice in search of the next member
_FIRST_CHUNK_BYTES, _CHUNK_BYTES = 4_096, 65_536
_PEEKED_BYTES = 1_024  # of a packed member, to see whether it begins a record
_PEEKED_ZSTD_BYTES = 131_072  # zstd unpacks whole blocks
_MAX_TRAILER_BYTES = 16  # from where a wrong checksum shows to the next member: 8, and what zlib holds back
_HEAD_MARK_BYTES = 12  # "filedesc://" is the longest beginning of a file

_GZIP_MAGIC = b"\x1f\x8b\x08"  # with its method: what is searched for behind damage
_ZSTD_MAGIC, _DICTIONARY_MAGIC = bodies.ZSTD_MAGIC, bodies.ZSTD_DICTIONARY_MAGIC
_MARK_BYTES = 128  # what shows that a record begins
_PADDING_RE = re.compile(rb"(?:[\s\x00]|\xef\xbb\xbf)*")
_ZEROS_RE = re.compile(rb"\x00*")
_HEAD_END_RE = re.compile(rb"\n\r?\n")
_SEPARATOR_RE = re.compile(rb"\r?\n\r?\n")
_WARC_START = rb"WARC/\d\.\d{1,2}[ \t]{0,9}\r?\n[A-Za-z][\w-]{0,60}[ \t]{0,9}:"
_ARC_START = rb"(?:filedesc|https?|ftp|dns):[^\s]{1,4000} [\d.]{7,15} \d{8,14} [^\r\n]{1,4000}\r?\n"
_WARC_START_RE = re.compile(_WARC_START)
_ARC_START_RE = re.compile(rb"(?<![^\n])" + _ARC_START)
_REMAINS_RE = re.compile(_WARC_START + rb"|(?<=\n)WARC-[A-Z][\w-]{1,40}:")
_FOREIGN_RE = re.compile(rb"\n(?:WARC-[A-Z][\w-]{1,40}:|HTTP/\d)")
_HEADER_LINE_RE = re.compile(r"^([A-Za-z][\w-]{0,80})[ \t]{0,9}:[^\x00-\x08\x0a-\x1f\x7f]*$", re.M | re.A)
_UNIQUE_HEADERS = ("warc-type", "warc-record-id", "warc-target-uri", "warc-date", "content-length")
_MEMBER_RE = re.compile(rb"\x1f\x8b\x08|\x28\xb5\x2f\xfd|" + _WARC_START)


@frozen(kw_only=True)
class WarcRecord:
    """One record. Header names are in lower case; several WARC-Concurrent-To are joined by commas.

    `fault`: what is wrong with it, though it was read; `is_altered`: a checksum says so.
    """

    place: str
    headers: Mapping[str, str]
    block: bytes
    fault: str = ""
    is_cut: bool = False
    is_altered: bool = False


@frozen(kw_only=True)
class Gap:
    """A place of the file in which no record could be read."""

    place: str
    detail: str


def begins_records(head: bytes) -> bool:
    """Whether plain bytes begin as a WARC or ARC file does."""
    start = _PADDING_RE.match(head).end()  # type: ignore[union-attr]
    return head.startswith((b"WARC/", b"filedesc://"), start)


def digest_of(label: str) -> tuple[str, bytes] | None:
    """Algorithm and value of a digest as WARC writes it ("sha1:B32", "sha256:hex"); None where it is unknown."""
    name, _, value = label.strip().partition(":")
    name, value = name.strip().lower().replace("sha-", "sha"), value.strip()
    if name not in ("md5", "sha1", "sha256", "sha384", "sha512"):
        return None
    size = hashlib.new(name, usedforsecurity=False).digest_size
    try:
        if len(value) == 2 * size:
            return name, bytes.fromhex(value)
        return name, base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return None


def matches_digest(label: str, content: bytes) -> bool | None:
    """Whether content has the digest that a header states; None where that is not known."""
    stated = digest_of(label)
    return None if stated is None else hashlib.new(stated[0], content, usedforsecurity=False).digest() == stated[1]


class RecordReader:
    """Reads the records of one file. Raises ValueError where it unpacks to too much or is damaged all over."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._number = 0  # of the record read last
        self._damage_count = 0
        self._unpacked_bytes = 0
        self._rescanned_bytes = 0
        self._failed_at = 0  # where the member that was damaged last could not be unpacked further
        self._dictionary: Any = None

    def __iter__(self) -> Iterator[WarcRecord | Gap]:
        for item in self._walk_file():
            is_damaged = isinstance(item, Gap) or ((item.is_cut or bool(item.fault)) and not item.is_altered)
            self._damage_count += is_damaged
            if self._damage_count > MAX_DAMAGED_PLACES:
                raise ValueError(f"damaged in more than {MAX_DAMAGED_PLACES} places")
            yield item

    def _walk_file(self) -> Iterator[WarcRecord | Gap]:
        data, position = self._data, 0
        while (position := _skip_padding(data, position)) < len(data):
            magic = data[position : position + 4]
            if magic.startswith(_GZIP_MAGIC) or magic == _ZSTD_MAGIC:
                group, fault, following = self._unpack_group(position)
                yield from self._walk_content(group, position, fault)
                if "check" in fault and following - self._failed_at > _MAX_TRAILER_BYTES:
                    detail = "no record could be found behind a damaged one"
                    yield Gap(place=f"bytes {self._failed_at} to {following - 1}", detail=detail)
                position = following
            elif magic[1:] == _DICTIONARY_MAGIC[1:] and magic[0] & 0xF0 == 0x50:
                position = self._read_skippable(position)
            else:
                position, item = self._read_record(data, position, len(data), None)
                yield item

    def _walk_content(self, content: Buffer, member: int, fault: str) -> Iterator[WarcRecord | Gap]:
        """The records of an unpacked group of members; what is wrong with the packing is said of the last one."""
        position, last = 0, None
        while (position := _skip_padding(content, position)) < len(content):
            if last is not None:
                yield last
            position, last = self._read_record(content, position, len(content), member)
        if not fault:
            if last is not None:
                yield last
        elif isinstance(last, WarcRecord):
            is_altered = last.is_altered or (not last.is_cut and "check" in fault)
            details = "; ".join(filter(None, (fault, last.fault)))
            yield evolve(last, fault=details, is_cut=True, is_altered=is_altered)
        else:
            yield last or Gap(place=f"byte {member}", detail=fault)

    def _place(self, position: int, member: int | None) -> str:
        if member is None:
            return f"record {self._number} at byte {position}"
        return f"record {self._number} at byte {member}" + (f", unpacked byte {position}" if position else "")

    # Packed members

    def _unpack_group(self, position: int) -> tuple[Buffer, str, int]:
        """(content, fault, position behind) of the member at a position and of those that carry its content on."""
        with Spool(min(MAX_ARCHIVE_BYTES, MAX_UNPACKED_BYTES - self._unpacked_bytes)) as spool:
            behind, fault = self._unpack_members(position, spool)
            self._unpacked_bytes += spool.size
            return spool.content(), fault, behind

    def _unpack_members(self, position: int, spool: Spool) -> tuple[int, str]:
        """(position behind, fault) of members up to one that begins a record; behind a fault, of the next record."""
        while True:
            behind, fault = self._unpack_member(position, spool)
            if fault:
                self._failed_at = behind
                first = position + 1 if self._rescanned_bytes < _MAX_RESCANNED_BYTES else max(behind, position + 1)
                self._rescanned_bytes += behind - position
                return self._find_member(first), fault
            following = _skip_zeros(self._data, behind)
            magic = self._data[following : following + 4]
            is_packed = magic.startswith(_GZIP_MAGIC) or magic == _ZSTD_MAGIC
            if not is_packed or spool.size == 0 or self._begins_record(following) is not False:
                return behind, ""
            position = following

    def _unpack_member(self, position: int, spool: Spool) -> tuple[int, str]:
        """Unpack one member as far as it goes: the position behind it, or where it failed, and what is wrong."""
        if self._data[position : position + 4] == _ZSTD_MAGIC:
            return self._unpack_zstd(position, spool)
        stream, step, size = zlib.decompressobj(31), _CHUNK_BYTES, _FIRST_CHUNK_BYTES
        while True:
            chunk = self._data[position : position + size]
            state = stream.copy()
            try:
                piece = stream.decompress(chunk, step)
            except zlib.error as error:
                if step == 1:
                    return position, f"damaged gzip: {_tail(error)}"
                stream, step = state, step // 2  # so that everything before the damage comes out
                continue
            spool.write(piece)
            if stream.eof:
                return position + len(chunk) - len(stream.unused_data), ""
            if not chunk and not piece:
                return position, "cut gzip: the end is missing"
            position += len(chunk) - len(stream.unconsumed_tail)
            size = _CHUNK_BYTES

    def _unpack_zstd(self, position: int, spool: Spool) -> tuple[int, str]:
        stream, size = zstd.ZstdDecompressor(zstd_dict=self._dictionary), _FIRST_CHUNK_BYTES
        while True:
            chunk = self._data[position : position + size] if stream.needs_input else b""
            try:
                piece = stream.decompress(chunk, max_length=_CHUNK_BYTES)
            except (zstd.ZstdError, ValueError) as error:
                return position, f"damaged zstd: {error}"
            spool.write(piece)
            position += len(chunk)
            if stream.eof:
                return position - len(stream.unused_data), ""
            if stream.needs_input and not piece and not chunk:
                return position, "cut zstd: the end is missing"
            size = _CHUNK_BYTES

    def _find_member(self, position: int) -> int:
        """The next position at which a record begins, packed or plain; the end of the file if there is none."""
        while match := _MEMBER_RE.search(self._data, position):
            if match.group().startswith(b"WARC/"):
                return match.start()
            self._rescanned_bytes += _PEEKED_BYTES if match.group() == _GZIP_MAGIC else _PEEKED_ZSTD_BYTES
            if self._rescanned_bytes < _MAX_RESCANNED_BYTES and self._begins_record(match.start()):
                return match.start()
            position = match.start() + 1
        return len(self._data)

    def _begins_record(self, position: int) -> bool | None:
        """Whether a packed member begins a record; None where it is damaged from the start."""
        for size in (_PEEKED_BYTES, _HEAD_MARK_BYTES):  # a small member may have nothing wrong but its checksum
            try:
                content = self._peek(position, size)
            except (zlib.error, zstd.ZstdError, ValueError):
                continue
            return begins_records(content) or _ARC_START_RE.match(content) is not None
        return None

    def _peek(self, position: int, size: int) -> bytes:
        if self._data[position : position + 4] == _ZSTD_MAGIC:
            frame = self._data[position : position + _PEEKED_ZSTD_BYTES]
            return zstd.ZstdDecompressor(zstd_dict=self._dictionary).decompress(frame, max_length=size)
        return zlib.decompressobj(31).decompress(self._data[position : position + _PEEKED_BYTES], size)

    def _read_skippable(self, position: int) -> int:
        """The position behind a skippable frame of zstd; one at the beginning may hold the dictionary of the others."""
        size = int.from_bytes(self._data[position + 4 : position + 8], "little")
        content = self._data[position + 8 : position + 8 + size]
        if self._data[position : position + 4] == _DICTIONARY_MAGIC and size <= MAX_BODY_BYTES:
            try:
                if content.startswith(_ZSTD_MAGIC):
                    content = zstd.ZstdDecompressor().decompress(content, max_length=MAX_BODY_BYTES)
                self._dictionary = zstd.ZstdDict(content)
            except (zstd.ZstdError, ValueError):
                self._dictionary = None  # the frames that need it say that they cannot be read
        return position + 8 + size

    # Plain records

    def _read_record(self, data: Buffer, start: int, end: int, member: int | None) -> tuple[int, WarcRecord | Gap]:
        """(position behind, record) of the record that begins at `start`; a gap up to the next one if none does."""
        arc_line, head_fault = None, ""
        if _WARC_START_RE.match(data, start) is None:
            arc_line = _ARC_START_RE.match(data, start)
            if arc_line is None:
                return self._read_gap(data, start, end, member, "no record begins here")
        self._number += 1
        place = self._place(start, member)
        if arc_line is not None:
            headers, block_start = _parse_arc_line(arc_line.group()), arc_line.end()
        else:
            head_end = _HEAD_END_RE.search(data, start, min(end, start + _MAX_HEAD_BYTES))
            inner = _WARC_START_RE.search(data, start + 1, head_end.end() if head_end else end)
            if head_end is None or inner:
                behind = inner.start() if inner else end
                return behind, Gap(place=place, detail="its head has no end")
            head = decode_head(data[start : head_end.start()])
            lines = head.partition("\n")[2].rstrip("\r")
            headers, block_start = parse_header_lines(lines), head_end.end()
            head_fault = "" if _is_whole_head(lines) else "its head is damaged"
        stated = headers.get("content-length", "").strip()
        length = int(stated) if stated.isdecimal() and len(stated) < 16 else None
        stop, behind, fault, is_cut = _find_block_end(data, block_start, end, length, is_arc=arc_line is not None)
        block = data[block_start:stop]
        is_altered = not is_cut and matches_digest(headers.get("warc-block-digest", ""), block) is False
        if is_altered:
            fault = "; ".join(filter(None, (fault, "not the stated WARC-Block-Digest")))
        fault = "; ".join(filter(None, (head_fault, fault)))
        return behind, WarcRecord(
            place=place, headers=headers, block=block, fault=fault, is_cut=is_cut, is_altered=is_altered
        )

    def _read_gap(self, data: Buffer, start: int, end: int, member: int | None, why: str) -> tuple[int, Gap]:
        """(position behind, gap) of bytes that hold no record."""
        if member is None:
            behind = self._find_member(start + 1)
            arc = _ARC_START_RE.search(data, start + 1, behind)
        else:
            match = _WARC_START_RE.search(data, start + 1)
            behind = match.start() if match else end
            arc = _ARC_START_RE.search(data, start + 1, behind)
        behind = arc.start() if arc else behind
        inside = "" if member is None else f" of the member at byte {member}, unpacked"
        return behind, Gap(place=f"bytes {start} to {behind - 1}{inside}", detail=why)


def _is_whole_head(lines: str) -> bool:
    """Whether the lines of a record's head are those of one head: names with values, and none twice that is unique."""
    names = [match[1].lower() for match in _HEADER_LINE_RE.finditer(lines)]
    is_legible = len(names) == sum(not line.startswith((" ", "\t")) for line in lines.split("\n") if line.strip())
    return is_legible and all(names.count(name) < 2 for name in _UNIQUE_HEADERS)


def _find_block_end(data: Buffer, start: int, end: int, length: int | None, is_arc: bool) -> tuple[int, int, str, bool]:
    """(end of the block, position behind the record, what is wrong, whether its end is missing).

    A stated length holds where a record, a separator or the end of the file follows. Else bytes are missing or too
    many: the block ends where the remains of another record begin in it, and goes on to the next record where nothing
    of another one lies between.
    """
    stop = end if length is None else start + length
    if length is not None and stop <= end and (is_arc or _is_boundary(data, stop, end)):
        return stop, stop, "", False
    remains = _REMAINS_RE.search(data, start, min(stop + _MARK_BYTES, end))
    if remains is not None and remains.start() >= stop:
        remains = None
    stated = "no Content-Length" if length is None else f"{length} bytes stated"
    if remains is not None:
        is_record = remains.group().startswith(b"WARC/")
        stop = _strip_separator(data, start, remains.start())
        return stop, remains.start(), f"{stated}, {stop - start} found", length is not None or not is_record
    if length is None or stop > end:
        stop = end if length is not None else _strip_separator(data, start, end)
        return stop, end, f"{stated}, {stop - start} found", length is not None
    following = _WARC_START_RE.search(data, stop, end)
    behind = following.start() if following else end
    if behind - start > MAX_BODY_BYTES or _FOREIGN_RE.search(data, stop, behind):
        return stop, stop, f"{stated}, but no record follows", True
    stop = _strip_separator(data, start, behind)
    return stop, behind, f"{stated}, {stop - start} found", False


def _is_boundary(data: Buffer, position: int, end: int) -> bool:
    """Whether a record can end here: the file ends, the separator of records follows, or the next one begins."""
    if _SEPARATOR_RE.match(data, position):
        return True
    following = _PADDING_RE.match(data, position, min(end, position + _MAX_PADDING_BYTES)).end()  # type: ignore[union-attr]
    is_padded = following == min(end, position + _MAX_PADDING_BYTES)
    return is_padded or data[following : following + 5] == b"WARC/" or data[following : following + 3] == _GZIP_MAGIC


def _strip_separator(data: Buffer, start: int, stop: int) -> int:
    """The end of a block before the blank lines between records."""
    for _ in range(2):
        if stop - start >= 1 and data[stop - 1 : stop] == b"\n":
            stop -= 2 if stop - start >= 2 and data[stop - 2 : stop - 1] == b"\r" else 1
    return stop


def _skip_padding(data: Buffer, position: int) -> int:
    return _PADDING_RE.match(data, position).end()  # type: ignore[union-attr]


def _skip_zeros(data: Buffer, position: int) -> int:
    return _ZEROS_RE.match(data, position).end()  # type: ignore[union-attr]


def _parse_arc_line(line: bytes) -> dict[str, str]:
    """An ARC record's line (address, IP address, date, content type, ..., length) as the headers of a WARC record."""
    fields = decode_head(line).strip().split(" ")
    date = f"{fields[2]:0<14}"
    is_response = not fields[0].startswith(("filedesc:", "dns:"))
    return {
        "warc-type": "response" if is_response else "warcinfo",
        "warc-target-uri": fields[0],
        "warc-date": f"{date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:14]}Z",
        "content-type": "application/http",
        "content-length": fields[-1],
    }


def _tail(error: zlib.error) -> str:
    """What zlib says after its number of an error."""
    return str(error).rpartition(": ")[2]
