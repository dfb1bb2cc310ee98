"""Which registered pictures have many key points like those of a picture, in one scale and one turn.

Every key point of what is asked votes for the pictures whose key points are near its own, once for each. A real copy
was scaled and turned as a whole, so its votes agree on scale and turn; chance votes do not (weak geometric consistency,
Jegou et al. 2008).
"""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.looks.keypoints import Places

NEIGHBOURS = 4  # rows that a key point votes for
NEAR = 72  # bits of 256: right neighbours lie at 20 to 60, the nearest wrong ones of half a million at 75 and more
COUNTED = 20  # pictures with the most votes whose scales and turns are looked at
SCALE_STEP, TURN_STEP = 0.5, 30.0  # octaves, degrees
LEAST_SCALE, SCALES, TURNS = -7.0, 28, 12  # from 1/128 to 128 times
LEAST_PAIRS = 5


@frozen(eq=False)
class Candidate:
    """A registered picture by its row, and the pairs of places (theirs, ours) [n, 2] that speak for it."""

    picture: int
    score: float
    theirs: NDArray[np.float32]
    ours: NDArray[np.float32]


@frozen(eq=False)
class Pairs:
    """Pairs of key points: places of what was asked, places and picture of the registered one, weight."""

    theirs: Places
    ours: Places
    pictures: NDArray[np.int64]
    weights: NDArray[np.float32]


def candidates(pairs: Pairs, most: int) -> list[Candidate]:
    """The pictures whose pairs agree best, the best first."""
    if not len(pairs.pictures):
        return []
    votes = np.bincount(pairs.pictures, weights=pairs.weights)
    counted = np.argsort(-votes, kind="stable")[:COUNTED]
    found = [_candidate(pairs, int(picture)) for picture in counted if votes[picture] > 0]
    kept = [each for each in found if len(each.theirs) >= LEAST_PAIRS]
    return sorted(kept, key=lambda each: -each.score)[:most]


def one_vote_each(
    asked: NDArray[np.intp], pictures: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.intp]:
    """Of the pairs of a key point with the same picture only the nearest: their positions."""
    order = np.argsort(-weights, kind="stable")
    keys = asked[order].astype(np.int64) * (int(pictures.max(initial=0)) + 1) + pictures[order]
    chosen: NDArray[np.intp] = order[np.unique(keys, return_index=True)[1]]
    return chosen


def _candidate(pairs: Pairs, picture: int) -> Candidate:
    mine = np.flatnonzero(pairs.pictures == picture)
    theirs, ours, weights = pairs.theirs[mine], pairs.ours[mine], pairs.weights[mine]
    scales = np.log2(np.maximum(ours[:, 2], 0.1) / np.maximum(theirs[:, 2], 0.1))
    turns = (ours[:, 3] - theirs[:, 3]) % 360
    rows = np.floor((scales - LEAST_SCALE) / SCALE_STEP).astype(np.intp)
    known = (rows >= 0) & (rows < SCALES)
    cells = rows * TURNS + np.minimum(turns / TURN_STEP, TURNS - 1).astype(np.intp)
    table = np.bincount(cells[known], weights[known], SCALES * TURNS).reshape(SCALES, TURNS)
    table = table + np.roll(table, 1, axis=1)  # neighbouring turns, around the circle
    table = table[1:] + table[:-1]  # and neighbouring scales
    return Candidate(picture, float(table.max()), theirs[:, :2], ours[:, :2])
