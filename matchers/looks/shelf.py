"""Sketches on disk, one file for each content, in a folder of their mark.

Whoever is stopped goes on where it was: what is there is not made again. What another version made lies in another
folder and is never read.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from matchers.looks.sketch import PictureDescriptor, Pixels, descriptor_version

DESCRIPTOR_CACHE_SIZE = 64  # sketches in memory: candidates come again and again


class DescriptorStore:
    """The sketches under a folder; `folder` itself holds everything of the current mark."""

    def __init__(self, root: Path) -> None:
        self.folder = root / descriptor_version()
        self._cached_read = lru_cache(DESCRIPTOR_CACHE_SIZE)(self.read)

    def has(self, digest: str) -> bool:
        """Whether a picture of this SHA-256 was sketched."""
        return self._path(digest).exists()

    def put(self, digest: str, picture_descriptor: PictureDescriptor) -> None:
        """Keep a sketch; a half-written one is never seen."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(picture_descriptor.to_bytes())
        Path(name).replace(path)

    def get(self, digest: str) -> PictureDescriptor:
        """The sketch of a SHA-256. Raises OSError, ValueError or KeyError where it is not there or broken."""
        return self._cached_read(digest)

    def thumb(self, digest: str) -> Pixels:
        """The small picture of a sketch alone: less than a third of its bytes. Raises as `get` does."""
        return PictureDescriptor.read_thumb(self._path(digest))

    def read(self, digest: str) -> PictureDescriptor:
        """The same, never remembered."""
        return PictureDescriptor.from_bytes(self._path(digest).read_bytes())

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256 digest: {digest!r}")
        return self.folder / "sketches" / digest[:2] / digest
