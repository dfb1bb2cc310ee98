"""The pictures named in a list of works: local files are read, decoded and hashed, URLs are kept unchanged.

A picture that cannot be decoded would never match anything, and nobody would notice, so it is reported as a problem of
the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from attrs import evolve

from crawler.items import Picture
from crawler.pictures import PictureError
from registry.fields import FieldError

MAX_PICTURE_MEGABYTES = 64

PictureReader = Callable[[Sequence[Path]], Iterable[Picture | PictureError]]
PicturesByPath = Mapping[str, Picture | PictureError]


def inspect_one_by_one(paths: Sequence[Path]) -> Iterator[Picture | PictureError]:
    """The inspected picture of each file, or the error that its inspection raised."""
    from crawler.pictures import inspect_picture  # decoding libraries load only when a list has pictures

    for path in paths:
        try:
            yield inspect_picture(read_picture_bytes(path), str(path))
        except PictureError as error:
            yield error


def read_picture_bytes(path: Path) -> bytes:
    """The bytes of a picture file. Raises PictureError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError("file", reason=error.strerror or str(error)) from None


def inspect_local_pictures(addresses: Iterable[str], folder: Path, inspector: PictureReader) -> PicturesByPath:
    """A list's inspected local pictures by path. Every file is read once; missing and too big ones are left out."""
    local_paths = {local_path: None for address in addresses if (local_path := _local_path(address, folder))}
    paths = [Path(local_path) for local_path in local_paths]
    return dict(zip(local_paths, inspector(paths), strict=True))


def resolve_picture(
    address: str, folder: Path, pictures_by_path: PicturesByPath, known: Mapping[str, Picture] = MappingProxyType({})
) -> Picture:
    """The picture at `address`: a URL, or a path relative to `folder` in `pictures_by_path`. Raises FieldError.

    A file that is gone is still the picture that the registry knows by its path (`known`).
    """
    if "://" in address:
        return _remote_picture(address)
    try:
        local_path = str((folder / address).resolve())
        error_found = None if local_path in pictures_by_path else _picture_error(folder / address, address)
    except (OSError, ValueError, RuntimeError) as error:  # a symlink loop, a name too long, a NUL, no permission
        reason = getattr(error, "strerror", None) or error
        raise FieldError("unreadable_picture", value=address, reason=reason) from None
    if error_found is not None:
        if local_path in known:
            return known[local_path]
        raise error_found
    inspected = pictures_by_path[local_path]
    if isinstance(inspected, PictureError):
        raise FieldError("unreadable_picture", value=address, reason=inspected)
    return evolve(inspected, url=local_path)


def _remote_picture(address: str) -> Picture:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise FieldError("bad_picture_url", value=address) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldError("bad_picture_url", value=address)
    return Picture(url=address)


def _local_path(address: str, folder: Path) -> str | None:
    """The resolved path of a local picture; None for a URL and for a file that is missing or too big."""
    if "://" in address:
        return None
    try:
        path = folder / address
        return str(path.resolve()) if path.is_file() and path.stat().st_size <= MAX_PICTURE_MEGABYTES << 20 else None
    except (OSError, ValueError, RuntimeError):
        return None


def _picture_error(path: Path, address: str) -> FieldError:
    """The error for a local picture that was not read."""
    if not path.is_file():
        return FieldError("missing_picture", value=address)
    return FieldError("too_big_picture", value=address, megabytes=MAX_PICTURE_MEGABYTES)
