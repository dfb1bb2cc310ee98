"""Compares a picture with the registered ones and says which it shows, with a preview of both side by side as evidence.

An image matcher is small and can be pickled: a worker process opens the index on first use, from the same memory-mapped
files as all other processes. Its `index_version` identifies descriptors and index, so a picture that was compared with
another index is compared again.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from crawler.items import Picture, PictureMatch
from crawler.pictures import PictureInspection, decode_picture, describe_picture
from matchers.images.alignment import Homography, warp_picture
from matchers.images.cascade import MatchCascade, ReferenceMatch
from matchers.images.descriptors import DescriptorStore, Pixels, resize_to_side
from matchers.images.embeddings import EmbeddingModel, load_embeddings
from matchers.images.image_index import ImageIndex
from matchers.images.shared_designs import SharedDesigns

MAX_MATCHES_PER_PICTURE = 4  # matches kept for one picture, the most certain first
SAME_BYTES_CERTAINTY = 0.98


@frozen
class ImageMatcher:
    """Compares pictures with those registered under the folder `root`."""

    root: Path
    index_version: str
    model: EmbeddingModel | None = None

    def inspect(self, data: bytes, url: str) -> PictureInspection:
        """Decode and describe a picture and compare it with the registered ones. Raises PictureError."""
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
    """An image matcher for the current state of the index under `root`."""
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
def _open_index(root: Path, index_version: str, model: EmbeddingModel | None) -> _OpenIndex:
    """The index and its cascade, opened once per process and reopened when `mark` (the index version) changes."""
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
    """The match as an item: homography and corners in fractions of width and height, valid at any picture size."""
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


PREVIEW_HEIGHT_PIXELS = 320
PREVIEW_GAP_PIXELS = 8
OUTLINE_COLOUR, OUTLINE_WIDTH_PIXELS = (220, 30, 40), 2  # the colour is RGB
PREVIEW_JPEG_QUALITY = 82


def draw_preview(
    query_pixels: Pixels, reference_pixels: Pixels, homography: Homography, corners: NDArray[np.float32], mirrored: bool
) -> bytes:
    """A JPEG of the outlined query, its aligned part and the reference, side by side.

    `homography` maps pixels of the query (of its mirror image if `mirrored`) to pixels of the reference; `corners` are
    the reference's corners in the query as it is, not mirrored.
    """
    outlined = _scale_to_height(query_pixels)
    outline = np.rint(corners * (PREVIEW_HEIGHT_PIXELS / query_pixels.shape[0])).astype(np.int32)
    cv2.polylines(outlined, [outline], True, OUTLINE_COLOUR, OUTLINE_WIDTH_PIXELS, cv2.LINE_AA)
    aligned_pixels = warp_picture(
        np.ascontiguousarray(query_pixels[:, ::-1]) if mirrored else query_pixels, homography, reference_pixels.shape
    )
    panels = [outlined, _scale_to_height(aligned_pixels), _scale_to_height(reference_pixels)]
    gap = np.full((PREVIEW_HEIGHT_PIXELS, PREVIEW_GAP_PIXELS, 3), 255, np.uint8)
    sheet = np.concatenate([panels[0], gap, panels[1], gap, panels[2]], axis=1)
    is_encoded, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_JPEG_QUALITY]
    )
    assert is_encoded
    return bytes(jpeg)


def _scale_to_height(pixels: Pixels) -> Pixels:
    """The picture at the preview's height, cropped where it would be wider than twice that."""
    scale = PREVIEW_HEIGHT_PIXELS / pixels.shape[0]
    resized = resize_to_side(pixels, max(1, round(max(pixels.shape[:2]) * scale)))
    panel = np.full((PREVIEW_HEIGHT_PIXELS, resized.shape[1], 3), 255, np.uint8)
    panel[: min(PREVIEW_HEIGHT_PIXELS, resized.shape[0])] = resized[:PREVIEW_HEIGHT_PIXELS]
    return np.ascontiguousarray(panel[:, : 2 * PREVIEW_HEIGHT_PIXELS])
