"""Fit matchers/titles/weights.toml: the share of right ones among pairs with the same features.

    python bench/fit_titles.py --stream FOLDER [--stream FOLDER ..] [--apart] [--families] [--write]

Pairs are what the title matcher finds in all 17 sets of ../shared/bench/titles and in generated registries
(make_registry.py), where names are many and chance matches likely. One logistic model per kind of pair
(matchers.titles.features.model_of, loose, school); each set has the square root of the number of its pairs as weight;
the signs of weights are fixed where common sense demands it. Rivals and weights are computed alternately. --apart fits
without each set in turn and scores the set with those weights, which shows what to expect of unseen sets. --families
leaves out the families of noise (title_pairs.family_of), some at a time: their queries are scored by weights fitted
without them, and with lists that know none of their words. All fits see each query twice, also as if the lists knew
none of its family's words, so that they rely on no list. Needs scipy, which the program itself does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.title_pairs import (  # noqa: E402
    GENERATED_PREFIX,
    Pair,
    collect_all_pairs,
    family_fold,
    pair_odds,
    predictions,
    weigh_rivals,
)
from bench.titles import CORE_SETS, DATA, rows  # noqa: E402
from matchers.titles.scoring import model_weights  # noqa: E402

L2_PENALTY = 1.0
FIT_ROUNDS = 3
# How many sets each of the generated registries (of 10,000, 100,000 and 1,000,000 works) counts for: they represent the
# large registries that users have.
REGISTRY_WEIGHTS = (2.0, 4.0, 8.0)
RELIABILITY_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01)
# Weights whose sign is fixed by common sense, not by the sample.
RISING_FEATURES = {
    "units", "framed", "leads", "all", "said", "covers", "both", "ratio", "sorted", "ahead", "information",
    "model_agrees", "all_words", "all_text", "han_ratio", "edition_agrees", "segment", "released", "heads_slot",
    "same_first", "same_last", "shared", "chatter", "touch_chatter", "isolated", "isolated_units",
}  # fmt: skip
FALLING_FEATURES = {
    "rest", "error", "behind", "model_differs", "unlike", "broken", "edition_differs", "edition_elsewhere", "several",
    "shortened", "error_word", "sound", "missing", "extra", "replaced_kin", "replaced_foreign", "swapped",
    "track_differs", "short", "outside", "other_subtitle", "other_note", "noted", "before_run", "behind_run",
    "elsewhere", "new", "before_small", "behind_small", "crowd", "crowd_rest",
    "about", "touch_about",
}  # fmt: skip
# Lower and upper bounds of weights, set by hand, as the sets have too few examples.
MIN_WEIGHTS = {"creator": 1.0, "publisher": 0.8, "year": 0.3, "short_reasoned": 1.0, "masked": 3.5}
MAX_WEIGHTS = {
    "disguised": -0.2, "number_lost": -0.5, "number_new": -0.5, "edition_differs": -4.0, "edition_elsewhere": -4.0,
    "track_differs": -2.0, "several": -1.0, "unknown_rest": -3.0,
}  # fmt: skip
# Minimum weight of each kind of contradiction, as some kinds are rare in the sets. Chosen by hand.
MIN_CONTRADICTION_WEIGHTS = {
    "sequel": 0.93, "other_number": 0.93, "season": 0.85, "volume": 0.45, "derived": 0.9, "before": 0.8, "behind": 0.8,
    "other_creator": 0.75, "stranger": 0.3,
}  # fmt: skip

ModelWeights = dict[str, dict[str, float]]


def main() -> None:
    """Collect, fit, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", type=Path, required=True, action="append")
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--families", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    pairs = collect_all_pairs(arguments.stream)
    shown_pairs = [pair for pair in pairs if not pair.is_unseen]
    fitted = fit_all(pairs, stored_weights())
    for name in fitted:
        model_pairs = [pair for pair in pairs if pair.model == name and not pair.contradictions and not pair.is_neutral]
        if not model_pairs:
            continue
        print(f"{name}: {len(model_pairs)} pairs, {sum(pair.is_right for pair in model_pairs)} right")
        print_reliability(model_pairs, fitted)
    print("all sets fitted")
    print_scores(predictions(shown_pairs, fitted))
    if arguments.apart:
        cross_validate(shown_pairs, fitted)
    if arguments.families:
        cross_validate_families(pairs, fitted)
    if arguments.write:
        write_weights(fitted)


