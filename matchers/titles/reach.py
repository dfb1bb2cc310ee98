"""The most that a likeness of words can come to, by what is known of it before name and text are compared.

In a big registry nearly every text shares words with some name. Where even the best that the comparison could find says
less than is reported, nothing is compared.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from matchers.titles.weights import channels

PRODUCT_MAP = "loose_product"
GLUED = 0.1  # what words torn or glued together may add to a share, where there are any
SPACES = 0.05  # what spaces may add to a ratio of letters without them
ALL = 0.995  # a share from which on it is all of the words
_RATIOS = ("ratio", "han_ratio")
_SUPPORT = ("creator", "publisher", "year")
_GIVEN = ("ahead", "crowd", "information", "shared", "same_first", "same_last")
_JUDGED = {"bias", "said", "covers", "both", "sorted", "all_words", "all_text", *_RATIOS, *_SUPPORT, *_GIVEN}

Shares = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def most_log_odds(known: Mapping[str, Shares], is_supported: Mask, is_latin: Mask, is_product: Mask) -> Shares:
    """The highest log odds of names, by these features of each: said, covers, glued (what may come to both), ratio (of
    letters without spaces), sorted (by the lengths); ahead, crowd, information, shared, same_first and same_last (at
    most).

    `is_supported`: a creator, publisher or year may speak for the work as well; `is_latin`: the name holds no Han.
    """
    latin = _most(channels()["loose_latin"], known, is_supported)
    plain: Shares = latin
    if not is_latin.all():
        plain = np.where(is_latin, latin, np.maximum(latin, _most(channels()["loose_han"], known, is_supported)))
    if is_product.any():
        plain = np.where(is_product, _most(channels()[PRODUCT_MAP], known, is_supported), plain)
    return plain


def _most(weights: Mapping[str, float], known: Mapping[str, Shares], is_supported: Mask) -> Shares:
    said, covers = (np.minimum(1.0, known[name] + known["glued"]) for name in ("said", "covers"))
    total = weights["bias"] + weights["said"] * said + weights["covers"] * covers + weights["both"] * said * covers
    total += sum(weights[name] for name in _RATIOS) * np.minimum(1.0, known["ratio"] + SPACES)
    total += weights["sorted"] * np.minimum(1.0, known["sorted"] + SPACES)
    total += sum(weights[name] * known[name] for name in _GIVEN)
    total += weights["all_words"] * (said > ALL) + weights["all_text"] * (covers > ALL)
    total += sum(max(0.0, weights[name]) for name in _SUPPORT) * is_supported
    total += sum(max(0.0, weight) for name, weight in weights.items() if name not in _JUDGED)
    found: Shares = total
    return found
