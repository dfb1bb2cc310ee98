"""Looks at a picture and says which registered pictures it shows, with the evidence.

A looker is small and can be pickled: a worker process opens the index when it is first asked, from the same files as
all others, mapped and shared. Its mark names sketches and index; pictures that were compared with another one are
compared anew.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from attrs import evolve, frozen

from crawler.items import Picture, Sighting
from crawler.pictures import LookedAt, decode, described
from matchers.looks.asked import Seen
from matchers.looks.beside import beside
from matchers.looks.embedding import Model, embedded
from matchers.looks.engine import Engine
from matchers.looks.index import Index
from matchers.looks.series import Relatives
from matchers.looks.shelf import Shelf
from matchers.looks.sketch import Pixels

MOST = 4  # sightings that are kept of one picture, the surest first
SAME_BYTES = 0.98


@frozen
class RegistryLooker:
    """Compares with what is registered under a folder."""

    root: Path
    mark: str
    model: Model | None = None

    def look(self, data: bytes, url: str) -> LookedAt:
        """Decode, describe, compare. Raises PictureError."""
        decoded = decode(data)
        picture = evolve(described(decoded, data, url), compared=self.mark)
        opened = _opened(self.root, self.mark, self.model)
        if picture.sha256 in opened.known:
            return LookedAt(picture=evolve(picture, sightings=(_same(picture),)))
        pixels = decoded.pixels
        seen = opened.engine.see(pixels, picture.hashes)[:MOST]
        drawn = {}
        sightings = []
        for each in seen:
            thumb = opened.engine.thumb(each.number)
            jpeg = beside(pixels, thumb, each.homography, each.corners, each.mirrored)
            digest = hashlib.sha256(jpeg).hexdigest()
            drawn[digest] = jpeg
            sightings.append(_sighting(each, opened.engine.digest(each.number), pixels, thumb, digest))
        return LookedAt(picture=evolve(picture, sightings=tuple(sightings)), drawn=drawn)


def looker_of(root: Path, model: Model | None = None) -> RegistryLooker:
    """A looker for the index as it is now."""
    index = Index(Shelf(root).folder / "index")
    told = hashlib.sha256(
        "\n".join([root.name, Shelf(root).folder.name, model.mark if model else "", *index.digests]).encode()
    )
    return RegistryLooker(root, told.hexdigest()[:16], model)


@frozen(eq=False)
class _Opened:
    engine: Engine
    known: frozenset[str | None]


@lru_cache(maxsize=1)
def _opened(root: Path, mark: str, model: Model | None) -> _Opened:
    """The engine of this process; a new mark opens the index anew."""
    shelf = Shelf(root)
    index = Index(shelf.folder / "index")
    vectors = None if model is None else embedded(index.folder, model, index.digests)
    engine = Engine(index, shelf, Relatives(index.folder), embedded=vectors)
    return _Opened(engine, frozenset(index.digests))


def _same(picture: Picture) -> Sighting:
    assert picture.sha256 is not None
    return Sighting(picture=picture.sha256, how="bytes", verdict="copy", certainty=SAME_BYTES, alike=1.0)


def _sighting(seen: Seen, digest: str, theirs: Pixels, ours: Pixels, sheet: str) -> Sighting:
    """In fractions of width and height, so that it means the same at any size."""
    size = np.array([theirs.shape[1], theirs.shape[0]], np.float64)
    goal = np.array([ours.shape[1], ours.shape[0]], np.float64)
    matrix = np.diag([*(1 / goal), 1.0]) @ seen.homography @ np.diag([*size, 1.0])
    matrix = matrix / matrix[2, 2]
    return Sighting(
        picture=digest,
        how=seen.how,
        verdict=seen.said,
        certainty=seen.certainty,
        distance=seen.distance,
        homography=tuple(round(float(value), 6) for value in matrix.reshape(-1)),
        corners=tuple(round(float(value), 4) for value in (seen.corners / size).reshape(-1)),
        mirrored=seen.mirrored,
        blocks=seen.agreement.textured,
        alike=round(seen.agreement.alike, 3),
        beside=sheet,
    )
