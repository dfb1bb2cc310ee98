"""Recorded responses as one index, whatever recorded them: HAR, WARC, WACZ, MHTML, or a folder of saved pages."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from crawler.archives.archive import HARMLESS_REASONS, Archive, RecordedResponse, SkippedEntry, SkipReason
from crawler.archives.folder import read_folder
from crawler.archives.har import is_har_member, read_har, read_har_zip
from crawler.archives.mhtml import is_single_file
from crawler.archives.page_kinds import is_page
from crawler.archives.saved_pages import read_saved_folder, read_saved_page, read_single_file
from crawler.archives.warc import read_wacz, read_warc
from crawler.errors import BadInput, Problem

__all__ = ["HARMLESS_REASONS", "Archive", "RecordedResponse", "SkipReason", "SkippedEntry", "is_page", "open_archive"]

_Read = Callable[[Path], Iterator[RecordedResponse | SkippedEntry]]
MAX_TOLD_ENTRIES = 10  # of an archive of which nothing can be read
_HEAD_BYTES = 4_096
_BOM = b"\xef\xbb\xbf"


def open_archive(path: Path) -> Archive:
    """The recorded responses of a file or folder, and what of it was left out.

    What a file is, is told by its first bytes, then by its name. Raises BadInput if it is missing, of an unknown kind,
    or where nothing of it can be read.
    """
    if path.is_dir():
        is_prepared = next(path.rglob("request.json"), None) is not None
        return Archive(read_folder(path) if is_prepared else read_saved_folder(path))
    if not path.is_file():
        raise BadInput(Problem(file=str(path), message="no such file or folder"))
    try:
        archive = Archive(_find_reader(path)(path))
    except OSError as error:
        raise BadInput(Problem(file=str(path), message=error.strerror or str(error))) from None
    lost = [entry for entry in archive.skipped if entry.reason not in HARMLESS_REASONS]
    if lost and not len(archive):
        raise BadInput([_problem_of(entry) for entry in lost[:MAX_TOLD_ENTRIES]])
    return archive


def _problem_of(entry: SkippedEntry) -> Problem:
    detail = f": {entry.detail}" if entry.detail else ""
    return Problem(file=entry.file, field=entry.place, message=f"{entry.reason.value.replace('_', ' ')}{detail}")


def _find_reader(path: Path) -> _Read:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if zipfile.is_zipfile(path):
        return _read_zip
    if head.startswith(b"\x1f\x8b"):
        with suppress(zlib.error):
            head = zlib.decompressobj(31).decompress(head, _HEAD_BYTES)
    if head.startswith(b"WARC/"):
        return read_warc
    if head.removeprefix(_BOM).lstrip().startswith(b"{") and b'"log"' in head:
        return read_har
    if is_single_file(head):
        return read_single_file
    name = path.name.lower()
    for endings, read in _READERS_BY_NAME.items():
        if name.endswith(endings):
            return read
    kinds = "a folder, .har, .har.gz, .har.zip, .warc, .warc.gz, .wacz, .mhtml, .webarchive or .html"
    raise BadInput(Problem(file=str(path), message=f"not an archive: expected {kinds}"))


def _read_zip(path: Path) -> Iterator[RecordedResponse | SkippedEntry]:
    with zipfile.ZipFile(path) as container:
        if any(map(is_har_member, container.namelist())):
            yield from read_har_zip(container, str(path))
            return
    yield from read_wacz(path)


_READERS_BY_NAME: dict[tuple[str, ...], _Read] = {
    (".har", ".har.gz"): read_har,
    (".warc", ".warc.gz"): read_warc,
    (".wacz",): read_wacz,
    (".mhtml", ".mht", ".webarchive"): read_single_file,
    (".html", ".htm"): read_saved_page,
}
