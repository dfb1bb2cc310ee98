"""Recorded responses as one index, whatever recorded them: HAR, WARC, WACZ, MHTML, or a folder of saved pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crawler.archives.archive import (
    DOUBT_REASONS,
    HARMLESS_REASONS,
    Archive,
    RecordedResponse,
    SkippedEntry,
    SkipReason,
)
from crawler.archives.containers import archive_files, read_files
from crawler.archives.folder import read_folder
from crawler.archives.page_kinds import is_page
from crawler.archives.saved_pages import find_saved_pages, read_saved_folder
from crawler.errors import BadInput, Problem

__all__ = [
    "DOUBT_REASONS",
    "HARMLESS_REASONS",
    "Archive",
    "RecordedResponse",
    "SkipReason",
    "SkippedEntry",
    "is_page",
    "open_archive",
]

MAX_TOLD_ENTRIES = 10  # of an archive of which nothing can be read


def open_archive(path: Path) -> Archive:
    """The recorded responses of a file or folder, and what of it was left out.

    What a file is, is told by its first bytes, then by its name. A folder holds saved pages, archives, or both. Raises
    BadInput if it is missing, of an unknown kind, or where nothing of it can be read.
    """
    if path.is_dir():
        archive = Archive(_read_directory(path))
    elif path.is_file():
        archive = Archive(read_files([path]))
    else:
        raise BadInput(Problem(file=str(path), message="no such file or folder"))
    lost = [entry for entry in archive.skipped if entry.reason not in HARMLESS_REASONS]
    if lost and not len(archive):
        raise BadInput([_problem_of(entry) for entry in lost[:MAX_TOLD_ENTRIES]])
    return archive


def _read_directory(folder: Path) -> Iterator[RecordedResponse | SkippedEntry]:
    files = archive_files(folder)
    if next(folder.rglob("request.json"), None) is not None:
        yield from read_folder(folder)
    elif not files:
        yield from read_saved_folder(folder)
    elif find_saved_pages(folder):
        try:
            yield from read_saved_folder(folder)
        except BadInput as error:
            for problem in error.problems:
                yield SkippedEntry(
                    file=problem.file, place="the file", reason=SkipReason.DAMAGED, detail=problem.message
                )
    if files:
        yield from read_files(files)


def _problem_of(entry: SkippedEntry) -> Problem:
    detail = f": {entry.detail}" if entry.detail else ""
    return Problem(file=entry.file, field=entry.place, message=f"{entry.reason.value.replace('_', ' ')}{detail}")