def stored_weights() -> ModelWeights:
    """The stored weights."""
    return {name: dict(weights) for name, weights in model_weights().items()}


def fit_all(pairs: list[Pair], fitted: ModelWeights, rounds: int = FIT_ROUNDS) -> ModelWeights:
    """Weights of all models and of the contradictions, fitted in so many rounds."""
    for _ in range(rounds):
        weigh_rivals(pairs, fitted)
        pairs_by_model: dict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            if not pair.contradictions and not pair.is_neutral:
                pairs_by_model[pair.model].append(pair)
        fitted = {name: fit_model(model_pairs) for name, model_pairs in sorted(pairs_by_model.items())}
        fitted["vetoes"] = contradiction_weights(
            [pair for pair in pairs if pair.contradictions and not pair.is_neutral], fitted
        )
    weigh_rivals(pairs, fitted)
    return fitted


def fit_model(pairs: list[Pair]) -> dict[str, float]:
    """Weights by feature, with a bias, of one model."""
    names = ["bias", *sorted({name for pair in pairs for name in pair.features})]
    column_by_name = {name: number for number, name in enumerate(names)}
    data = np.zeros((len(pairs), len(names)))
    data[:, 0] = 1.0
    for row, pair in enumerate(pairs):
        for name, value in pair.features.items():
            data[row, column_by_name[name]] = value
    labels = np.array([pair.is_right for pair in pairs], dtype=float)
    sizes: dict[str, int] = defaultdict(int)
    for pair in pairs:
        sizes[pair.set_name] += 1
    set_weights = {
        name: REGISTRY_WEIGHTS[int(name[len(GENERATED_PREFIX) :])] if name.startswith(GENERATED_PREFIX) else 1.0
        for name in sizes
    }
    sample_weights = np.array([sizes[pair.set_name] ** -0.5 * set_weights[pair.set_name] for pair in pairs])
    sample_weights *= len(pairs) / sample_weights.sum()
    penalty = np.array([0.0 if name in ("bias", "against") else L2_PENALTY for name in names])

    def loss(weights: Any) -> Any:
        totals = data @ weights
        chance = 1.0 / (1.0 + np.exp(-np.clip(totals, -30, 30)))
        value = sample_weights @ (np.logaddexp(0, totals) - labels * totals) + 0.5 * penalty @ weights**2
        return value, data.T @ (sample_weights * (chance - labels)) + penalty * weights

    bounds = [weight_bounds(name) for name in names]
    start_weights = np.array([min(max(0.0, low if low is not None else -9.0), high if high is not None else 9.0)
                      for low, high in bounds])  # fmt: skip
    solution = minimize(loss, start_weights, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 3000})
    return {name: round(float(weight), 3) for name, weight in zip(names, solution.x, strict=True)}


def contradiction_weights(contradicted: list[Pair], fitted: ModelWeights) -> dict[str, float]:
    """The weight of each kind of contradiction.

    It is the share of wrong pairs among those the model alone expects to be right.
    """
    weights = {}
    for kind, min_weight in MIN_CONTRADICTION_WEIGHTS.items():
        kind_pairs = [pair for pair in contradicted if set(pair.contradictions) == {kind}]
        expected = sum(chance / (1.0 + chance) for chance in (pair_odds(pair, fitted) for pair in kind_pairs))
        right = sum(pair.is_right for pair in kind_pairs)
        weights[kind] = round(max(min_weight, min(0.99, 1 - (right + 0.5) / (expected + 1))), 3)
    return weights


def weight_bounds(name: str) -> tuple[float | None, float | None]:
    """The lower and upper bound of a weight; None for unbounded."""
    if name == "against":
        return -1.0, -1.0
    if name in MIN_WEIGHTS:
        return MIN_WEIGHTS[name], None
    if name in MAX_WEIGHTS or name in FALLING_FEATURES:
        return None, MAX_WEIGHTS.get(name, 0.0)
    return (0.0, None) if name in RISING_FEATURES else (None, None)


