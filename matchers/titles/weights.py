"""From features to a chance: logistic maps with their weights in data (weights.toml), fitted by bench/fit_titles.py.

A feature named "rest>0.4" is what its feature `rest` has above 0.4: so a map may bend there.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

MOST_LOG_ODDS = 30.0
LEAST = 0.04  # candidates under it are not reported: what one of 24 works of the same title is worth
LEAST_BARE = 0.005  # the same for what only resembles a text that is nothing but a short title
CROWD = 4.0  # by which the logarithm of how many names share something is divided

Weights = Mapping[str, Mapping[str, float]]


def odds(name: str, values: Mapping[str, float]) -> float:
    """Right ones to wrong ones among pairs of this map with such features."""
    return math.exp(max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, log_odds(channels(), name, values))))


def log_odds(weights: Weights, name: str, values: Mapping[str, float]) -> float:
    """The logarithm of the odds, without its bounds, by these weights."""
    of_map = weights[name]
    total = of_map["bias"]
    for feature, value in values.items():
        if value and feature in of_map:
            total += of_map[feature] * value
    return total


def probability(name: str, values: Mapping[str, float]) -> float:
    """The share of right ones among them."""
    right = odds(name, values)
    return right / (1.0 + right)


def doubt(kind: str) -> float:
    """The share that a veto of this kind takes away: of pairs that were right without it, so many are not."""
    return channels()["vetoes"][kind]


def bends(
    bent: Mapping[str, tuple[tuple[float, str], ...]], values: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """What the features of a table of `bent_at` have above the places where their maps bend."""
    for feature, places in bent.items():
        value = values.get(feature, 0.0)
        for place, name in places:
            if value <= place:
                break
            yield name, value - place


def bent_at(**places: tuple[float, ...]) -> dict[str, tuple[tuple[float, str], ...]]:
    """A table for `bends`: features and where their maps bend, the lowest first."""
    return {feature: tuple((place, f"{feature}>{place:g}") for place in above) for feature, above in places.items()}


def crowded(count: int) -> float:
    """How many names of the registry share something with a stretch of text, as a feature: 1 for fifty.

    Works that share nothing with a text change nothing of it; those that do make a likeness by chance likelier.
    """
    return math.log1p(count) / CROWD


@cache
def channels() -> dict[str, dict[str, float]]:
    """The weights of each map."""
    text = (resources.files("matchers.titles") / "weights.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return {
        channel: {name: float(value) for name, value in read[channel].items()}
        for channel in read
        if channel != "source"
    }
