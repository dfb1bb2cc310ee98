"""Recorded responses as one index, whatever recorded them: HAR, WARC, WACZ, or a folder of saved pages."""

from __future__ import annotations

from pathlib import Path

from crawler.archives.archive import Archive, RecordedResponse
from crawler.archives.folder import read_folder
from crawler.archives.har import read_har
from crawler.archives.warc import read_wacz, read_warc
from crawler.errors import BadInput, Problem

__all__ = ["Archive", "RecordedResponse", "open_archive"]

_READERS = (
    ((".har", ".har.gz"), read_har),
    ((".warc", ".warc.gz"), read_warc),
    ((".wacz",), read_wacz),
)


def open_archive(path: Path) -> Archive:
    """The recorded responses of a file or folder. Raises BadInput if it is missing, damaged or of an unknown kind."""
    if path.is_dir():
        return Archive(read_folder(path))
    if not path.is_file():
        raise BadInput(Problem(file=str(path), message="no such file or folder"))
    for endings, read in _READERS:
        if path.name.lower().endswith(endings):
            return Archive(read(path))
    kinds = "a folder, .har, .har.gz, .warc, .warc.gz or .wacz"
    raise BadInput(Problem(file=str(path), message=f"not an archive: expected {kinds}"))
