"""Writes a file completely or not at all: to a temporary file beside it, synced to disk, then renamed over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from crawler.errors import BadInput, Problem
from crawler.messages import render_message


@contextmanager
def open_atomic(path: Path, language: str = "en") -> Iterator[BinaryIO]:
    """A binary file that becomes `path` when the block ends without an error. Raises BadInput if writing fails."""
    try:
        target = path.resolve()
        temporary = target.with_name(f".{target.name[:100]}.{uuid4().hex[:12]}.part")
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Problem(file=str(path), message=render_message("desk", "cannot_write", language, reason=reason))
        ) from error


def _sync_folder(folder: Path) -> None:
    """Sync a folder so that the rename itself survives a power cut, where possible (Windows cannot open a folder)."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
