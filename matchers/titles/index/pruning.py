"""Upper bounds of the log odds of many names at once: what cannot reach the threshold is dropped before it is read.

In a big registry most names that are in a text by chance are worth nothing, and nearly every text shares tokens with
some name. What a model gives for the features already known (a name's length, bits, neighbours, surroundings; for
token overlap the shares of bits) is added up in arrays; every other feature counts at its best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from matchers.titles.features import FEATURE_KNOTS, LONG_TEXT_CHARS, MAX_HAN_EQUIVALENTS, NEGLIGIBLE_REST_SHARE
from matchers.titles.rolling_hash import IntArray
from matchers.titles.scoring import MIN_PROBABILITY, NEIGHBOUR_LOG_SCALE, model_weights
from matchers.titles.surrounding_text import (
    BRACKETED_NEIGHBOUR,
    MAX_ELSEWHERE_INFORMATION,
    NOISE_NEIGHBOUR,
    TEXT_NEIGHBOUR,
    BatchSurroundings,
    FloatArray,
    Mask,
)
from matchers.titles.title_names import NOTE_FORM, SHORTENED_FORM

SPELLED_MODELS = ("exact_han", "exact_han_touched", "exact_latin", "exact_latin_touched",
        "error_han", "error_han_touched", "error_latin", "error_latin_touched")  # fmt: skip
MIN_LOG_ODDS = math.log(MIN_PROBABILITY / (1.0 - MIN_PROBABILITY)) - 0.001  # the index's arrays are a little less exact
FORM_CODES = {NOTE_FORM: 1, SHORTENED_FORM: 2}  # forms of names that lack a part of the title, as the index has them
_SIDE_KINDS = ("noise", "aside", "known", "hard", "soft", "joined")
_EDIT_KINDS = ("missing", "extra", "swapped", "replaced_kin", "replaced_foreign")
_KNOTTED_FEATURES = ("units", "bits", "crowd", "rest", "elsewhere")
_RELEASE_FEATURES = ("heads_slot", "outside", "released")
_FORM_FEATURES = {NOTE_FORM: "noted", SHORTENED_FORM: "shortened"}
# Features set by rivals, or where more than a name is known.
_LATER_FEATURES = {"against", "creator", "publisher", "year", "short_reasoned"}


class UpperBounds:
    """The weights of SPELLED_MODELS as arrays, with upper bounds for features not yet known."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]]) -> None:
        models = [weights[name] for name in SPELLED_MODELS]
        self._known_weights = np.array(
            [
                _known_feature_weights(model, name.startswith("error"))
                for model, name in zip(models, SPELLED_MODELS, strict=True)
            ]
        )
        self._other_bounds = np.array(
            [_other_features_max(model, "touched" in name) for model, name in zip(models, SPELLED_MODELS, strict=True)]
        )
        self._text_weights = np.array([_text_flag_weights(model) for model in models])
        self._edit_bounds = np.array([_edit_max(model) for model in models])
        self._side_weights = np.array(
            [[_side_bounds(model, side) for side in ("before", "behind")] for model in models]
        )

    def max_log_odds(
        self,
        name: tuple[FloatArray, FloatArray, Mask, npt.NDArray[np.uint8]],
        edits: IntArray,
        neighbour_counts: IntArray,
        surroundings: BatchSurroundings,
        spans: tuple[IntArray, IntArray, IntArray],
    ) -> tuple[IntArray, FloatArray]:
        """For each name the index of its model in SPELLED_MODELS, and its highest log odds.

        `name` holds information in Han characters, bits in tens, whether it has Han, and what was cut off (FORM_CODES);
        `spans` holds starts, ends and variants.
        """
        han_equivalents, information_bits, is_han, is_cut = name
        starts, ends, variants = spans
        is_touched = surroundings.touch_unknown_text(starts, ends)
        near_unknown, all_unknown = surroundings.unknown_information(starts, ends, variants, LONG_TEXT_CHARS)
        rest_share = near_unknown / (near_unknown + han_equivalents)
        models = 4 * (edits > 0) + 2 * ~is_han + is_touched
        text_flags = np.stack(surroundings.text_flags(variants), axis=1)
        values = {
            "units": np.minimum(han_equivalents, MAX_HAN_EQUIVALENTS),
            "bits": information_bits,
            "crowd": np.log1p(neighbour_counts) / NEIGHBOUR_LOG_SCALE,
            "rest": rest_share,
            "elsewhere": np.where(
                text_flags[:, 0], 0.0, np.minimum(all_unknown, MAX_ELSEWHERE_INFORMATION) / MAX_ELSEWHERE_INFORMATION
            ),
        }
        known_features = _design_matrix(values, is_cut)
        log_odds = (self._known_weights[models] * known_features).sum(axis=1) + self._other_bounds[models]
        log_odds += (self._text_weights[models] * text_flags).sum(axis=1)
        log_odds += (
            self._side_weights[models, 0, surroundings.kinds_before(starts)]
            + self._side_weights[models, 1, surroundings.kinds_behind(ends)]
        )
        return models, log_odds + self._edit_bounds[models]


