"""Content-addressed blobs: every page and picture behind a hit is kept once, under the SHA-256 of the bytes received.

Names come from the digest alone, so page content cannot choose one. Blobs are kept in a local folder, or on object
storage that fsspec reaches (`store.blobs = "s3://BUCKET/PREFIX"`); neither ever shows a half-written blob. All methods
wait for the disk or the network: call them in a thread, never on the event loop.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Protocol

from crawler.config import StoreConfig
from crawler.errors import StoreError

_HEX_DIGITS = frozenset("0123456789abcdef")


class BlobBackend(Protocol):
    """A place that holds blobs. Names are relative; a failure to write or read raises OSError."""

    def has(self, name: str) -> bool:
        """Whether a blob of this name exists."""

    def write(self, name: str, data: bytes) -> None:
        """Write a blob whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """The bytes of a blob; None if there is none."""

    def remove(self, name: str) -> None:
        """Delete a blob if it exists."""

    def list_entries(self) -> Iterator[tuple[str, float]]:
        """Yield every name with the time it was written (seconds since 1970)."""


class BlobStore:
    """The blobs at `location`, a folder or an fsspec URL, stored two levels deep (`ab/abcdef...`)."""

    def __init__(self, location: str | Path, endpoint: str = "") -> None:
        self.location = str(location)
        self._backend: BlobBackend = (
            _ObjectStorageBackend(self.location, endpoint) if "://" in self.location else _FolderBackend(Path(location))
        )

    def put(self, data: bytes) -> str:
        """Store bytes and return their SHA-256 in hex. Raises StoreError where they cannot be written."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            if not self._backend.has(_blob_name(digest)):
                self._backend.write(_blob_name(digest), data)
        except OSError as error:
            raise StoreError(f"keeping bytes in {self.location}: {error}") from None
        return digest

    def get(self, digest: str) -> bytes | None:
        """The bytes of a digest; None if they are not stored. Raises StoreError where the location cannot be read."""
        return self._read(_blob_name(digest))

    def remove(self, digest: str) -> bool:
        """Delete the bytes of a digest; False where none are stored."""
        was_kept = self._backend.has(_blob_name(digest))
        self._backend.remove(_blob_name(digest))
        return was_kept

    def collect_garbage(self, needed: Collection[str], before: float) -> int:
        """Delete blobs written before `before` (seconds since 1970) and not in `needed`; returns how many."""
        deleted_count = 0
        for name, written_at in list(self._backend.list_entries()):
            digest_prefix, _, digest = name.partition("/")
            if _is_digest(digest) and digest.startswith(digest_prefix) and digest not in needed and written_at < before:
                self._backend.remove(name)
                deleted_count += 1
        return deleted_count

    def put_version(self, name: str, version: str, folder: Path) -> None:
        """Store the files under `folder` as version `version` of `name` and drop its other versions.

        Raises StoreError where they cannot be written.
        """
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        digests_by_file = {path.relative_to(folder).as_posix(): self.put(path.read_bytes()) for path in files}
        manifest = "\n".join(f"{digest} {file}" for file, digest in digests_by_file.items())
        try:
            self._backend.write(f"versions/{name}/{version}", manifest.encode())
            for entry_name, _ in list(self._backend.list_entries()):
                if entry_name.startswith(f"versions/{name}/") and entry_name != f"versions/{name}/{version}":
                    self._backend.remove(entry_name)
        except OSError as error:
            raise StoreError(f"keeping {name} in {self.location}: {error}") from None

    def get_version(self, name: str, version: str, folder: Path) -> bool:
        """Write the files of a version into `folder`; False where the version is missing or incomplete."""
        manifest = self._read(f"versions/{name}/{version}")
        for line in [] if manifest is None else manifest.decode().splitlines():
            digest, _, file = line.partition(" ")
            data = self.get(digest)
            path = (folder / file).resolve()
            if data is None or not path.is_relative_to(folder.resolve()):
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return manifest is not None

    def version_digests(self) -> set[str]:
        """The digests of all files of all stored versions."""
        names = [name for name, _ in self._backend.list_entries() if name.startswith("versions/")]
        manifests = [self._read(name) or b"" for name in names]
        return {line.partition(" ")[0] for manifest in manifests for line in manifest.decode().splitlines()}

    def _read(self, name: str) -> bytes | None:
        try:
            return self._backend.read(name)
        except OSError as error:
            raise StoreError(f"reading bytes of {self.location}: {error}") from None


def open_blobs(store: StoreConfig) -> BlobStore:
    """The blob store of a configuration."""
    return BlobStore(store.blobs, store.blobs_endpoint)


class _FolderBackend:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, name: str) -> bool:
        return (self._folder / name).exists()

    def write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary_path = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary_path).replace(path)

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def list_entries(self) -> Iterator[tuple[str, float]]:
        for path in self._folder.rglob("*"):
            if path.is_file():
                yield path.relative_to(self._folder).as_posix(), path.stat().st_mtime


class _ObjectStorageBackend:
    """Any storage that fsspec reaches by URL; the service itself writes an object whole or not at all."""

    def __init__(self, address: str, endpoint: str) -> None:
        try:
            from fsspec.core import url_to_fs

            options: dict[str, Any] = {"endpoint_url": endpoint} if endpoint else {}
            self._system, self._root = url_to_fs(address, use_listings_cache=False, **options)
        except (ImportError, ValueError) as error:
            raise StoreError(f"store.blobs = {address!r}: {error} (S3 needs swordnet[s3])") from None

    def has(self, name: str) -> bool:
        return bool(self._system.exists(self._full_path(name)))

    def write(self, name: str, data: bytes) -> None:
        self._system.pipe_file(self._full_path(name), data)

    def read(self, name: str) -> bytes | None:
        try:
            data: bytes = self._system.cat_file(self._full_path(name))
        except FileNotFoundError:
            return None
        return data

    def remove(self, name: str) -> None:
        if self.has(name):
            self._system.rm_file(self._full_path(name))

    def list_entries(self) -> Iterator[tuple[str, float]]:
        for full, details in self._system.find(self._root, detail=True).items():
            modified_at = details.get("LastModified") or details.get("created") or details.get("mtime")
            timestamp = modified_at.timestamp() if hasattr(modified_at, "timestamp") else float(modified_at or 0.0)
            yield full.removeprefix(self._root).lstrip("/"), timestamp

    def _full_path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


def _blob_name(digest: str) -> str:
    if not _is_digest(digest):
        raise ValueError(f"not a SHA-256 digest: {digest!r}")
    return f"{digest[:2]}/{digest}"


def _is_digest(name: str) -> bool:
    return len(name) == 64 and set(name) <= _HEX_DIGITS
