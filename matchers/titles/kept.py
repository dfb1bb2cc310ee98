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
from matchers.titles.arrays import Arrays
from matchers.titles.patterns import arrays_of

DESCRIPTION = "works.json"


@frozen(kw_only=True)
class Kept:
    """The arrays, and how they came about: opened, extended or built."""

    arrays: Arrays
    how: str


def kept_index(works: Sequence[Work], folder: Path) -> Kept:
    """The index over exactly these works, from the folder if it is there, which is written if it is not."""
    count, digest = _described(folder)
    arrays = Arrays.open(folder) if 0 < count <= len(works) and digest == digest_of(works[:count]) else None
    if arrays is not None and count == len(works):
        return Kept(arrays=arrays, how="opened")
    if arrays is not None:
        arrays = arrays.and_more(arrays_of(works[count:]), count)
        how = "extended"
    else:
        arrays = arrays_of(works)
        how = "built"
    _write(arrays, works, folder)
    return Kept(arrays=arrays, how=how)


def digest_of(works: Sequence[Work]) -> str:
    """A digest of everything about the works that the index holds."""
    digest = hashlib.blake2b(digest_size=16)
    for first in range(0, len(works), 10_000):
        rows = (
            "\x1f".join((work.title, *work.aliases, "" if work.retired_at is None else "\x1d"))
            for work in works[first : first + 10_000]
        )
        digest.update(("\x1e".join(rows) + "\x1e").encode("utf-8", "replace"))
    return digest.hexdigest()


def _described(folder: Path) -> tuple[int, str]:
    try:
        read = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return int(read["works"]), str(read["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _write(arrays: Arrays, works: Sequence[Work], folder: Path) -> None:
    """Writes beside the folder and puts the new one in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    arrays.save(fresh)
    described = {"works": len(works), "digest": digest_of(works)}
    (fresh / DESCRIPTION).write_text(json.dumps(described), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    fresh.replace(folder)