@cache
def upper_bounds() -> UpperBounds:
    """The upper bounds for the bundled weights."""
    return UpperBounds(model_weights())


@cache
def max_edit_log_odds(model: str) -> float:
    """The most that an edit adds by its kind in this model."""
    return _edit_max(model_weights()[model])


def edit_log_odds(model: str, kind: Mapping[str, float]) -> float:
    """What the kind of an edit (the features of edits.py) adds in this model."""
    weights = model_weights()[model]
    return sum(weights.get(name, 0.0) * value for name, value in kind.items())


def _design_matrix(values: Mapping[str, FloatArray], is_cut: npt.NDArray[np.uint8]) -> FloatArray:
    columns = [np.ones(len(is_cut))]
    for name in _KNOTTED_FEATURES:
        columns += [values[name], *(np.maximum(0.0, values[name] - knot) for knot in FEATURE_KNOTS[name])]
    rest_share, forms = values["rest"], [is_cut == form for form in FORM_CODES.values()]
    return np.stack([*columns, values["crowd"] * rest_share, rest_share < NEGLIGIBLE_REST_SHARE, *forms], axis=1)


def _known_feature_weights(weights: Mapping[str, float], has_edit: bool) -> list[float]:
    feature_weights = [weights["bias"]]
    for name in _KNOTTED_FEATURES:
        own_weight = weights.get(name, 0.0) + (weights.get("error_bits", 0.0) if has_edit and name == "bits" else 0.0)
        feature_weights += [own_weight, *(weights.get(f"{name}>{knot:g}", 0.0) for knot in FEATURE_KNOTS[name])]
    all_weight = weights.get("all", 0.0) + (max(0.0, weights.get("error_all", 0.0)) if has_edit else 0.0)
    return [
        *feature_weights,
        weights.get("crowd_rest", 0.0),
        all_weight,
        *(weights.get(_FORM_FEATURES[form], 0.0) for form in FORM_CODES),
    ]


def _text_flag_weights(weights: Mapping[str, float]) -> list[float]:
    """The most that bracketed remarks, a release name and quotation marks in a text add."""
    remarks = max(0.0, weights.get("aside", 0.0)) + _piecewise_max(weights, "elsewhere")
    return [
        remarks,
        *(sum(max(0.0, weights.get(name, 0.0)) for name in names) for names in (_RELEASE_FEATURES, ("framed",))),
    ]


def _other_features_max(weights: Mapping[str, float], is_touched: bool) -> float:
    """The most that all other features add."""
    excluded = {
        "bias",
        *_KNOTTED_FEATURES,
        *_LATER_FEATURES,
        *_EDIT_KINDS,
        *_RELEASE_FEATURES,
        *_FORM_FEATURES.values(),
        "framed",
        "aside",
        "segment",
    }
    excluded |= {"crowd_rest", "all", "error_all", "error_bits"}
    excluded |= {f"{side}_{kind}" for side in ("before", "behind") for kind in (*_SIDE_KINDS, "run", "digits", "small")}
    excluded |= {f"edge_{kind}" for kind in _EDIT_KINDS} | {"error_word", "error_han"}
    total = sum(max(0.0, weight) for name, weight in weights.items() if name not in excluded and ">" not in name)
    segment = _piecewise_max(weights, "segment") if is_touched else _piecewise_value("segment", weights, 1.0)
    return total + segment


def _edit_max(weights: Mapping[str, float]) -> float:
    kinds = (weights.get(kind, 0.0) + max(0.0, weights.get(f"edge_{kind}", 0.0)) for kind in _EDIT_KINDS)
    return max(0.0, *kinds) + max(0.0, weights.get("error_han", 0.0)) + max(0.0, weights.get("error_word", 0.0))


def _piecewise_value(feature: str, weights: Mapping[str, float], value: float) -> float:
    hinge_sum = sum(weights.get(f"{feature}>{knot:g}", 0.0) * max(0.0, value - knot) for knot in FEATURE_KNOTS[feature])
    return weights.get(feature, 0.0) * value + hinge_sum


