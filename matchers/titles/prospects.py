"""The most that a name in a text can come to, by what is known before the name is read: for many of them at once.

In a big registry most of what stands in a text by chance comes to nothing. What a map gives for the name's length and
bits, for the crowd of its likes and for what stands beside it is added up in arrays; all else counts as if it spoke for
the name. Where even that is under what is reported, nobody looks closer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from matchers.titles.names import NOTE, SHORTENED
from matchers.titles.surroundings import ASIDE, NOISE, TEXT, Mask, Shares, Surroundings
from matchers.titles.weights import CROWD, LEAST, channels
from matchers.titles.windows import Places

MAPS = ("exact_han", "exact_han_touched", "exact_latin", "exact_latin_touched",
        "error_han", "error_han_touched", "error_latin", "error_latin_touched")  # fmt: skip
HOPELESS = math.log(LEAST / (1.0 - LEAST)) - 0.001  # log odds; arrays of the index are a little less exact
MAX_UNITS = 8.0
NOTHING_ELSE = 0.1  # share of the text that is neither name nor noise
LONG_TEXT = 80  # places
MOST_ELSEWHERE = 12.0  # Han characters of unknown text
CUT = {NOTE: 1, SHORTENED: 2}  # forms of names that lack a part of the title, as the index has them
BENDS = {
    "rest": (0.15, 0.4, 0.7),
    "segment": (0.4, 0.7, 0.9),
    "elsewhere": (0.1, 0.25, 0.5),
    "bits": (2.0, 3.5, 5.0),
    "units": (3.0, 5.0),
    "crowd": (0.5, 1.0),
}
_SIDES = ("noise", "aside", "known", "hard", "soft", "joined")
_KINDS = ("missing", "extra", "swapped", "replaced_kin", "replaced_foreign")
_BENT = ("units", "bits", "crowd", "rest", "elsewhere")
_OF_SLOTS = ("heads_slot", "outside", "released")
_FORMS = {NOTE: "noted", SHORTENED: "shortened"}
_LATER = {"against", "creator", "publisher", "year", "short_reasoned"}  # by rivals, or where more than a name is known


class Prospects:
    """The maps as arrays."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        maps = [weights[name] for name in MAPS]
        self._given = np.array(
            [_of_given(each, name.startswith("error")) for each, name in zip(maps, MAPS, strict=True)]
        )
        self._most = np.array([_most_of_others(each, "touched" in name) for each, name in zip(maps, MAPS, strict=True)])
        self._where = np.array([_of_text(each) for each in maps])
        self._errors = np.array([_most_of_error(each) for each in maps])
        self._sides = np.array([[_of_side(each, side) for side in ("before", "behind")] for each in maps])

    def most_log_odds(
        self,
        name: tuple[Shares, Shares, Mask, npt.NDArray[np.uint8]],
        errors: Places,
        crowd: Places,
        around: Surroundings,
        at: tuple[Places, Places, Places],
    ) -> tuple[Places, Shares]:
        """For each name the place of its map in MAPS, and the highest log odds.

        Known are of each name (units, bits in tens, whether with Han, what was cut off), its errors, its crowd, and
        where it stands (starts, ends, views).
        """
        units, bits, is_han, is_cut = name
        starts, ends, views = at
        touched = around.touched(starts, ends)
        near, whole = around.unknown(starts, ends, views, LONG_TEXT)
        rest = near / (near + units)
        maps = 4 * (errors > 0) + 2 * ~is_han + touched
        has = np.stack(around.has(views), axis=1)
        values = {
            "units": np.minimum(units, MAX_UNITS),
            "bits": bits,
            "crowd": np.log1p(crowd) / CROWD,
            "rest": rest,
            "elsewhere": np.where(has[:, 0], 0.0, np.minimum(whole, MOST_ELSEWHERE) / MOST_ELSEWHERE),
        }
        given = _columns(values, is_cut)
        found = (self._given[maps] * given).sum(axis=1) + self._most[maps]
        found += (self._where[maps] * has).sum(axis=1)
        found += self._sides[maps, 0, around.before(starts)] + self._sides[maps, 1, around.behind(ends)]
        return maps, found + self._errors[maps]


@cache
def prospects() -> Prospects:
    """Of the weights that the program comes with."""
    return Prospects(channels())


