"""From features to a probability: logistic models with their weights in weights.toml, fitted by bench/fit_titles.py.

A feature named "rest>0.4" is the excess of the feature `rest` over 0.4: a hinge, where the slope may change.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

MAX_LOG_ODDS = 30.0
MIN_PROBABILITY = 0.04  # candidates below it are not reported: what one of 24 works of the same title has
MIN_BARE_PROBABILITY = 0.005  # the same for names that only resemble a text that is nothing but a short title
NEIGHBOUR_LOG_SCALE = 4.0  # divisor of the logarithm of the neighbour count

Weights = Mapping[str, Mapping[str, float]]


def odds(name: str, features: Mapping[str, float]) -> float:
    """The odds (right to wrong) that the model `name` gives for these features, within bounds."""
    return math.exp(max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds(model_weights(), name, features))))


def log_odds(weights: Weights, name: str, features: Mapping[str, float]) -> float:
    """The log odds that the model `name` of `weights` gives for these features, unbounded."""
    model = weights[name]
    total = model["bias"]
    for feature, value in features.items():
        if value and feature in model:
            total += model[feature] * value
    return total


def probability(name: str, features: Mapping[str, float]) -> float:
    """The probability that the model `name` gives for these features."""
    match_odds = odds(name, features)
    return match_odds / (1.0 + match_odds)


def contradiction_weight(kind: str) -> float:
    """The share of the probability that a contradiction of this kind takes away: the share of wrong pairs among those
    that would be right without it.
    """
    return model_weights()["vetoes"][kind]


def hinge_features(
    hinges: Mapping[str, tuple[tuple[float, str], ...]], features: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """The hinge features: the excess of each feature over each of its knots, by a table of `build_hinges`."""
    for feature, knots in hinges.items():
        value = features.get(feature, 0.0)
        for knot, name in knots:
            if value <= knot:
                break
            yield name, value - knot


def build_hinges(**knots: tuple[float, ...]) -> dict[str, tuple[tuple[float, str], ...]]:
    """A table for `hinge_features`: each feature with its knots and their names, the lowest first."""
    return {
        feature: tuple((knot, f"{feature}>{knot:g}") for knot in feature_knots)
        for feature, feature_knots in knots.items()
    }


def neighbour_feature(count: int) -> float:
    """The number of names in the registry that share something with a span of text, as a feature: 1 for fifty.

    Works that share nothing with a text change nothing; those that do make a chance resemblance likelier.
    """
    return math.log1p(count) / NEIGHBOUR_LOG_SCALE


@cache
def model_weights() -> dict[str, dict[str, float]]:
    """The weights of each model, from weights.toml."""
    text = (resources.files("matchers.titles") / "weights.toml").read_text(encoding="utf-8")
    sections = tomllib.loads(text)
    return {
        model: {name: float(value) for name, value in sections[model].items()}
        for model in sections
        if model != "source"
    }
