"""How a picture of a listing is looked at: by itself, or compared with what is registered.

The crawl knows only this protocol; what compares is handed in by desk (matchers/looks/looker.py). Both run in a worker
process, so a looker can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import Factory, frozen

from crawler.items import Picture
from crawler.pictures.inspecting import inspect


@frozen(kw_only=True)
class LookedAt:
    """A picture, and pictures that were drawn as evidence by their SHA-256: ours beside theirs."""

    picture: Picture
    drawn: Mapping[str, bytes] = Factory(dict)


class Looker(Protocol):
    """`mark` names what pictures are compared with; one that was compared with something else is looked at anew."""

    @property
    def mark(self) -> str:
        """Empty where nothing is compared."""

    def look(self, data: bytes, url: str) -> LookedAt:
        """Decode and describe a picture. Raises PictureError."""


@frozen
class Plain:
    """Looks at a picture by itself."""

    mark: str = ""

    def look(self, data: bytes, url: str) -> LookedAt:
        """Digest, size, hashes and QR codes."""
        return LookedAt(picture=inspect(data, url))
