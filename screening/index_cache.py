"""Shares index files between machines: one builds a version and stores it with the blobs, the others fetch it.

A version is made of the program's version and a digest of the contents.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path

from attrs import frozen

from crawler.blobs import BlobStore
from crawler.items import Work
from matchers.catalogue import index_digest, open_indexes

TITLE_INDEX, PICTURE_INDEX = "titles", "looks"
_VERSION_FILE = "version"  # the file in a folder that names its version


@frozen(kw_only=True)
class IndexCache:
    """Indexes shared by the workers of one database. The methods may wait for other machines: call them in a thread.

    `lock(name)` is a context manager that waits until no other worker, on any machine, holds the lock of that name.
    """

    lock: Callable[[str], AbstractContextManager[None]]
    blobs: BlobStore
    folder: Path  # where this machine keeps the index of titles

    def ensure_index(self, name: str, content_digest: str, folder: Path, build: Callable[[], object]) -> str:
        """Make `folder` hold the files of this version; returns "kept", "fetched" or "built"."""
        wanted_version = f"{version('swordnet')}-{content_digest}"
        with self.lock(name):
            if _local_version(folder) == wanted_version:
                return "kept"
            if _fetch_index(self.blobs, name, wanted_version, folder):
                return "fetched"
            build()
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _VERSION_FILE).write_text(wanted_version, encoding="utf-8")
            self.blobs.put_version(name, wanted_version, folder)
            return "built"

    def ensure_title_index(self, works: Sequence[Work]) -> str:
        """Make title matching of these works use the shared index; returns "kept", "fetched" or "built"."""
        folder = self.folder / TITLE_INDEX
        origin = self.ensure_index(TITLE_INDEX, index_digest(works), folder, lambda: open_indexes(works, folder))
        open_indexes(works, folder)
        return origin


def picture_index_digest(digests: Iterable[str], format_mark: str) -> str:
    """A digest of the pictures in an index (`digests`) and of its format."""
    return hashlib.sha256("\n".join([format_mark, *sorted(digests)]).encode()).hexdigest()[:32]


def _local_version(folder: Path) -> str:
    try:
        return (folder / _VERSION_FILE).read_text(encoding="utf-8")
    except OSError:
        return ""


def _fetch_index(blobs: BlobStore, name: str, wanted_version: str, folder: Path) -> bool:
    """Replace `folder` by the stored files of this version; False if there are none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    if not blobs.get_version(name, wanted_version, staging):
        shutil.rmtree(staging)
        return False
    if folder.exists():
        shutil.rmtree(folder)
    staging.replace(folder)
    return True