def print_reliability(pairs: list[Pair], fitted: ModelWeights) -> None:
    """Print the reliability: the share of right pairs by stated probability."""
    probabilities = [pair.chance(fitted) for pair in pairs]
    for low, high in pairwise(RELIABILITY_EDGES):
        right = [pair.is_right for pair, chance in zip(pairs, probabilities, strict=True) if low <= chance < high]
        if right:
            print(f"  {low:.2f} to {min(high, 1.0):.2f}: {len(right):6} pairs, {sum(right) / len(right):.3f} right")


def cross_validate(pairs: list[Pair], fitted: ModelWeights) -> None:
    """Score each set with weights fitted without it; textbooks are in one set only, so their weights are kept."""
    scores: dict[str, dict[str, float]] = {}
    for name in sorted({pair.set_name for pair in pairs if not pair.set_name.startswith(GENERATED_PREFIX)}):
        weights = fit_all([pair for pair in pairs if pair.set_name != name], fitted, rounds=2)
        weights = fitted | weights | {"school": fitted["school"]}
        set_pairs = [pair for pair in pairs if pair.set_name == name]
        weigh_rivals(set_pairs, weights)
        scores.update(predictions(set_pairs, weights))
    print("each set by weights fitted without it")
    print_scores(scores)


def cross_validate_families(pairs: list[Pair], fitted: ModelWeights) -> None:
    """Score each family of noise with weights fitted without it and words that never saw it.

    Textbooks are in one set only, so their weights are kept.
    """
    unseen_pairs: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.is_unseen:
            unseen_pairs[family_fold(pair.family)].append(pair)
    scores: dict[str, dict[str, float]] = {}
    for fold, fold_pairs in unseen_pairs.items():
        weights = fit_all([pair for pair in pairs if family_fold(pair.family) != fold], fitted, rounds=1)
        weights = fitted | weights | {"school": fitted["school"]}
        weigh_rivals(fold_pairs, weights)
        scores.update(predictions(fold_pairs, weights))
    print("each family by weights and words that do not know it")
    print_scores(scores)


def print_scores(scores: dict[str, dict[str, float]]) -> None:
    """Print the figures of TARGETS.md, by the benchmark's scorer."""
    sys.path.insert(0, str(DATA))
    import score_titles  # type: ignore[import-not-found]

    names = sorted(path.name for path in (DATA / "sets").iterdir())
    results = {name: score_titles.SetResult(rows(name, "queries"), scores) for name in names}
    threshold = score_titles.common_threshold(results)
    summaries = {name: result.summary() for name, result in results.items()}
    common_f1 = {name: result.at(threshold)["f1"] for name, result in results.items()}
    for name in names:
        print(f"  {name:20} {summaries[name]['f1']:.3f} {common_f1[name]:.3f} {summaries[name]['recall_at_p99']:.3f}")
    means = [sum(values) / len(CORE_SETS) for values in (
        [summaries[name]["f1"] for name in CORE_SETS], [common_f1[name] for name in CORE_SETS],
        [summaries[name]["recall_at_p99"] for name in CORE_SETS])]  # fmt: skip
    print("  core sets: own {:.4f}, one {:.4f}, recall at .99 {:.4f}".format(*means), f"threshold {threshold:.3f}")


def write_weights(fitted: ModelWeights) -> None:
    """Write weights.toml, with what it was fitted on."""
    path = ROOT / "matchers" / "titles" / "weights.toml"
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(
            "# Weights of the logistic models of scoring.py: probability = 1 / (1 + e^-(bias + weight x feature)).\n"
        )
        out.write('source = "bench/fit_titles.py, 2026-11: 17 sets of the title benchmark (development half) and ')
        out.write("generated registries, each set weighing as the square root of its rows; ")
        out.write('bounds of weights are in that script"\n')
        for channel, weights in fitted.items():
            out.write(f"\n[{channel}]\n")
            out.writelines(
                f"{json.dumps(name) if '>' in name else name} = {weight}\n" for name, weight in weights.items()
            )


if __name__ == "__main__":
    main()