@cache
def most_of_error(judge: str) -> float:
    """The most that an error adds by its kind, in this map."""
    return _most_of_error(channels()[judge])


def of_error(judge: str, kind: Mapping[str, float]) -> float:
    """What the kind of an error (errors.py) adds."""
    of_map = channels()[judge]
    return sum(of_map.get(name, 0.0) * value for name, value in kind.items())


def _columns(values: Mapping[str, Shares], is_cut: npt.NDArray[np.uint8]) -> Shares:
    columns = [np.ones(len(is_cut))]
    for name in _BENT:
        columns += [values[name], *(np.maximum(0.0, values[name] - place) for place in BENDS[name])]
    rest, forms = values["rest"], [is_cut == form for form in CUT.values()]
    return np.stack([*columns, values["crowd"] * rest, rest < NOTHING_ELSE, *forms], axis=1)


def _of_given(weights: Mapping[str, float], is_wrong: bool) -> list[float]:
    found = [weights["bias"]]
    for name in _BENT:
        own = weights.get(name, 0.0) + (weights.get("error_bits", 0.0) if is_wrong and name == "bits" else 0.0)
        found += [own, *(weights.get(f"{name}>{place:g}", 0.0) for place in BENDS[name])]
    everything = weights.get("all", 0.0) + (max(0.0, weights.get("error_all", 0.0)) if is_wrong else 0.0)
    return [*found, weights.get("crowd_rest", 0.0), everything, *(weights.get(_FORMS[form], 0.0) for form in CUT)]


def _of_text(weights: Mapping[str, float]) -> list[float]:
    """What remarks, a release name, quotation marks in a text give at most."""
    remarks = max(0.0, weights.get("aside", 0.0)) + _highest(weights, "elsewhere")
    return [remarks, *(sum(max(0.0, weights.get(name, 0.0)) for name in names) for names in (_OF_SLOTS, ("framed",)))]


def _most_of_others(weights: Mapping[str, float], is_touched: bool) -> float:
    """All other features at their best."""
    counted = {"bias", *_BENT, *_LATER, *_KINDS, *_OF_SLOTS, *_FORMS.values(), "framed", "aside", "segment"}
    counted |= {"crowd_rest", "all", "error_all", "error_bits"}
    counted |= {f"{side}_{kind}" for side in ("before", "behind") for kind in (*_SIDES, "run", "digits", "small")}
    counted |= {f"edge_{kind}" for kind in _KINDS} | {"error_word", "error_han"}
    total = sum(max(0.0, weight) for name, weight in weights.items() if name not in counted and ">" not in name)
    segment = _highest(weights, "segment") if is_touched else _at("segment", weights, 1.0)
    return total + segment


def _most_of_error(weights: Mapping[str, float]) -> float:
    kinds = (weights.get(kind, 0.0) + max(0.0, weights.get(f"edge_{kind}", 0.0)) for kind in _KINDS)
    return max(0.0, *kinds) + max(0.0, weights.get("error_han", 0.0)) + max(0.0, weights.get("error_word", 0.0))


def _at(feature: str, weights: Mapping[str, float], value: float) -> float:
    bent = sum(weights.get(f"{feature}>{place:g}", 0.0) * max(0.0, value - place) for place in BENDS[feature])
    return weights.get(feature, 0.0) * value + bent


def _highest(weights: Mapping[str, float], feature: str) -> float:
    """The most that a feature between 0 and 1 and its bends come to."""
    return max(_at(feature, weights, value) for value in (0.0, *BENDS[feature], 1.0))


def _of_side(weights: Mapping[str, float], side: str) -> list[float]:
    """What NONE, NOISE, ASIDE and TEXT beside a name come to at most."""
    of = {kind: weights.get(f"{side}_{kind}", 0.0) for kind in (*_SIDES, "run", "digits", "small")}
    open_ended = max(of["soft"], of["joined"]) + sum(max(0.0, of[kind]) for kind in ("run", "digits", "small"))
    text = max(of["known"], of["hard"], open_ended)
    found = [0.0, 0.0, 0.0, 0.0]
    found[NOISE], found[ASIDE], found[TEXT] = of["noise"], max(of["aside"], text), text
    return found
