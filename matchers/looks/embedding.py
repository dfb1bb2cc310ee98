"""A user's own embedding as one more source of candidates: an ONNX model that turns a picture into a vector.

The model gets one RGB picture [1, 3, height, width], values 0 to 1, and gives one vector; what else it wants (mean,
deviation) belongs into its graph. It only proposes: key points lay what it proposes over the picture, and the blocks
decide as for all others. Vectors of registered pictures are kept in the index's folder under the model's digest, so
those of another model are never mixed in. Needs the extra `embedding` (onnxruntime).
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

from matchers.looks.candidates import NEAR, Candidate
from matchers.looks.keypoints import Keypoints
from matchers.looks.shelf import Shelf
from matchers.looks.sketch import Pixels

SIDE = 224  # pixels, where the model leaves it open
PROPOSED = 6  # pictures whose vectors are nearest

Vectors = NDArray[np.float32]


@frozen
class Model:
    """An ONNX file; may be pickled, opens in each process when first used."""

    path: Path

    @property
    def mark(self) -> str:
        """A short name of its content. Raises OSError."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]

    def vector(self, pixels: Pixels) -> Vectors:
        """The vector of an RGB picture, of length 1 (or all zero)."""
        session, name, size = _session(self.path)
        sized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        (found, *_) = session.run(None, {name: np.ascontiguousarray(sized.transpose(2, 0, 1)[None])})
        vector: Vectors = np.asarray(found, np.float32).reshape(-1)
        return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-9))


@define(eq=False)
class Embedded:
    """The vectors of registered pictures in the order of the index."""

    model: Model
    vectors: Vectors = field(repr=False)

    def near(self, pixels: Pixels) -> list[int]:
        """Numbers of the pictures whose vectors are nearest, the nearest first."""
        if not len(self.vectors):
            return []
        likeness = self.vectors @ self.model.vector(pixels)
        return [int(number) for number in np.argsort(-likeness, kind="stable")[:PROPOSED]]


def embed_all(root: Path, model: Model) -> None:
    """Make the vectors that are missing of the pictures in the index under a folder."""
    from matchers.looks.index import Index

    shelf = Shelf(root)
    index = Index(shelf.folder / "index")
    known = _read(index.folder, model)
    if all(digest in known for digest in index.digests):
        return
    made = {digest: known.get(digest) for digest in index.digests}
    rows = [model.vector(shelf.read(digest).thumb) if row is None else row for digest, row in made.items()]
    _write(index.folder, model, index.digests, np.stack(rows))


def embedded(folder: Path, model: Model, digests: Sequence[str]) -> Embedded:
    """The vectors of an index; a picture without one has zeros, which are near nothing."""
    known = _read(folder, model)
    width = len(next(iter(known.values()))) if known else 0
    nothing = np.zeros(width, np.float32)
    rows = [known.get(digest, nothing) for digest in digests] if width else []
    return Embedded(model, np.stack(rows) if rows else np.zeros((0, 0), np.float32))


def paired(number: int, theirs: Keypoints, ours: Keypoints) -> Candidate | None:
    """The key points of two pictures that are each other's nearest; None where there are none."""
    if not len(theirs) or not len(ours):
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(theirs.codes, ours.codes)
    near = [pair for pair in pairs if pair.distance < NEAR]
    asked, known = [pair.queryIdx for pair in near], [pair.trainIdx for pair in near]
    return Candidate(number, float(len(near)), theirs.places[asked, :2], ours.places[known, :2])


@lru_cache(maxsize=2)
def _session(path: Path) -> tuple[Any, str, tuple[int, int]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    asked = session.get_inputs()[0]
    height, width = (side if isinstance(side, int) else SIDE for side in asked.shape[2:4])
    return session, asked.name, (width, height)


def _read(folder: Path, model: Model) -> dict[str, Vectors]:
    try:
        with np.load(_place(folder, model), allow_pickle=False) as kept:
            digests = json.loads(kept["digests"].tobytes())
            return dict(zip(digests, kept["vectors"], strict=True))
    except (OSError, ValueError, KeyError):
        return {}


def _write(folder: Path, model: Model, digests: Sequence[str], vectors: Vectors) -> None:
    descriptor, name = tempfile.mkstemp(dir=folder)
    told = np.frombuffer(json.dumps(list(digests)).encode(), np.uint8)
    with os.fdopen(descriptor, "wb") as file:
        np.savez(file, allow_pickle=False, digests=told, vectors=vectors)
    Path(name).replace(_place(folder, model))


def _place(folder: Path, model: Model) -> Path:
    return folder / f"embedding-{model.mark}.npz"
