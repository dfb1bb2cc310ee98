"""Bytes by content: every page and picture behind a hit is kept once, under the SHA-256 of what was received.

File names come from the digest alone, so nothing a page says can choose one. A local folder; writes are atomic.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from crawler.errors import StoreError


class Blobs:
    """A folder of blobs, two levels deep (`ab/abcdef...`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their SHA-256 in hex. Raises StoreError where the folder cannot be written."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except OSError as error:
            raise StoreError(f"keeping bytes in {self.folder}: {error}") from None
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes of a digest, None if they are not kept."""
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, digest: str) -> bool:
        """Delete the bytes of a digest; False where none are kept."""
        path = self._path(digest)
        is_there = path.exists()
        path.unlink(missing_ok=True)
        return is_there

    def forget(self, needed: Collection[str], before: float) -> int:
        """Delete what is older than `before` (seconds since 1970) and not needed; returns how many files."""
        gone = 0
        for path in self.folder.glob("[0-9a-f][0-9a-f]/" + "[0-9a-f]" * 64):
            if path.name not in needed and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256 digest: {digest!r}")
        return self.folder / digest[:2] / digest
