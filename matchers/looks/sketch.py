"""What is kept of a registered picture so that it can be recognised: its hashes, a small picture, its key points.

A sketch is made once for each content and written as bytes. Its mark names everything it depends on (hashers, versions,
sizes, seeds): sketches of another mark are never read, so a changed hasher makes new ones instead of mixing both.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from crawler.items import PictureHash
from crawler.pictures import Decoded
from crawler.pictures.decoding import DRAFT_SIDE, SHARED_SIDE
from crawler.pictures.hashing import PDQ, PHASH, maker, perceptual_hashes
from matchers.looks import keypoints
from matchers.looks.keypoints import KINDS, Keypoints, Kind

THUMB_SIDE = 320  # pixels: what blocks are compared on
THUMB_QUALITY = 90  # of its JPEG, about 25 kB
LAYOUT = 1  # of the bytes
PLACE_UNITS = np.array([64, 64, 64, 100], dtype=np.float32)  # a place as whole numbers below 65,536

Pixels = NDArray[np.uint8]


@frozen(eq=False)
class Sketch:
    """`thumb` is RGB; the places of `points` are pixels of the thumb; `hashes` is empty where it shows nothing."""

    thumb: Pixels
    points: Mapping[Kind, Keypoints]
    hashes: Mapping[str, bytes]  # by hasher; their makers are part of the mark

    def to_bytes(self) -> bytes:
        """For a file; `from_bytes` reads it."""
        done, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(self.thumb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, THUMB_QUALITY]
        )
        assert done
        arrays: dict[str, NDArray[np.generic]] = {"thumb": np.asarray(jpeg).reshape(-1)}
        for hasher, value in self.hashes.items():
            arrays[hasher] = np.frombuffer(value, np.uint8)
        for kind, found in self.points.items():
            arrays[f"{kind}_places"], arrays[f"{kind}_codes"] = packed(found.places), found.codes
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @staticmethod
    def thumb_of(path: Path) -> Pixels:
        """Its small picture alone, read from a file of `to_bytes`. Raises as `from_bytes` does, and OSError."""
        with np.load(path, allow_pickle=False) as arrays:
            return _drawn(arrays["thumb"])

    @classmethod
    def from_bytes(cls, data: bytes) -> Sketch:
        """Raises ValueError or KeyError for foreign bytes."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            thumb = _drawn(arrays["thumb"])
            points = {kind: Keypoints(unpacked(arrays[f"{kind}_places"]), arrays[f"{kind}_codes"]) for kind in KINDS}
            hashes = {hasher: arrays[hasher].tobytes() for hasher in (PHASH, PDQ) if hasher in arrays}
        return cls(thumb, points, hashes)


def _drawn(jpeg: NDArray[np.uint8]) -> Pixels:
    drawn = cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB)
    if drawn is None:
        raise ValueError("a sketch without its picture")
    return drawn.astype(np.uint8, copy=False)


def sketched(decoded: Decoded) -> Sketch:
    """The sketch of a picture of a work."""
    cv2.setNumThreads(1)
    pixels = decoded.pixels
    thumb = fitted(pixels, THUMB_SIDE)
    share = np.float32(thumb.shape[1] / pixels.shape[1])
    grey = grey_of(pixels)
    points = {}
    for kind in KINDS:
        found = keypoints.registered(grey, kind)
        points[kind] = Keypoints(found.places * np.array([share, share, share, 1], np.float32), found.codes)
    return Sketch(thumb, points, _raw(perceptual_hashes(decoded.pixels)))


def _raw(hashes: Iterable[PictureHash]) -> dict[str, bytes]:
    return {made.hasher: bytes.fromhex(made.value) for made in hashes}


def fitted(pixels: Pixels, side: int) -> Pixels:
    """The picture with its longer side at `side` pixels, enlarged where it is smaller."""
    share = side / max(pixels.shape[:2])
    if share == 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    how = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=how).astype(np.uint8, copy=False)


def grey_of(pixels: Pixels) -> Pixels:
    """The brightness of an RGB picture."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def packed(places: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Places as whole numbers: 1/64 pixel, 1/100 degree."""
    whole: NDArray[np.uint16] = np.clip(np.rint(places * PLACE_UNITS), 0, 65_535).astype(np.uint16)
    return whole


def unpacked(places: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The places that `packed` packed."""
    return (places / PLACE_UNITS).astype(np.float32)


@cache
def mark() -> str:
    """A short name of everything that sketches and hashes depend on."""
    told = [
        LAYOUT,
        SHARED_SIDE,
        DRAFT_SIDE,
        maker(PHASH),
        maker(PDQ),
        cv2.__version__.split(".")[:2],
        THUMB_SIDE,
        THUMB_QUALITY,
        keypoints.REGISTERED_SIDE,
        keypoints.REGISTERED_LEAST,
        keypoints.REGISTERED_MOST,
        keypoints.CONTRAST,
        keypoints.FAST,
        keypoints.DETECTED,
        keypoints.CELLS,
        keypoints.PAIRS_SEED,
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]
