"""The index of titles kept on disk, one folder for one list of works.

It is opened when it was made of the very same names, extended when works were only added behind them, and else built
anew. A half-written folder is never read: the description is written last and names a digest of the names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from crawler.items import Work
from matchers.titles.arrays import IndexArrays
from matchers.titles.patterns import build_arrays

DESCRIPTION_FILE = "works.json"


@frozen(kw_only=True)
class StoredIndex:
    """The arrays, and how they came about: opened, extended or built."""

    arrays: IndexArrays
    origin: str


def open_index(works: Sequence[Work], folder: Path) -> StoredIndex:
    """The index over exactly these works, from the folder if it is there, which is written if it is not."""
    count, digest = _read_description(folder)
    arrays = IndexArrays.open(folder) if 0 < count <= len(works) and digest == works_digest(works[:count]) else None
    if arrays is not None and count == len(works):
        return StoredIndex(arrays=arrays, origin="opened")
    if arrays is not None:
        arrays = arrays.concatenate(build_arrays(works[count:]), count)
        origin = "extended"
    else:
        arrays = build_arrays(works)
        origin = "built"
    _replace_folder(arrays, works, folder)
    return StoredIndex(arrays=arrays, origin=origin)


def works_digest(works: Sequence[Work]) -> str:
    """A digest of everything about the works that the index holds."""
    digest = hashlib.blake2b(digest_size=16)
    for first in range(0, len(works), 10_000):
        rows = (
            "\x1f".join((work.title, *work.aliases, "" if work.retired_at is None else "\x1d"))
            for work in works[first : first + 10_000]
        )
        digest.update(("\x1e".join(rows) + "\x1e").encode("utf-8", "replace"))
    return digest.hexdigest()


def _read_description(folder: Path) -> tuple[int, str]:
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        return int(description["works"]), str(description["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _replace_folder(arrays: IndexArrays, works: Sequence[Work], folder: Path) -> None:
    """Writes beside the folder and puts the new one in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    arrays.save(temporary)
    description = {"works": len(works), "digest": works_digest(works)}
    (temporary / DESCRIPTION_FILE).write_text(json.dumps(description), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.replace(folder)
