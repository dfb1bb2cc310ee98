"""How a picture of a listing is looked at: by itself, or compared with what is registered.

The crawl knows only this protocol; what compares is handed in by desk (matchers/looks/looker.py). Both run in a worker
process, so a looker can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import Factory, frozen

from crawler.items import Picture
from crawler.pictures.inspecting import inspect_picture


@frozen(kw_only=True)
class PictureInspection:
    """A picture, and pictures that were drawn as evidence by their SHA-256: ours beside theirs."""

    picture: Picture
    previews: Mapping[str, bytes] = Factory(dict)


class PictureInspector(Protocol):
    """`index_version` names what pictures are compared with; one that was compared with something else is looked at
    anew.
    """

    @property
    def index_version(self) -> str:
        """Empty where nothing is compared."""

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Decode and describe a picture. Raises PictureError."""


@frozen
class PlainInspector:
    """Looks at a picture by itself."""

    index_version: str = ""

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Digest, size, hashes and QR codes."""
        return PictureInspection(picture=inspect_picture(data, url))
