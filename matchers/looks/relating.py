"""The registry compared with itself: what each newly registered picture shares with those of other works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import cv2
import numpy as np
from attrs import frozen

from matchers.looks.align import PictureAlignment, align_keypoints, project_corners
from matchers.looks.blocks import compare_blocks
from matchers.looks.candidates import rank_candidates
from matchers.looks.index import ImageIndex
from matchers.looks.keypoints import KEYPOINT_KINDS
from matchers.looks.series import PictureOverlap, picture_overlap
from matchers.looks.shelf import DescriptorStore
from matchers.looks.sides import PreparedQuery, PreparedReference

MAX_RELATED_CANDIDATES = 8  # pictures that each kind of key points proposes
RELATED_PDQ_RADIUS_BITS = 60  # bits of PDQ's 256


@frozen(eq=False)
class RelatedPair:
    """What two pictures share, each seen from its own side."""

    first: str
    second: str
    first_overlap: PictureOverlap
    second_overlap: PictureOverlap


def find_relatives(
    index: ImageIndex, store: DescriptorStore, digest: str, numbers: Mapping[str, int]
) -> list[RelatedPair]:
    """The relatives of a registered picture among all that are indexed; `numbers` says where each stands."""
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
    """Numbers of pictures that may be related, and how the picture would lie on each."""
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
