"""Designs that registered pictures of different works share: found once, when the pictures are indexed.

Volumes of a series share a frame and a heading, cartons a logo, apps a background. What two registered works share
says nothing about which of them is shown. So each new picture is compared with those of other works, the blocks that
it shares with them are stored, and a copy must agree in blocks of its own. Pictures that share nearly everything
cannot be distinguished: they always end in review.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.alignment import PictureAlignment, align_keypoints, project_corners
from matchers.images.blocks import compare_blocks
from matchers.images.copy_decision import BlockAgreement
from matchers.images.descriptors import DescriptorStore
from matchers.images.image_index import ImageIndex
from matchers.images.keypoints import KEYPOINT_KINDS
from matchers.images.prepared import PreparedQuery, PreparedReference
from matchers.images.voting import rank_candidates

MIN_SHARED_BLOCK_SHARE = 0.12  # of the textured blocks; less is chance or a small logo
MAX_SHARED_OFFSET_PIXELS = 1.5  # another photograph of the same thing counts too
MAX_SAME_OFFSET_PIXELS = 0.25  # up to this it is the same drawing, above another photograph of the same thing
MIN_CLOSE_SHARE = 0.4  # of blocks alike, from which another photograph could be taken for a blurred copy
MIN_OWN_BLOCKS = 12  # visible unshared blocks that a copy needs
MIN_OWN_ALIKE_SHARE = 0.6  # share of them that must agree
SHARED_DESIGNS_FILE = "alike.json"

BlockMask = NDArray[np.bool_]


@frozen(eq=False)
class SharedDesign:
    """What a picture has in common with others: `others` by digest with the share of blocks alike; the blocks shared
    exactly; and the largest offset (pixels) of a copy, since another photograph of the same thing nearly fits.
    """

    others: Mapping[str, float]
    shared_blocks: BlockMask
    max_copy_offset: float


@frozen(eq=False)
class PictureOverlap:
    """What one picture shares with another: the share of its blocks, which ones, and how exactly (pixels)."""

    alike: float
    blocks: BlockMask
    median_offset: float


def picture_overlap(agreement: BlockAgreement, inliers: int) -> PictureOverlap | None:
    """What two registered pictures share, in blocks of the reference; None if they are not related."""
    is_related = (
        agreement.alike >= MIN_SHARED_BLOCK_SHARE
        and agreement.median_offset <= MAX_SHARED_OFFSET_PIXELS
        and agreement.textured >= MIN_OWN_BLOCKS
    )
    if not is_related or inliers < MIN_OWN_BLOCKS:
        return None
    return PictureOverlap(agreement.alike, np.asarray(agreement.block_marks == 1), agreement.median_offset)


def has_own_blocks(agreement: BlockAgreement, design: SharedDesign | None) -> bool:
    """Whether a copy agrees in blocks that the picture shares with no other registered one, and fits more exactly than
    other photographs of the same thing do.
    """
    if design is None:
        return True
    if agreement.median_offset > design.max_copy_offset:
        return False
    own_blocks = (agreement.block_marks >= -1) & ~design.shared_blocks
    return (
        int(own_blocks.sum()) >= MIN_OWN_BLOCKS
        and float((agreement.block_marks[own_blocks] == 1).mean()) >= MIN_OWN_ALIKE_SHARE
    )


class SharedDesigns:
    """The shared designs of registered pictures by digest, kept in a file of the index's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SHARED_DESIGNS_FILE
        try:
            document = json.loads(self._path.read_text(encoding="ascii"))
            self._design_by_digest = {digest: _from_json(entry) for digest, entry in document["alike"].items()}
            self._compared_digests = set(document["compared"])
        except (OSError, ValueError, KeyError):
            self._design_by_digest, self._compared_digests = {}, set()

    def get(self, digest: str) -> SharedDesign | None:
        """What a picture shares with others; None where it shares nothing."""
        return self._design_by_digest.get(digest)

    def missing(self, digests: Iterable[str]) -> list[str]:
        """The digests of pictures not yet compared with the others."""
        return [digest for digest in digests if digest not in self._compared_digests]

    def record_comparison(self, digest: str) -> None:
        """Mark a picture as compared, after all its relatives were added."""
        self._compared_digests.add(digest)

    def add(self, digest: str, other: str, overlap: PictureOverlap) -> None:
        """Record what a picture shares with another, in blocks of the first."""
        previous = self._design_by_digest.get(digest) or SharedDesign(
            {}, np.zeros(len(overlap.blocks), np.bool_), float("inf")
        )
        is_same = overlap.median_offset <= MAX_SAME_OFFSET_PIXELS
        max_copy_offset = (
            overlap.median_offset / 2 if not is_same and overlap.alike >= MIN_CLOSE_SHARE else float("inf")
        )
        self._design_by_digest[digest] = SharedDesign(
            {**previous.others, other: round(overlap.alike, 3)},
            previous.shared_blocks | overlap.blocks if is_same else previous.shared_blocks,
            min(previous.max_copy_offset, max_copy_offset),
        )

    def write(self) -> None:
        """Write all shared designs to the file, atomically."""
        document = {
            "alike": {digest: _to_json(design) for digest, design in sorted(self._design_by_digest.items())},
            "compared": sorted(self._compared_digests),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(document, file)
        Path(name).replace(self._path)


def _to_json(design: SharedDesign) -> dict[str, object]:
    return {
        "others": dict(design.others),
        "blocks": len(design.shared_blocks),
        "shared": np.packbits(design.shared_blocks).tobytes().hex(),
        "exact": None if design.max_copy_offset == float("inf") else round(design.max_copy_offset, 3),
    }


def _from_json(entry: Mapping[str, object]) -> SharedDesign:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(str(entry["shared"])), np.uint8))
    others = entry["others"]
    assert isinstance(others, dict)
    max_copy_offset = float("inf") if entry["exact"] is None else float(str(entry["exact"]))
    return SharedDesign(others, bits[: int(str(entry["blocks"]))].astype(np.bool_), max_copy_offset)


