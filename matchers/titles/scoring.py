"""From features to a probability: logistic models with their weights in weights.toml, fitted by bench/fit_titles.py.

A feature named "rest>0.4" is what its feature `rest` has above 0.4: a hinge, where the model may bend.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

MAX_LOG_ODDS = 30.0
MIN_PROBABILITY = 0.04  # candidates under it are not reported: what one of 24 works of the same title is worth
MIN_BARE_PROBABILITY = 0.005  # the same for what only resembles a text that is nothing but a short title
NEIGHBOUR_LOG_SCALE = 4.0  # by which the logarithm of how many names share something is divided

Weights = Mapping[str, Mapping[str, float]]


def odds(name: str, features: Mapping[str, float]) -> float:
    """Right ones to wrong ones among pairs of this map with such features."""
    return math.exp(max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds(model_weights(), name, features))))


def log_odds(weights: Weights, name: str, features: Mapping[str, float]) -> float:
    """The logarithm of the odds, without its bounds, by these weights."""
    model = weights[name]
    total = model["bias"]
    for feature, value in features.items():
        if value and feature in model:
            total += model[feature] * value
    return total


def probability(name: str, features: Mapping[str, float]) -> float:
    """The share of right ones among them."""
    match_odds = odds(name, features)
    return match_odds / (1.0 + match_odds)


def contradiction_weight(kind: str) -> float:
    """The share that a veto of this kind takes away: of pairs that were right without it, so many are not."""
    return model_weights()["vetoes"][kind]


def hinge_features(
    hinges: Mapping[str, tuple[tuple[float, str], ...]], features: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """What the features of a table of `build_hinges` have above the places where their maps bend."""
    for feature, knots in hinges.items():
        value = features.get(feature, 0.0)
        for knot, name in knots:
            if value <= knot:
                break
            yield name, value - knot


def build_hinges(**knots: tuple[float, ...]) -> dict[str, tuple[tuple[float, str], ...]]:
    """A table for `hinge_features`: features and where their maps bend, the lowest first."""
    return {
        feature: tuple((knot, f"{feature}>{knot:g}") for knot in feature_knots)
        for feature, feature_knots in knots.items()
    }


def neighbour_feature(count: int) -> float:
    """How many names of the registry share something with a stretch of text, as a feature: 1 for fifty.

    Works that share nothing with a text change nothing of it; those that do make a likeness by chance likelier.
    """
    return math.log1p(count) / NEIGHBOUR_LOG_SCALE


@cache
def model_weights() -> dict[str, dict[str, float]]:
    """The weights of each map."""
    text = (resources.files("matchers.titles") / "weights.toml").read_text(encoding="utf-8")
    sections = tomllib.loads(text)
    return {
        model: {name: float(value) for name, value in sections[model].items()}
        for model in sections
        if model != "source"
    }
