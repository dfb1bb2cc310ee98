"""What is stored of a registered picture so that it can be recognised: perceptual hashes, a thumbnail, keypoints.

A descriptor is computed once for each content and written to a file named by the picture's digest, in a folder named by
the descriptor version. The version covers everything a descriptor depends on (hashers, library versions, sizes,
seeds): descriptors of another version are never read, so a changed hasher makes new ones instead of mixing both. An
interrupted run continues where it stopped: a descriptor that exists is not computed again.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from crawler.items import PictureHash
from crawler.pictures import DecodedPicture
from crawler.pictures.decoding import DRAFT_SIDE_PIXELS, MAX_DECODED_SIDE_PIXELS
from crawler.pictures.hashing import PDQ, PHASH, hasher_version, perceptual_hashes
from matchers.images import keypoints
from matchers.images.keypoints import KEYPOINT_KINDS, KeypointKind, Keypoints

THUMB_SIDE_PIXELS = 320  # longer side of the thumbnail, on which blocks are compared
THUMB_JPEG_QUALITY = 90  # about 25 kB
LAYOUT_VERSION = 1  # of a descriptor's bytes
PLACE_UNITS = np.array([64, 64, 64, 100], dtype=np.float32)  # steps per pixel and degree; packed values stay < 65,536

Pixels = NDArray[np.uint8]


@frozen(eq=False)
class PictureDescriptor:
    """A registered picture's descriptor. `thumb` is RGB; the places of `keypoints` are in pixels of the thumb; `hashes`
    is empty if the picture shows nothing.
    """

    thumb: Pixels
    keypoints: Mapping[KeypointKind, Keypoints]
    hashes: Mapping[str, bytes]  # by hasher; the hashers' versions are part of `descriptor_version`

    def to_bytes(self) -> bytes:
        """The content of a descriptor file; `from_bytes` reads it."""
        is_encoded, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(self.thumb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, THUMB_JPEG_QUALITY]
        )
        assert is_encoded
        arrays: dict[str, NDArray[np.generic]] = {"thumb": np.asarray(jpeg).reshape(-1)}
        for hasher, value in self.hashes.items():
            arrays[hasher] = np.frombuffer(value, np.uint8)
        for kind, keypoints_of_kind in self.keypoints.items():
            arrays[f"{kind}_places"], arrays[f"{kind}_codes"] = (
                pack_places(keypoints_of_kind.places),
                keypoints_of_kind.codes,
            )
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @staticmethod
    def read_thumb(path: Path) -> Pixels:
        """Only the thumbnail of a descriptor file. Raises as `from_bytes` does, and OSError."""
        with np.load(path, allow_pickle=False) as arrays:
            return _decode_jpeg(arrays["thumb"])

    @classmethod
    def from_bytes(cls, data: bytes) -> PictureDescriptor:
        """Read what `to_bytes` wrote. Raises ValueError or KeyError for anything else."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            thumb = _decode_jpeg(arrays["thumb"])
            points = {
                kind: Keypoints(unpack_places(arrays[f"{kind}_places"]), arrays[f"{kind}_codes"])
                for kind in KEYPOINT_KINDS
            }
            hashes = {hasher: arrays[hasher].tobytes() for hasher in (PHASH, PDQ) if hasher in arrays}
        return cls(thumb, points, hashes)


def _decode_jpeg(jpeg: NDArray[np.uint8]) -> Pixels:
    pixels = cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise ValueError("a sketch without its picture")
    return pixels.astype(np.uint8, copy=False)


