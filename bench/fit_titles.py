"""Fit matchers/titles/weights.toml: the share of right ones among pairs with the same features.

    python bench/fit_titles.py --stream FOLDER [--stream FOLDER ..] [--apart] [--write]

Pairs are what the title matcher finds in all 17 sets of ../shared/bench/titles and in generated registries
(make_registry.py), where names are many and chance matches likely. One logistic model per kind of pair
(matchers.titles.features.model_of, loose, school); each set has the square root of the number of its pairs as weight;
the signs of weights are fixed where common sense demands it. Rivals and weights are computed alternately. --apart fits
without each set in turn and scores the set with those weights, which shows what to expect of unseen sets. Needs scipy,
which the program itself does not.
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

from bench.title_pairs import MADE, Pair, every_pair, predictions, total_odds, weigh_rivals  # noqa: E402
from bench.titles import CORE, DATA, rows  # noqa: E402
from matchers.titles.scoring import model_weights  # noqa: E402

PENALTY = 1.0
TURNS = 3
# How many sets each of the generated registries (of 10,000, 100,000 and 1,000,000 works) counts for: they represent the
# large registries that users have.
COUNTS = (2.0, 4.0, 8.0)
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01)
# Weights whose sign is fixed by common sense, not by the sample.
RISING = {"units", "framed", "leads", "all", "said", "covers", "both", "ratio", "sorted", "ahead", "information",
          "model_agrees", "all_words", "all_text", "han_ratio", "edition_agrees", "segment", "released", "heads_slot",
          "same_first", "same_last", "shared"}  # fmt: skip
FALLING = {"rest", "error", "behind", "model_differs", "unlike", "broken", "edition_differs", "edition_elsewhere",
           "several", "shortened", "error_word", "sound", "missing", "extra", "replaced_kin", "replaced_foreign",
           "swapped", "track_differs", "short", "outside", "other_subtitle", "other_note", "noted", "before_run",
           "behind_run", "elsewhere", "new", "before_small", "behind_small", "crowd", "crowd_rest"}  # fmt: skip
# Lower (upper) bounds of weights, set by hand: the sets show these too seldom. A veto must bring any name under the
# threshold.
LEAST = {"creator": 1.0, "publisher": 0.8, "year": 0.3, "short_reasoned": 1.0}
MOST = {"disguised": -0.2, "number_lost": -0.5, "number_new": -0.5,
        "edition_differs": -4.0, "edition_elsewhere": -4.0, "track_differs": -2.0, "several": -1.0}  # fmt: skip
# The least that a veto takes away, whatever the sets show, as some kinds are rare in them. Chosen by hand.
DOUBTS = {"sequel": 0.93, "other_number": 0.93, "season": 0.85, "volume": 0.45, "derived": 0.9, "before": 0.8,
          "behind": 0.8, "other_creator": 0.75, "stranger": 0.3}  # fmt: skip

Fitted = dict[str, dict[str, float]]


def main() -> None:
    """Collect, fit, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", type=Path, required=True, action="append")
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    pairs = every_pair(arguments.stream)
    fitted = fit_all(pairs, start())
    for name in fitted:
        found = [pair for pair in pairs if pair.map == name and not pair.vetoes and not pair.is_neutral]
        if not found:
            continue
        print(f"{name}: {len(found)} pairs, {sum(pair.is_right for pair in found)} right")
        show(found, fitted)
    print("all sets fitted")
    score(predictions(pairs, fitted))
    if arguments.apart:
        apart(pairs, fitted)
    if arguments.write:
        write(fitted)


def start() -> Fitted:
    """The stored weights."""
    return {name: dict(weights) for name, weights in model_weights().items()}


def fit_all(pairs: list[Pair], fitted: Fitted, turns: int = TURNS) -> Fitted:
    """Weights of all models and of the vetoes, fitted in `turns` rounds."""
    for _ in range(turns):
        weigh_rivals(pairs, fitted)
        plain: dict[str, list[Pair]] = defaultdict(list)
        for pair in pairs:
            if not pair.vetoes and not pair.is_neutral:
                plain[pair.map].append(pair)
        fitted = {name: fit(found) for name, found in sorted(plain.items())}
        fitted["vetoes"] = doubts([pair for pair in pairs if pair.vetoes and not pair.is_neutral], fitted)
    weigh_rivals(pairs, fitted)
    return fitted


