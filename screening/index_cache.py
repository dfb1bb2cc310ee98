"""Index files that many machines need: one machine builds a version, keeps it with the blobs, and the others fetch
it.

A version is a digest of the contents and of the program.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from crawler.blobs import BlobStore
from crawler.items import Work
from crawler.store.database import named_lock
from crawler.web.session import Session
from matchers.catalogue import index_digest, open_indexes

TITLE_INDEX, PICTURE_INDEX = "titles", "looks"
_VERSION_FILE = "version"  # the file in a folder that says which version it holds


def ensure_index(session: Session, name: str, content_digest: str, folder: Path, build: Callable[[], object]) -> str:
    """Bring the files of this version into a folder; says how: kept, fetched or built. To be called in a thread."""
    wanted_version = f"{version('swordnet')}-{content_digest}"
    with named_lock(session.store.engine, name):
        if _local_version(folder) == wanted_version:
            return "kept"
        if _fetch_index(session.blobs, name, wanted_version, folder):
            return "fetched"
        build()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _VERSION_FILE).write_text(wanted_version, encoding="utf-8")
        session.blobs.put_version(name, wanted_version, folder)
        return "built"


def ensure_title_index(session: Session, works: Sequence[Work]) -> str:
    """From now on titles are looked up in the index that all workers share."""
    folder = Path(session.config.cluster.index) / TITLE_INDEX
    origin = ensure_index(session, TITLE_INDEX, index_digest(works), folder, lambda: open_indexes(works, folder))
    open_indexes(works, folder)
    return origin


def picture_index_digest(digests: Iterable[str], format_mark: str) -> str:
    """Which pictures an index is of, and in what format."""
    return hashlib.sha256("\n".join([format_mark, *sorted(digests)]).encode()).hexdigest()[:32]


def _local_version(folder: Path) -> str:
    try:
        return (folder / _VERSION_FILE).read_text(encoding="utf-8")
    except OSError:
        return ""


def _fetch_index(blobs: BlobStore, name: str, wanted_version: str, folder: Path) -> bool:
    """Write the files beside the folder, and put them in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    if not blobs.get_version(name, wanted_version, staging):
        shutil.rmtree(staging)
        return False
    if folder.exists():
        shutil.rmtree(folder)
    staging.replace(folder)
    return True