def extract_descriptor(decoded: DecodedPicture) -> PictureDescriptor:
    """The descriptor of a picture of a work."""
    cv2.setNumThreads(1)
    pixels = decoded.pixels
    thumb = resize_to_side(pixels, THUMB_SIDE_PIXELS)
    scale = np.float32(thumb.shape[1] / pixels.shape[1])
    grey = to_grey(pixels)
    keypoints_by_kind = {}
    for kind in KEYPOINT_KINDS:
        extracted = keypoints.extract_reference(grey, kind)
        keypoints_by_kind[kind] = Keypoints(
            extracted.places * np.array([scale, scale, scale, 1], np.float32), extracted.codes
        )
    return PictureDescriptor(thumb, keypoints_by_kind, _hash_bytes(perceptual_hashes(decoded.pixels)))


def _hash_bytes(hashes: Iterable[PictureHash]) -> dict[str, bytes]:
    return {picture_hash.hasher: bytes.fromhex(picture_hash.value) for picture_hash in hashes}


def resize_to_side(pixels: Pixels, side: int) -> Pixels:
    """The picture with its longer side at `side` pixels, enlarged where it is smaller."""
    scale = side / max(pixels.shape[:2])
    if scale == 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=interpolation).astype(np.uint8, copy=False)


def to_grey(pixels: Pixels) -> Pixels:
    """The brightness of an RGB picture."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def pack_places(places: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Keypoint places as integers, in steps of 1/64 pixel and 1/100 degree."""
    packed_places: NDArray[np.uint16] = np.clip(np.rint(places * PLACE_UNITS), 0, 65_535).astype(np.uint16)
    return packed_places


def unpack_places(places: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The keypoint places that `pack_places` packed."""
    return (places / PLACE_UNITS).astype(np.float32)


@cache
def descriptor_version() -> str:
    """A short digest of everything that descriptors and hashes depend on."""
    dependencies = [
        LAYOUT_VERSION,
        MAX_DECODED_SIDE_PIXELS,
        DRAFT_SIDE_PIXELS,
        hasher_version(PHASH),
        hasher_version(PDQ),
        cv2.__version__.split(".")[:2],
        THUMB_SIDE_PIXELS,
        THUMB_JPEG_QUALITY,
        keypoints.REFERENCE_SIDE_PIXELS,
        keypoints.REFERENCE_MIN_SIDE_PIXELS,
        keypoints.REFERENCE_MAX_KEYPOINTS,
        keypoints.SIFT_CONTRAST_THRESHOLD,
        keypoints.ORB_FAST_THRESHOLD,
        keypoints.DETECTION_FACTOR,
        keypoints.GRID_CELLS_PER_SIDE,
        keypoints.DESCRIPTOR_PAIRS_SEED,
    ]
    return hashlib.sha256(repr(dependencies).encode()).hexdigest()[:12]


DESCRIPTOR_CACHE_SIZE = 64  # descriptors kept in memory: the same candidates recur


class DescriptorStore:
    """The descriptors under `root`; `folder` holds everything of the current descriptor version."""

    def __init__(self, root: Path) -> None:
        self.folder = root / descriptor_version()
        self._cached_read = lru_cache(DESCRIPTOR_CACHE_SIZE)(self.read)

    def has(self, digest: str) -> bool:
        """Whether there is a descriptor for this SHA-256."""
        return self._path(digest).exists()

    def put(self, digest: str, picture_descriptor: PictureDescriptor) -> None:
        """Store a descriptor atomically."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(picture_descriptor.to_bytes())
        Path(name).replace(path)

    def get(self, digest: str) -> PictureDescriptor:
        """The descriptor for a SHA-256, cached. Raises OSError, ValueError or KeyError if it is missing or damaged."""
        return self._cached_read(digest)

    def thumb(self, digest: str) -> Pixels:
        """Only the thumbnail of a descriptor, less than a third of its bytes. Raises as `get` does."""
        return PictureDescriptor.read_thumb(self._path(digest))

    def read(self, digest: str) -> PictureDescriptor:
        """The descriptor for a SHA-256, not cached. Raises as `get` does."""
        return PictureDescriptor.from_bytes(self._path(digest).read_bytes())

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"not a SHA-256 digest: {digest!r}")
        return self.folder / "sketches" / digest[:2] / digest
