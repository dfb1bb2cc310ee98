"""The user's own embedding as one more source of candidates: an ONNX model that turns a picture into a vector.

The model takes one RGB picture [1, 3, height, width], values 0 to 1, and returns one vector; any other normalisation
(mean, deviation) belongs in its graph. It only proposes candidates: keypoints align them with the query, and the block
comparison decides as for all others. Vectors of registered pictures are kept in the index's folder under the model's
digest, so those of different models are never mixed. Needs the extra `embedding` (onnxruntime).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from matchers.images.descriptors import DescriptorStore, Pixels
from matchers.images.keypoints import Keypoints
from matchers.images.voting import MAX_DESCRIPTOR_DISTANCE_BITS, PictureCandidate

DEFAULT_SIDE_PIXELS = 224  # if the model's input size is dynamic
MAX_NEAREST_PICTURES = 6

Vectors = NDArray[np.float32]


@frozen
class EmbeddingModel:
    """An ONNX file; may be pickled, each process opens it on first use."""

    path: Path

    @property
    def version(self) -> str:
        """A short digest of the file. Raises OSError."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]

    def embed(self, pixels: Pixels) -> Vectors:
        """The vector of an RGB picture, of length 1 (or all zero)."""
        session, name, size = _open_session(self.path)
        resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        (output, *_) = session.run(None, {name: np.ascontiguousarray(resized.transpose(2, 0, 1)[None])})
        vector: Vectors = np.asarray(output, np.float32).reshape(-1)
        return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-9))


@define(eq=False)
class EmbeddingIndex:
    """The vectors of registered pictures in the order of the index."""

    model: EmbeddingModel
    vectors: Vectors = field(repr=False)

    def nearest_numbers(self, pixels: Pixels) -> list[int]:
        """The numbers of the pictures whose vectors are nearest, the nearest first."""
        if not len(self.vectors):
            return []
        similarities = self.vectors @ self.model.embed(pixels)
        return [int(number) for number in np.argsort(-similarities, kind="stable")[:MAX_NEAREST_PICTURES]]


def embed_all(root: Path, model: EmbeddingModel) -> None:
    """Compute the missing vectors of the pictures in the index under `root`."""
    from matchers.images.image_index import ImageIndex

    store = DescriptorStore(root)
    index = ImageIndex(store.folder / "index")
    vectors_by_digest = _read_vectors(index.folder, model)
    if all(digest in vectors_by_digest for digest in index.digests):
        return
    row_by_digest = {digest: vectors_by_digest.get(digest) for digest in index.digests}
    rows = [model.embed(store.read(digest).thumb) if row is None else row for digest, row in row_by_digest.items()]
    _write_vectors(index.folder, model, index.digests, np.stack(rows))


def load_embeddings(folder: Path, model: EmbeddingModel, digests: Sequence[str]) -> EmbeddingIndex:
    """The vectors of an index in the order of `digests`; a picture without one gets zeros, which are near nothing."""
    vectors_by_digest = _read_vectors(folder, model)
    width = len(next(iter(vectors_by_digest.values()))) if vectors_by_digest else 0
    zero_vector = np.zeros(width, np.float32)
    rows = [vectors_by_digest.get(digest, zero_vector) for digest in digests] if width else []
    return EmbeddingIndex(model, np.stack(rows) if rows else np.zeros((0, 0), np.float32))


def match_keypoints(number: int, query: Keypoints, reference: Keypoints) -> PictureCandidate | None:
    """A candidate from the keypoints of two pictures that are mutually nearest; None if a picture has no keypoints."""
    if not len(query) or not len(reference):
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(query.codes, reference.codes)
    near_pairs = [pair for pair in pairs if pair.distance < MAX_DESCRIPTOR_DISTANCE_BITS]
    query_rows, reference_rows = [pair.queryIdx for pair in near_pairs], [pair.trainIdx for pair in near_pairs]
    return PictureCandidate(
        number, float(len(near_pairs)), query.places[query_rows, :2], reference.places[reference_rows, :2]
    )


@lru_cache(maxsize=2)
def _open_session(path: Path) -> tuple[Any, str, tuple[int, int]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    model_input = session.get_inputs()[0]
    height, width = (side if isinstance(side, int) else DEFAULT_SIDE_PIXELS for side in model_input.shape[2:4])
    return session, model_input.name, (width, height)


def _read_vectors(folder: Path, model: EmbeddingModel) -> dict[str, Vectors]:
    try:
        with np.load(_vectors_path(folder, model), allow_pickle=False) as archive:
            digests = json.loads(archive["digests"].tobytes())
            return dict(zip(digests, archive["vectors"], strict=True))
    except (OSError, ValueError, KeyError):
        return {}


def _write_vectors(folder: Path, model: EmbeddingModel, digests: Sequence[str], vectors: Vectors) -> None:
    handle, name = tempfile.mkstemp(dir=folder)
    encoded_digests = np.frombuffer(json.dumps(list(digests)).encode(), np.uint8)
    with os.fdopen(handle, "wb") as file:
        np.savez(file, allow_pickle=False, digests=encoded_digests, vectors=vectors)
    Path(name).replace(_vectors_path(folder, model))


def _vectors_path(folder: Path, model: EmbeddingModel) -> Path:
    return folder / f"embedding-{model.version}.npz"
