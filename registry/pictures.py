"""The pictures that a list of works names: local files are read, decoded and hashed, addresses are kept as they are.

A picture that cannot be decoded would never match anything, and nobody would notice; so it is a problem of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve

from crawler.items import Picture
from crawler.pictures import PictureError
from registry.fields import FieldError

MOST_MEGABYTES = 64

LookAt = Callable[[Sequence[Path]], Iterable[Picture | PictureError]]
Known = Mapping[str, Picture | PictureError]


def one_by_one(paths: Sequence[Path]) -> Iterator[Picture | PictureError]:
    """What each file shows, or what is wrong with it."""
    from crawler.pictures import inspect  # decoding libraries load only when a list has pictures

    for path in paths:
        try:
            yield inspect(data_of(path), str(path))
        except PictureError as error:
            yield error


def data_of(path: Path) -> bytes:
    """The bytes of a picture's file. Raises PictureError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PictureError(error.strerror or str(error)) from None


def looked_at(addresses: Iterable[str], folder: Path, look: LookAt) -> Known:
    """By its place, what each local picture of a list shows; every file is read once. Missing ones are left out."""
    places = {place: None for address in addresses if (place := _place(address, folder))}
    paths = [Path(place) for place in places]
    return dict(zip(places, look(paths), strict=True))


def picture(address: str, folder: Path, known: Known) -> Picture:
    """The picture at `address`, seen from `folder`; `known` says what the local ones show. Raises FieldError."""
    if "://" in address:
        return _remote(address)
    try:
        place = str((folder / address).resolve())
        refused = None if place in known else _refused(folder / address, address)
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a name too long, a NUL, no permission
        reason = getattr(error, "strerror", None) or error
        raise FieldError("unreadable_picture", value=address, reason=reason) from None
    if refused is not None:
        raise refused
    seen = known[place]
    if isinstance(seen, PictureError):
        raise FieldError("unreadable_picture", value=address, reason=seen)
    return evolve(seen, url=place)


def _remote(address: str) -> Picture:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise FieldError("bad_picture_url", value=address) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldError("bad_picture_url", value=address)
    return Picture(url=address)


def _place(address: str, folder: Path) -> str | None:
    """Where a local picture lies; None for what cannot be read anyway."""
    if "://" in address:
        return None
    try:
        path = folder / address
        return str(path.resolve()) if path.is_file() and path.stat().st_size <= MOST_MEGABYTES << 20 else None
    except (OSError, ValueError, RuntimeError):
        return None


def _refused(path: Path, address: str) -> FieldError:
    """Why a local picture was not even read."""
    if not path.is_file():
        return FieldError("missing_picture", value=address)
    return FieldError("too_big_picture", value=address, megabytes=MOST_MEGABYTES)
