"""Index files that many machines need are built by one of them, kept with the blobs by version, fetched by the rest.

A version is a digest of what the files were made of and of the program that made them. One process at a time looks, so
that nobody builds what another is building.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from crawler.blobs import Blobs
from crawler.items import Work
from crawler.store.lock import alone
from crawler.web.session import Session
from matchers.titles import keep_engine
from matchers.titles.kept import digest_of, kept_index

TITLES, LOOKS = "titles", "looks"
_NOTE = "version"  # the file in a folder that says which version it holds


def share(session: Session, name: str, made_of: str, folder: Path, build: Callable[[], object]) -> str:
    """Bring the files of this version into a folder; says how: kept, fetched or built. To be called in a thread."""
    wanted = f"{version('swordnet')}-{made_of}"
    with alone(session.store.engine, name):
        if _held(folder) == wanted:
            return "kept"
        if _fetched(session.blobs, name, wanted, folder):
            return "fetched"
        build()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _NOTE).write_text(wanted, encoding="utf-8")
        session.blobs.put_version(name, wanted, folder)
        return "built"


def share_titles(session: Session, works: Sequence[Work]) -> str:
    """From now on titles are looked up in the index that all workers share."""
    folder = Path(session.config.cluster.index) / TITLES
    how = share(session, TITLES, digest_of(works), folder, lambda: kept_index(works, folder))
    keep_engine(works, folder)
    return how


def digest_of_pictures(digests: Iterable[str], made_by: str) -> str:
    """Which pictures an index is of, and in what format."""
    return hashlib.sha256("\n".join([made_by, *sorted(digests)]).encode()).hexdigest()[:32]


def _held(folder: Path) -> str:
    try:
        return (folder / _NOTE).read_text(encoding="utf-8")
    except OSError:
        return ""


def _fetched(blobs: Blobs, name: str, wanted: str, folder: Path) -> bool:
    """Write the files beside the folder, and put them in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    if not blobs.get_version(name, wanted, fresh):
        shutil.rmtree(fresh)
        return False
    if folder.exists():
        shutil.rmtree(folder)
    fresh.replace(folder)
    return True