def fit(pairs: list[Pair]) -> dict[str, float]:
    """Weights by feature, with a bias, of one model."""
    names = ["bias", *sorted({name for pair in pairs for name in pair.features})]
    place = {name: number for number, name in enumerate(names)}
    data = np.zeros((len(pairs), len(names)))
    data[:, 0] = 1.0
    for row, pair in enumerate(pairs):
        for name, value in pair.features.items():
            data[row, place[name]] = value
    right = np.array([pair.is_right for pair in pairs], dtype=float)
    sizes: dict[str, int] = defaultdict(int)
    for pair in pairs:
        sizes[pair.of_set] += 1
    counts = {name: COUNTS[int(name[len(MADE) :])] if name.startswith(MADE) else 1.0 for name in sizes}
    worth = np.array([sizes[pair.of_set] ** -0.5 * counts[pair.of_set] for pair in pairs])
    worth *= len(pairs) / worth.sum()
    penalty = np.array([0.0 if name in ("bias", "against") else PENALTY for name in names])

    def loss(weights: Any) -> Any:
        totals = data @ weights
        chance = 1.0 / (1.0 + np.exp(-np.clip(totals, -30, 30)))
        value = worth @ (np.logaddexp(0, totals) - right * totals) + 0.5 * penalty @ weights**2
        return value, data.T @ (worth * (chance - right)) + penalty * weights

    bounds = [bound(name) for name in names]
    first = np.array([min(max(0.0, low if low is not None else -9.0), high if high is not None else 9.0)
                      for low, high in bounds])  # fmt: skip
    found = minimize(loss, first, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 3000})
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x, strict=True)}


def doubts(vetoed: list[Pair], fitted: Fitted) -> dict[str, float]:
    """What each kind of veto takes away: the share of wrong pairs among those the model alone expects to be right."""
    found = {}
    for kind, least in DOUBTS.items():
        alone = [pair for pair in vetoed if set(pair.vetoes) == {kind}]
        expected = sum(chance / (1.0 + chance) for chance in (total_odds(pair, fitted) for pair in alone))
        right = sum(pair.is_right for pair in alone)
        found[kind] = round(max(least, min(0.99, 1 - (right + 0.5) / (expected + 1))), 3)
    return found


def bound(name: str) -> tuple[float | None, float | None]:
    """The lower and upper bound of a weight; None for unbounded."""
    if name == "against":
        return -1.0, -1.0
    if name in LEAST:
        return LEAST[name], None
    if name in MOST or name in FALLING:
        return None, MOST.get(name, 0.0)
    return (0.0, None) if name in RISING else (None, None)


def show(pairs: list[Pair], fitted: Fitted) -> None:
    """Print the reliability: the share of right pairs by stated probability."""
    stated = [pair.chance(fitted) for pair in pairs]
    for low, high in pairwise(EDGES):
        right = [pair.is_right for pair, chance in zip(pairs, stated, strict=True) if low <= chance < high]
        if right:
            print(f"  {low:.2f} to {min(high, 1.0):.2f}: {len(right):6} pairs, {sum(right) / len(right):.3f} right")


def apart(pairs: list[Pair], fitted: Fitted) -> None:
    """Score each set with weights fitted without it; textbooks are in one set only, so their weights are kept."""
    found: dict[str, dict[str, float]] = {}
    for name in sorted({pair.of_set for pair in pairs if not pair.of_set.startswith(MADE)}):
        weights = fit_all([pair for pair in pairs if pair.of_set != name], fitted, turns=2)
        weights = fitted | weights | {"school": fitted["school"]}
        own = [pair for pair in pairs if pair.of_set == name]
        weigh_rivals(own, weights)
        found.update(predictions(own, weights))
    print("each set by weights fitted without it")
    score(found)


def score(found: dict[str, dict[str, float]]) -> None:
    """Print the figures of TARGETS.md, by the benchmark's scorer."""
    sys.path.insert(0, str(DATA))
    import score_titles  # type: ignore[import-not-found]

    names = sorted(path.name for path in (DATA / "sets").iterdir())
    results = {name: score_titles.SetResult(rows(name, "queries"), found) for name in names}
    threshold = score_titles.common_threshold(results)
    own = {name: result.summary() for name, result in results.items()}
    one = {name: result.at(threshold)["f1"] for name, result in results.items()}
    for name in names:
        print(f"  {name:20} {own[name]['f1']:.3f} {one[name]:.3f} {own[name]['recall_at_p99']:.3f}")
    means = [sum(values) / len(CORE) for values in (
        [own[name]["f1"] for name in CORE], [one[name] for name in CORE],
        [own[name]["recall_at_p99"] for name in CORE])]  # fmt: skip
    print("  core sets: own {:.4f}, one {:.4f}, recall at .99 {:.4f}".format(*means), f"threshold {threshold:.3f}")


def write(fitted: Fitted) -> None:
    """Write weights.toml, with what it was fitted on."""
    path = ROOT / "matchers" / "titles" / "weights.toml"
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(
            "# Weights of the logistic maps of weights.py: probability = 1 / (1 + e^-(bias + weight x feature)).\n"
        )
        out.write('source = "bench/fit_titles.py, 2026-11: 17 sets of the title benchmark (development half) and made ')
        out.write(
            'registries, each set weighing as the square root of its rows; bounds of weights are in that script"\n'
        )
        for channel, weights in fitted.items():
            out.write(f"\n[{channel}]\n")
            out.writelines(
                f"{json.dumps(name) if '>' in name else name} = {weight}\n" for name, weight in weights.items()
            )


if __name__ == "__main__":
    main()
