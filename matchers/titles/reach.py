"""The most that a likeness of words can come to, by what is known of it before name and text are compared.

In a big registry nearly every text shares words with some name. Where even the best that the comparison could find says
less than is reported, nothing is compared.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matchers.titles.weights import model_weights

PRODUCT_MODEL = "loose_product"
GLUED_SHARE = 0.1  # what words torn or glued together may add to a share, where there are any
SPACES_SHARE = 0.05  # what spaces may add to a ratio of letters without them
ALL_WORDS_SHARE = 0.995  # a share from which on it is all of the words
_RATIO_FEATURES = ("ratio", "han_ratio")
_CORROBORATION_FEATURES = ("creator", "publisher", "year")
_GIVEN_FEATURES = ("ahead", "crowd", "information", "shared", "same_first", "same_last")
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
    """The highest log odds of names, by these features of each: said, covers, glued (what may come to both), ratio (of
    letters without spaces), sorted (by the lengths); ahead, crowd, information, shared, same_first and same_last (at
    most).

    `is_supported`: a creator, publisher or year may speak for the work as well; `is_latin`: the name holds no Han.
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
