"""What a file is, and archives that hold archives: WACZ (a zip of WARC files), a zip of HAR files with their bodies, a
WACZ of several packages, either one zipped again with its folder, a folder of any of these.

Members are told by their first bytes, then by their names, wherever they lie. One that cannot be read leaves the others
alone. How deep zips are nested, how many there are and what they unpack to is bounded.
"""

from __future__ import annotations

import copy
import lzma
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from attrs import Factory, define

from crawler.archives.archive import MAX_ARCHIVE_BYTES, RecordedResponse, SkippedEntry, SkipReason
from crawler.archives.bodies import GZIP_MAGIC, ZSTD_DICTIONARY_MAGIC, ZSTD_MAGIC, Spool, open_buffer
from crawler.archives.har import is_har_member, read_har, read_har_zip
from crawler.archives.mhtml import is_single_file
from crawler.archives.saved_pages import PAGE_ENDINGS, SINGLE_FILE_ENDINGS, read_saved_page, read_single_file
from crawler.archives.warc import WarcCollector
from crawler.archives.warc_records import begins_records
from crawler.errors import BadInput, Problem

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_NESTED_ZIPS = 4  # zips within zips: a WACZ of several packages, zipped again, is the third
MAX_ZIP_COUNT = 1_000
_HEAD_BYTES = 4_096
_PIECE_BYTES = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_ZIP_MAGIC = b"PK\x03\x04"
_ENCRYPTED_FLAG = 1  # bit 0 of a member's flags (APPNOTE 4.4.4)
_KIND_ENDINGS = {
    "har": (".har", ".har.gz"),
    "warc": (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wet", ".wet.gz"),
    "zip": (".wacz", ".zip"),
}
_KINDS = "a folder, .har, .har.gz, .har.zip, .warc, .warc.gz, .warc.zst, .arc.gz, .wacz, .mhtml, .webarchive or .html"
_MEMBER_ERRORS = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error, lzma.LZMAError)


def kind_of(head: bytes, name: str) -> str:
    """What a file is, "har", "warc" or "zip", by its first bytes, then by its name; "" where it is no archive."""
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    if head.startswith(ZSTD_DICTIONARY_MAGIC):
        return "warc"
    if head.startswith(GZIP_MAGIC):
        with suppress(zlib.error):
            head = zlib.decompressobj(31).decompress(head, _HEAD_BYTES)
    elif head.startswith(ZSTD_MAGIC):
        with suppress(zstd.ZstdError):
            head = zstd.ZstdDecompressor().decompress(head, max_length=_HEAD_BYTES)
    if begins_records(head):
        return "warc"
    if head.removeprefix(_BOM).lstrip().startswith(b"{") and b'"log"' in head:
        return "har"
    return _kind_by_name(name)


def _kind_by_name(name: str) -> str:
    name = name.lower()
    return next((kind for kind, endings in _KIND_ENDINGS.items() if name.endswith(endings)), "")


def archive_files(folder: Path) -> list[Path]:
    """The archives anywhere below a folder, by their names, in the order of their paths."""
    files = [path for path in folder.rglob("*") if _kind_by_name(path.name) and path.is_file()]
    return sorted(files, key=lambda path: path.relative_to(folder).parts)


def read_files(files: Sequence[Path]) -> Iterator[RecordedResponse | SkippedEntry]:
    """The responses of archives that belong together. Raises BadInput where none of them can be read.

    Of several files one that cannot be read is left out, with the reason.
    """
    reader = _ContainerReader()
    problems: list[Problem] = []
    for file in files:
        try:
            reader.read_file(file)
        except BadInput as error:
            problems += error.problems
    if problems and not reader.file_count:
        raise BadInput(problems)
    for problem in problems:
        yield SkippedEntry(file=problem.file, place="the file", reason=SkipReason.DAMAGED, detail=problem.message)
    yield from reader.results()