MAX_RELATED_CANDIDATES = 8  # pictures that each kind of keypoint proposes
RELATED_PDQ_RADIUS_BITS = 60  # of PDQ's 256


@frozen(eq=False)
class RelatedPair:
    """What two pictures share, for each in its own blocks."""

    first: str
    second: str
    first_overlap: PictureOverlap
    second_overlap: PictureOverlap


def find_relatives(
    index: ImageIndex, store: DescriptorStore, digest: str, numbers: Mapping[str, int]
) -> list[RelatedPair]:
    """The relatives of a registered picture among all indexed ones; `numbers` maps digests to numbers in the index."""
    cv2.setNumThreads(1)
    descriptor = store.get(digest)
    reference, pair_by_digest = PreparedReference(descriptor.thumb), {}
    for number, alignment in _propose_alignments(index, store, digest):
        other = index.digests[number]
        if other == digest or other in pair_by_digest or numbers.get(other) != number:
            continue
        pair = _compare_pair(reference, digest, PreparedReference(store.get(other).thumb), other, alignment)
        if pair is not None:
            pair_by_digest[other] = pair
    return list(pair_by_digest.values())


def _propose_alignments(
    index: ImageIndex, store: DescriptorStore, digest: str
) -> Iterator[tuple[int, PictureAlignment]]:
    """The numbers of pictures that may be related, each with the alignment of the picture to it."""
    descriptor = store.get(digest)
    for kind in KEYPOINT_KINDS:
        for candidate in rank_candidates(
            index.search_keypoints(descriptor.keypoints[kind], kind), MAX_RELATED_CANDIDATES
        ):
            alignment = align_keypoints(candidate)
            if alignment is not None:
                yield candidate.picture, alignment
    code = np.frombuffer(next(value for hasher, value in descriptor.hashes.items() if hasher == "pdq"), np.uint8)
    height, width = descriptor.thumb.shape[:2]
    for number in index.search_pdq(code, RELATED_PDQ_RADIUS_BITS)[0].tolist():
        rows, columns = store.get(index.digests[number]).thumb.shape[:2]
        yield number, PictureAlignment(np.diag([columns / width, rows / height, 1.0]), inliers=10_000)


def _compare_pair(
    reference: PreparedReference,
    digest: str,
    other_reference: PreparedReference,
    other_digest: str,
    alignment: PictureAlignment,
) -> RelatedPair | None:
    if project_corners(alignment.homography, other_reference.thumb.shape) is None:
        return None
    forward = compare_blocks(other_reference, PreparedQuery(reference.thumb), alignment.homography)
    if forward is None:
        return None
    second_overlap = picture_overlap(forward[0], alignment.inliers)
    if second_overlap is None:
        return None
    backward = compare_blocks(
        reference, PreparedQuery(other_reference.thumb), np.linalg.inv(forward[1]).astype(np.float64)
    )
    first_overlap = None if backward is None else picture_overlap(backward[0], alignment.inliers)
    return None if first_overlap is None else RelatedPair(digest, other_digest, first_overlap, second_overlap)