def _piecewise_max(weights: Mapping[str, float], feature: str) -> float:
    """The most that a feature between 0 and 1 adds with its hinges."""
    return max(_piecewise_value(feature, weights, value) for value in (0.0, *FEATURE_KNOTS[feature], 1.0))


def _side_bounds(weights: Mapping[str, float], side: str) -> list[float]:
    """The most that each kind of neighbour (NO_NEIGHBOUR to TEXT_NEIGHBOUR) at this side of a name adds."""
    side_weights = {kind: weights.get(f"{side}_{kind}", 0.0) for kind in (*_SIDE_KINDS, "run", "digits", "small")}
    open_ended = max(side_weights["soft"], side_weights["joined"]) + sum(
        max(0.0, side_weights[kind]) for kind in ("run", "digits", "small")
    )
    text = max(side_weights["known"], side_weights["hard"], open_ended)
    bounds = [0.0, 0.0, 0.0, 0.0]
    bounds[NOISE_NEIGHBOUR], bounds[BRACKETED_NEIGHBOUR], bounds[TEXT_NEIGHBOUR] = (
        side_weights["noise"],
        max(side_weights["aside"], text),
        text,
    )
    return bounds


PRODUCT_MODEL = "loose_product"
GLUED_SHARE = 0.1  # what words split or glued together may add to a share, where there are any
SPACES_SHARE = 0.05  # what spaces may add to a ratio of letters without them
ALL_WORDS_SHARE = 0.995  # a larger share counts as all of the words
_RATIO_FEATURES = ("ratio", "han_ratio")
_CORROBORATION_FEATURES = ("creator", "publisher", "year")
_GIVEN_FEATURES = ("ahead", "crowd", "information", "shared", "same_first", "same_last", "masked")
_BOUNDED_FEATURES = {
    "bias",
    "said",
    "covers",
    "both",
    "sorted",
    "all_words",
    "all_text",
    *_RATIO_FEATURES,
    *_CORROBORATION_FEATURES,
    *_GIVEN_FEATURES,
}

FeatureColumn = npt.NDArray[np.float64]
BoolColumn = npt.NDArray[np.bool_]


def max_overlap_log_odds(
    features: Mapping[str, FeatureColumn], is_supported: BoolColumn, is_latin: BoolColumn, is_product: BoolColumn
) -> FeatureColumn:
    """The highest log odds of names, by these features of each: `said`, `covers`, `glued` (what may be added to both),
    `ratio` (of letters without spaces), `sorted` (by the lengths), and upper limits of `ahead`, `crowd`, `information`,
    `shared`, `same_first`, `same_last` and `masked`.

    `is_supported`: a creator, publisher or year may support the work as well; `is_latin`: the name holds no Han.
    """
    latin = _model_max_log_odds(model_weights()["loose_latin"], features, is_supported)
    max_log_odds: FeatureColumn = latin
    if not is_latin.all():
        max_log_odds = np.where(
            is_latin,
            latin,
            np.maximum(latin, _model_max_log_odds(model_weights()["loose_han"], features, is_supported)),
        )
    if is_product.any():
        max_log_odds = np.where(
            is_product, _model_max_log_odds(model_weights()[PRODUCT_MODEL], features, is_supported), max_log_odds
        )
    return max_log_odds


def _model_max_log_odds(
    weights: Mapping[str, float], features: Mapping[str, FeatureColumn], is_supported: BoolColumn
) -> FeatureColumn:
    name_coverage, text_coverage = (np.minimum(1.0, features[name] + features["glued"]) for name in ("said", "covers"))
    total = (
        weights["bias"]
        + weights["said"] * name_coverage
        + weights["covers"] * text_coverage
        + weights["both"] * name_coverage * text_coverage
    )
    total += sum(weights[name] for name in _RATIO_FEATURES) * np.minimum(1.0, features["ratio"] + SPACES_SHARE)
    total += weights["sorted"] * np.minimum(1.0, features["sorted"] + SPACES_SHARE)
    total += sum(weights[name] * features[name] for name in _GIVEN_FEATURES)
    total += weights["all_words"] * (name_coverage > ALL_WORDS_SHARE) + weights["all_text"] * (
        text_coverage > ALL_WORDS_SHARE
    )
    total += sum(max(0.0, weights[name]) for name in _CORROBORATION_FEATURES) * is_supported
    total += sum(max(0.0, weight) for name, weight in weights.items() if name not in _BOUNDED_FEATURES)
    max_log_odds: FeatureColumn = total
    return max_log_odds
