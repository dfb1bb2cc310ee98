"""Candidates by keypoint voting: registered pictures that share many keypoints with a query, at one scale and rotation.

Every keypoint of the query votes for the pictures that have a keypoint near it, once for each picture. A real copy was
scaled and rotated as a whole, so its votes agree on scale and rotation; chance votes do not (weak geometric
consistency, Jegou et al. 2008).
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.keypoints import Places

NEIGHBOURS_PER_KEYPOINT = 4  # keypoints of a segment that a query keypoint may vote for
# Of 256 bits: right neighbours lie at 20 to 60, the nearest wrong ones of half a million at 75 and more.
MAX_DESCRIPTOR_DISTANCE_BITS = 72
MAX_SCORED_PICTURES = 20  # pictures with the most votes, of which scales and rotations are compared
SCALE_STEP_OCTAVES, TURN_STEP_DEGREES = 0.5, 30.0
MIN_SCALE_OCTAVES, SCALE_BINS, TURN_BINS = -7.0, 28, 12  # scales from 1/128 to 128 times
MIN_PAIRS = 5


@frozen(eq=False)
class PictureCandidate:
    """A registered picture (by number) and the keypoint pairs that support it: `query_points` and `reference_points`
    are [n, 2].
    """

    picture: int
    score: float
    query_points: NDArray[np.float32]
    reference_points: NDArray[np.float32]


@frozen(eq=False)
class KeypointPairs:
    """Pairs of keypoints: places in the query, places in the registered picture, that picture's number, weight."""

    query_places: Places
    reference_places: Places
    pictures: NDArray[np.int64]
    weights: NDArray[np.float32]


def rank_candidates(pairs: KeypointPairs, limit: int) -> list[PictureCandidate]:
    """At most `limit` pictures whose pairs agree best on scale and rotation, the best first."""
    if not len(pairs.pictures):
        return []
    votes = np.bincount(pairs.pictures, weights=pairs.weights)
    top_pictures = np.argsort(-votes, kind="stable")[:MAX_SCORED_PICTURES]
    scored = [_score_picture(pairs, int(picture)) for picture in top_pictures if votes[picture] > 0]
    kept = [candidate for candidate in scored if len(candidate.query_points) >= MIN_PAIRS]
    return sorted(kept, key=lambda candidate: -candidate.score)[:limit]


def drop_duplicate_votes(
    query_rows: NDArray[np.intp], pictures: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Indices of the pairs to keep: of a query keypoint's pairs with the same picture only the nearest."""
    order = np.argsort(-weights, kind="stable")
    keys = query_rows[order].astype(np.int64) * (int(pictures.max(initial=0)) + 1) + pictures[order]
    chosen: NDArray[np.intp] = order[np.unique(keys, return_index=True)[1]]
    return chosen


def _score_picture(pairs: KeypointPairs, picture: int) -> PictureCandidate:
    own_pairs = np.flatnonzero(pairs.pictures == picture)
    query_places, reference_places, weights = (
        pairs.query_places[own_pairs],
        pairs.reference_places[own_pairs],
        pairs.weights[own_pairs],
    )
    scales = np.log2(np.maximum(reference_places[:, 2], 0.1) / np.maximum(query_places[:, 2], 0.1))
    turns = (reference_places[:, 3] - query_places[:, 3]) % 360
    rows = np.floor((scales - MIN_SCALE_OCTAVES) / SCALE_STEP_OCTAVES).astype(np.intp)
    in_range = (rows >= 0) & (rows < SCALE_BINS)
    cells = rows * TURN_BINS + np.minimum(turns / TURN_STEP_DEGREES, TURN_BINS - 1).astype(np.intp)
    table = np.bincount(cells[in_range], weights[in_range], SCALE_BINS * TURN_BINS).reshape(SCALE_BINS, TURN_BINS)
    table = table + np.roll(table, 1, axis=1)  # add neighbouring turns, around the circle
    table = table[1:] + table[:-1]  # and neighbouring scales
    return PictureCandidate(picture, float(table.max()), query_places[:, :2], reference_places[:, :2])
