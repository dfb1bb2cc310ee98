"""Fits the weights of grounds to labelled offers: logistic regression with a prior around the weights it starts from.

A few labelled rows cannot determine thirty weights. So the fit is the most likely one under a prior: each weight is
assumed to lie near the old one, within a deviation, and no weight may change its sign. The weight of a ground that no
row has stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

PRIOR_DEVIATION = 1.0  # of a weight; estimate: a ground rarely means three times as much elsewhere
START_PRIOR_DEVIATION = 0.7  # of a start
MAX_STEPS = 4_000
WEIGHT_TOLERANCE = 1e-7


@frozen(kw_only=True)
class JudgedExample:
    """The terms of one judged offer: ground -> strength, the start of its channel included as 1.0."""

    terms: Mapping[str, float]
    infringing: bool
    sample_weight: float = 1.0


def fit_weights(examples: Sequence[JudgedExample], prior: Mapping[str, float]) -> dict[str, float]:
    """The weights with the highest posterior; names as in the terms, signs as in `prior` (starts may have any)."""
    names = sorted(prior)
    column_by_name = {name: number for number, name in enumerate(names)}
    rows = np.zeros((len(examples), len(names)))
    for number, example in enumerate(examples):
        for name, value in example.terms.items():
            if name in column_by_name:
                rows[number, column_by_name[name]] = value
    labels = np.array([float(example.infringing) for example in examples])
    sample_weights = np.array([example.sample_weight for example in examples])
    prior_weights = np.array([prior[name] for name in names])
    is_start = np.array([name.startswith("start_") for name in names])
    deviations = np.where(is_start, START_PRIOR_DEVIATION, PRIOR_DEVIATION)
    lower_bounds = np.where(is_start | (prior_weights < 0), -np.inf, 0.0)
    upper_bounds = np.where(is_start | (prior_weights > 0), np.inf, 0.0)
    weights = _climb_gradient(rows, labels, sample_weights, prior_weights, deviations, lower_bounds, upper_bounds)
    return {name: round(float(value), 3) for name, value in zip(names, weights, strict=True)}


def _climb_gradient(
    rows: FloatArray,
    labels: FloatArray,
    sample_weights: FloatArray,
    prior_weights: FloatArray,
    deviations: FloatArray,
    lower_bounds: FloatArray,
    upper_bounds: FloatArray,
) -> FloatArray:
    """The weights found by projected gradient ascent; its step is safe for any curvature of the problem."""
    weights = prior_weights.copy()
    curvature = (
        0.25 * float(np.linalg.norm(rows * np.sqrt(sample_weights)[:, None], 2)) ** 2
        + 1.0 / float(deviations.min()) ** 2
    )
    for _ in range(MAX_STEPS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(rows @ weights, -30.0, 30.0)))
        gradient = rows.T @ (sample_weights * (labels - chances)) - (weights - prior_weights) / deviations**2
        next_weights = np.clip(weights + gradient / curvature, lower_bounds, upper_bounds)
        if float(np.abs(next_weights - weights).max()) < WEIGHT_TOLERANCE:
            return next_weights
        weights = next_weights
    return weights
