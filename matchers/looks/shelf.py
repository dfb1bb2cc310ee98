"""Sketches on disk, one file for each content, in a folder of their mark.

Whoever is stopped goes on where it was: what is there is not made again. What another version made lies in another
folder and is never read.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from matchers.looks.sketch import Pixels, Sketch, mark

KEPT = 64  # sketches in memory: candidates come again and again


class Shelf:
    """The sketches under a folder; `folder` itself holds everything of the current mark."""

    def __init__(self, root: Path) -> None:
        self.folder = root / mark()
        self._get = lru_cache(KEPT)(self.read)

    def has(self, digest: str) -> bool:
        """Whether a picture of this SHA-256 was sketched."""
        return self._path(digest).exists()

    def put(self, digest: str, sketch: Sketch) -> None:
        """Keep a sketch; a half-written one is never seen."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sketch.to_bytes())
        Path(name).replace(path)

    def get(self, digest: str) -> Sketch:
        """The sketch of a SHA-256. Raises OSError, ValueError or KeyError where it is not there or broken."""
        return self._get(digest)

    def thumb(self, digest: str) -> Pixels:
        """The small picture of a sketch alone: less than a third of its bytes. Raises as `get` does."""
        return Sketch.thumb_of(self._path(digest))

    def read(self, digest: str) -> Sketch:
        """The same, never remembered."""
        return Sketch.from_bytes(self._path(digest).read_bytes())

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256 digest: {digest!r}")
        return self.folder / "sketches" / digest[:2] / digest