@define
class _ContainerReader:
    """Reads files and what lies in them; the WARC files of all are linked with each other."""

    file_count: int = 0  # that could be read
    _collector: WarcCollector = Factory(WarcCollector)
    _entries: list[RecordedResponse | SkippedEntry] = Factory(list)
    _archive_count: int = 0  # members of zips that were archives
    _zip_count: int = 0
    _unpacked_bytes: int = 0

    def results(self) -> Iterator[RecordedResponse | SkippedEntry]:
        """All that was read."""
        yield from self._entries
        yield from self._collector.results()

    def read_file(self, path: Path) -> None:
        """Read one file. Raises BadInput where it is no archive, or nothing in it is one."""
        ending = path.suffix.lower()
        try:
            with path.open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
                kind = kind_of(head, path.name)
                if kind == "har":
                    self._entries += read_har(path)
                elif kind == "warc":
                    self._collector.read(open_buffer(stream), str(path))
                elif zipfile.is_zipfile(path):
                    self._read_whole_zip(stream, str(path))
                elif kind == "zip":
                    self._read_cut_zip(stream, str(path))
                elif is_single_file(head) or ending in SINGLE_FILE_ENDINGS:
                    self._entries += read_single_file(path)
                elif ending in PAGE_ENDINGS:
                    self._entries += read_saved_page(path)
                else:
                    raise BadInput(Problem(file=str(path), message=f"not an archive: expected {_KINDS}"))
        except OSError as error:
            raise BadInput(Problem(file=str(path), message=error.strerror or str(error))) from None
        self.file_count += 1

    def _read_whole_zip(self, stream: IO[bytes], name: str) -> None:
        known, entry_count = self._archive_count, len(self._entries)
        self._read_zip(stream, name, 1)
        if self._archive_count == known:
            losses = [entry for entry in self._entries[entry_count:] if isinstance(entry, SkippedEntry)]
            detail = "".join(f"; {entry.place}: {entry.detail}" for entry in losses[:3])
            raise BadInput(Problem(file=name, message=f"no .warc, .har or .wacz in this zip{detail}"))

    def _read_cut_zip(self, stream: IO[bytes], name: str) -> None:
        """What of a zip without its table of contents can be found: WARC files, which packages keep uncompressed."""
        if stream.seek(0) or stream.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
            raise BadInput(Problem(file=name, message="not a zip: a .wacz and a .zip begin with PK"))
        message = "the end of this zip, its table of contents, is missing"
        try:
            self._collector.read(open_buffer(stream), name, reports_gaps=False)
        except BadInput:
            raise BadInput(Problem(file=name, message=f"{message}: copy or download it again")) from None
        self._skip(name, "the end of the file", SkipReason.DAMAGED, f"{message}; what could be found was read")

    def _read_zip(self, stream: IO[bytes], name: str, depth: int) -> None:
        """Read the members of a zip; what cannot be read is left out."""
        self._zip_count += 1
        if depth > MAX_NESTED_ZIPS or self._zip_count > MAX_ZIP_COUNT:
            self._skip(name, "the zip", SkipReason.TOO_LARGE, "too many zips within zips")
            return
        try:
            with zipfile.ZipFile(stream) as container:
                members = [member for member in container.infolist() if _is_content(member)]
                if any(is_har_member(member.filename) for member in members):
                    self._read_hars(container, name)
                for member in members:
                    self._read_member(container, member, name, depth)
        except _MEMBER_ERRORS as error:
            self._skip(name, "the zip", SkipReason.DAMAGED, str(error))

    def _read_hars(self, container: zipfile.ZipFile, name: str) -> None:
        try:
            self._entries += read_har_zip(container, name)
            self._archive_count += 1
        except BadInput as error:
            self._skip_problems(error)
        except (*_MEMBER_ERRORS, RuntimeError) as error:
            self._skip(name, "its .har", SkipReason.DAMAGED, str(error))

    def _read_member(self, container: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, depth: int) -> None:
        file = f"{name}!{member.filename}"
        if member.flag_bits & _ENCRYPTED_FLAG:
            if _kind_by_name(member.filename):
                self._skip(file, "the file", SkipReason.ENCRYPTED)
            return
        with Spool(MAX_ARCHIVE_BYTES - self._unpacked_bytes) as spool:
            kind, fault = _unpack_member(container, member, spool)
            self._unpacked_bytes += spool.size
            if fault:
                self._skip(file, "the file", SkipReason.DAMAGED, fault)
            if kind == "zip" and spool.size:
                self._read_zip(spool.rewind(), file, depth + 1)
            elif kind == "warc" and spool.size:
                try:
                    self._collector.read(spool.content(), file)
                    self._archive_count += 1
                except BadInput as error:
                    self._skip_problems(error)

    def _skip_problems(self, error: BadInput) -> None:
        for problem in error.problems:
            self._skip(problem.file, "the file", SkipReason.DAMAGED, problem.message)

    def _skip(self, file: str, place: str, reason: SkipReason, detail: str = "") -> None:
        self._entries.append(SkippedEntry(file=file, place=place, reason=reason, detail=detail))


def _is_content(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a file of the archive, not a folder or what a Mac puts beside files."""
    parts = PurePosixPath(member.filename).parts
    is_file = bool(parts) and not member.is_dir()
    return is_file and "__MACOSX" not in parts and not parts[-1].startswith("._")


def _unpack_member(container: zipfile.ZipFile, member: zipfile.ZipInfo, spool: Spool) -> tuple[str, str]:
    """(kind, what is wrong) of a member of a zip, its content in `spool` unless it is no archive."""
    kind = ""
    unchecked = copy.copy(member)
    del unchecked.CRC  # zipfile keeps the end of a member back whose checksum does not fit
    try:
        with container.open(unchecked) as stream:
            head = stream.read(_HEAD_BYTES)
            kind = kind_of(head, member.filename)
            if kind not in ("warc", "zip"):
                return kind, ""
            spool.write(head)
            checksum = zlib.crc32(head)
            while piece := stream.read(_PIECE_BYTES):
                spool.write(piece)
                checksum = zlib.crc32(piece, checksum)
    except _MEMBER_ERRORS as error:
        return kind, str(error)
    return kind, "" if checksum == member.CRC else "its checksum does not fit"
