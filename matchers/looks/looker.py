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

from crawler.items import Picture, PictureMatch
from crawler.pictures import PictureInspection, decode_picture, describe_picture
from matchers.looks.asked import ReferenceMatch
from matchers.looks.beside import draw_preview
from matchers.looks.embedding import EmbeddingModel, load_embeddings
from matchers.looks.engine import MatchCascade
from matchers.looks.index import ImageIndex
from matchers.looks.series import SharedDesigns
from matchers.looks.shelf import DescriptorStore
from matchers.looks.sketch import Pixels

MAX_MATCHES_PER_PICTURE = 4  # sightings that are kept of one picture, the surest first
SAME_BYTES_CERTAINTY = 0.98


@frozen
class ImageMatcher:
    """Compares with what is registered under a folder."""

    root: Path
    index_version: str
    model: EmbeddingModel | None = None

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Decode, describe, compare. Raises PictureError."""
        decoded = decode_picture(data)
        picture = evolve(describe_picture(decoded, data, url), compared=self.index_version)
        open_index = _open_index(self.root, self.index_version, self.model)
        if picture.sha256 in open_index.digests:
            return PictureInspection(picture=evolve(picture, sightings=(_same_bytes_match(picture),)))
        pixels = decoded.pixels
        matches = open_index.cascade.find_matches(pixels, picture.hashes)[:MAX_MATCHES_PER_PICTURE]
        previews = {}
        picture_matches = []
        for match in matches:
            thumb = open_index.cascade.thumb(match.number)
            jpeg = draw_preview(pixels, thumb, match.homography, match.corners, match.mirrored)
            digest = hashlib.sha256(jpeg).hexdigest()
            previews[digest] = jpeg
            picture_matches.append(
                _to_picture_match(match, open_index.cascade.digest(match.number), pixels, thumb, digest)
            )
        return PictureInspection(picture=evolve(picture, sightings=tuple(picture_matches)), previews=previews)


def open_image_matcher(root: Path, model: EmbeddingModel | None = None) -> ImageMatcher:
    """A looker for the index as it is now."""
    index = ImageIndex(DescriptorStore(root).folder / "index")
    state_digest = hashlib.sha256(
        "\n".join(
            [root.name, DescriptorStore(root).folder.name, model.version if model else "", *index.digests]
        ).encode()
    )
    return ImageMatcher(root, state_digest.hexdigest()[:16], model)


@frozen(eq=False)
class _OpenIndex:
    cascade: MatchCascade
    digests: frozenset[str | None]


@lru_cache(maxsize=1)
def _open_index(root: Path, mark: str, model: EmbeddingModel | None) -> _OpenIndex:
    """The engine of this process; a new mark opens the index anew."""
    store = DescriptorStore(root)
    index = ImageIndex(store.folder / "index")
    embeddings = None if model is None else load_embeddings(index.folder, model, index.digests)
    cascade = MatchCascade(index, store, SharedDesigns(index.folder), embeddings=embeddings)
    return _OpenIndex(cascade, frozenset(index.digests))


def _same_bytes_match(picture: Picture) -> PictureMatch:
    assert picture.sha256 is not None
    return PictureMatch(picture=picture.sha256, how="bytes", verdict="copy", certainty=SAME_BYTES_CERTAINTY, alike=1.0)


def _to_picture_match(
    match: ReferenceMatch, digest: str, query_pixels: Pixels, reference_pixels: Pixels, preview_digest: str
) -> PictureMatch:
    """In fractions of width and height, so that it means the same at any size."""
    query_size = np.array([query_pixels.shape[1], query_pixels.shape[0]], np.float64)
    reference_size = np.array([reference_pixels.shape[1], reference_pixels.shape[0]], np.float64)
    matrix = np.diag([*(1 / reference_size), 1.0]) @ match.homography @ np.diag([*query_size, 1.0])
    matrix = matrix / matrix[2, 2]
    return PictureMatch(
        picture=digest,
        how=match.how,
        verdict=match.decision,
        certainty=match.certainty,
        distance=match.distance,
        homography=tuple(round(float(value), 6) for value in matrix.reshape(-1)),
        corners=tuple(round(float(value), 4) for value in (match.corners / query_size).reshape(-1)),
        mirrored=match.mirrored,
        blocks=match.agreement.textured,
        alike=round(match.agreement.alike, 3),
        beside=preview_digest,
    )
