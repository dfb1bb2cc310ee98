"""Fits the weights of grounds to labelled offers: logistic regression that stays near the weights it starts from.

Few labelled rows cannot tell thirty weights from nothing. So the fit is the most likely one under a prior: each
weight is thought to lie near the old one, within a deviation; and no weight may turn its sign. What no row shows
stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

type_floats = NDArray[np.float64]

DEVIATION = 1.0  # of a weight from its prior; estimate: a ground rarely means three times as much elsewhere
START_DEVIATION = 0.7  # of a start
STEPS = 4_000
TOLERANCE = 1e-7


@frozen(kw_only=True)
class Example:
    """What stood in the sum of one judged offer: ground -> strength, the start of its channel included as 1.0."""

    terms: Mapping[str, float]
    infringing: bool
    counts: float = 1.0


def fitted(examples: Sequence[Example], prior: Mapping[str, float]) -> dict[str, float]:
    """The weights with the highest posterior; names as in the terms, signs as in `prior` (starts have none)."""
    names = sorted(prior)
    place = {name: number for number, name in enumerate(names)}
    rows = np.zeros((len(examples), len(names)))
    for number, example in enumerate(examples):
        for name, value in example.terms.items():
            if name in place:
                rows[number, place[name]] = value
    truth = np.array([float(example.infringing) for example in examples])
    counts = np.array([example.counts for example in examples])
    before = np.array([prior[name] for name in names])
    is_start = np.array([name.startswith("start_") for name in names])
    deviations = np.where(is_start, START_DEVIATION, DEVIATION)
    lowest = np.where(is_start | (before < 0), -np.inf, 0.0)
    highest = np.where(is_start | (before > 0), np.inf, 0.0)
    found = _climbed(rows, truth, counts, before, deviations, lowest, highest)
    return {name: round(float(value), 3) for name, value in zip(names, found, strict=True)}


def _climbed(
    rows: type_floats,
    truth: type_floats,
    counts: type_floats,
    before: type_floats,
    deviations: type_floats,
    lowest: type_floats,
    highest: type_floats,
) -> type_floats:
    """Projected gradient ascent with a step that no curvature of the problem can make too long."""
    weights = before.copy()
    curvature = (
        0.25 * float(np.linalg.norm(rows * np.sqrt(counts)[:, None], 2)) ** 2 + 1.0 / float(deviations.min()) ** 2
    )
    for _ in range(STEPS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(rows @ weights, -30.0, 30.0)))
        slope = rows.T @ (counts * (truth - chances)) - (weights - before) / deviations**2
        moved = np.clip(weights + slope / curvature, lowest, highest)
        if float(np.abs(moved - weights).max()) < TOLERANCE:
            return moved
        weights = moved
    return weights
