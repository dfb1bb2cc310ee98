"""The pictures that a list of works names: local files are read, decoded and hashed, addresses are kept as they are.

A picture that cannot be decoded would never match anything, and nobody would notice; so it is a problem of the list.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve

from crawler.items import Picture
from registry.fields import FieldError

MOST_MEGABYTES = 64


def picture(address: str, folder: Path, known: dict[str, Picture]) -> Picture:
    """The picture at `address`, seen from `folder`; `known` remembers what was read. Raises FieldError."""
    if "://" in address:
        return _remote(address)
    path = folder / address
    try:
        place = str(path.resolve())
        if place not in known:
            known[place] = _local(path, address, place)
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a name too long, a NUL, no permission
        reason = getattr(error, "strerror", None) or error
        raise FieldError("unreadable_picture", value=address, reason=reason) from None
    return known[place]


def _remote(address: str) -> Picture:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise FieldError("bad_picture_url", value=address) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldError("bad_picture_url", value=address)
    return Picture(url=address)


def _local(path: Path, address: str, place: str) -> Picture:
    from crawler.pictures import PictureError, inspect  # decoding libraries load only when a list has pictures

    if not path.is_file():
        raise FieldError("missing_picture", value=address)
    if path.stat().st_size > MOST_MEGABYTES << 20:
        raise FieldError("too_big_picture", value=address, megabytes=MOST_MEGABYTES)
    try:
        return evolve(inspect(path.read_bytes(), place), url=place)
    except PictureError as error:
        raise FieldError("unreadable_picture", value=address, reason=error) from None
