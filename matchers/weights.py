"""The weights of the grounds: data with a source (weights.toml), or what `calibrate --apply` stored.

A weight is what a ground of full strength adds to the log odds that the offer infringes. Weights of grounds for an
offence are at least 0, of grounds against it at most 0: the sign is what the ground means, and no fit may change it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any

from attrs import asdict, frozen

from crawler.errors import BadInput, Problem

WEIGHTS_FILE = "weights.toml"


@frozen(kw_only=True)
class Bounds:
    """Lower bounds: of `identity`, `offence` and their product (`chance`) for a hit, of the product for a `review`."""

    identity: float
    offence: float
    chance: float
    review: float


@frozen(kw_only=True)
class Weights:
    """A complete set of weights. `identity` is the calibration map: points (stated by the title engine, share that is
    right). `start` has the log odds of an offer without grounds, by kind; `source` says where the set comes from.
    """

    source: str
    start: Mapping[str, float]
    grounds: Mapping[str, float]
    identity: tuple[tuple[float, float], ...] = ()
    bounds: Mapping[str, Bounds]

    def calibrate(self, stated: float) -> float:
        """The share that is right among pairs with this probability stated by the title engine."""
        for (low, first), (high, last) in pairwise(self.identity):
            if low <= stated <= high:
                return first + (last - first) * (stated - low) / (high - low)
        return stated

    def prior(self) -> dict[str, float]:
        """Starts (as start_...) and grounds in one mapping, which a fit begins with."""
        return {f"start_{name}": value for name, value in self.start.items()} | dict(self.grounds)

    def to_dict(self) -> dict[str, Any]:
        """The tables that `read_weights` reads."""
        by_polarity: dict[str, dict[str, float]] = {"for": {}, "against": {}}
        for name, weight in self.grounds.items():
            by_polarity["against" if weight < 0 else "for"][name] = weight
        stated, right = zip(*self.identity, strict=True) if self.identity else ((), ())
        identity = {"stated": list(stated), "right": list(right)}
        bounds = {key: asdict(bound) for key, bound in self.bounds.items()}
        return {"source": self.source, "start": dict(self.start), **by_polarity, "identity": identity, "bounds": bounds}

    def bounds_of(self, channel: str, work_type: str) -> Bounds:
        """The bounds of a channel and a work type (`nature`), else of the channel, else of all."""
        for key in (f"{channel}.{work_type}", channel):
            if key in self.bounds:
                return self.bounds[key]
        return self.bounds["all"]


@cache
def default_weights() -> Weights:
    """The weights of weights.toml."""
    return read_weights(
        tomllib.loads((resources.files("matchers") / WEIGHTS_FILE).read_text(encoding="utf-8")), WEIGHTS_FILE
    )


def read_weights(data: Mapping[str, Any], file: str) -> Weights:
    """The weights in these tables, which are as in the file and the store. Raises BadInput with every problem."""
    problems = [f"for.{ground}: {weight} speaks against" for ground, weight in data["for"].items() if weight < 0]
    problems += [f"against.{ground}: {weight} speaks for" for ground, weight in data["against"].items() if weight > 0]
    bounds = {key: Bounds(**values) for key, values in data["bounds"].items()}
    problems.extend(
        f"{key}: 0 < review <= chance <= 1" for key, bound in bounds.items() if not 0 < bound.review <= bound.chance
    )
    points = tuple(zip(data["identity"]["stated"], data["identity"]["right"], strict=True))
    if any(low >= high or first > last for (low, first), (high, last) in pairwise(points)):
        problems.append("identity: both lists must rise")
    if "all" not in bounds:
        problems.append("bounds.all is missing")
    if problems:
        raise BadInput([Problem(file=file, message=problem) for problem in problems])
    grounds = {**data["for"], **data["against"]}
    return Weights(source=data["source"], start=data["start"], grounds=grounds, identity=points, bounds=bounds)
