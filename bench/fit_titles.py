"""Fits matchers/titles/weights.toml: the share of right ones among pairs with the same features.

    python bench/fit_titles.py [--stream FOLDER] [--write]

Pairs are what the engine finds in all 17 sets of ../shared/bench/titles and, with --stream, in a made registry
(make_registry.py), where names are many and chance is near. A logistic map for each channel (spelled, loose, school);
each set weighs as the square root of its rows; the signs of weights are fixed where sense demands it. It is fitted on
the works of one half first and its reliability shown on the other, then on all. Needs scipy, which the program does
not.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import matchers.titles.engine as engine  # noqa: E402
from bench.titles import DATA, rows, work_of  # noqa: E402
from crawler.items import Listing, ListingKind, Work  # noqa: E402

PENALTY = 2.0
MADE = 2.0  # the made registry counts as two sets: it stands for the large registries that users have
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.01)
# Weights that may not change their sign: sense, not the sample, decides.
RISING = {"units", "begins", "ends", "framed", "leads", "all", "said", "covers", "both", "ratio", "sorted", "ahead",
          "information", "model_agrees", "all_words", "all_text", "han_ratio", "edition_agrees"}  # fmt: skip
FALLING = {"rest", "glued", "latin_rest", "bare_rest", "error", "rivals", "unsaid", "unsaid_rest", "behind",
           "model_differs", "unlike", "broken",
           "edition_differs", "edition_elsewhere", "several", "shortened", "glued_bits", "error_word", "sound",
           "missing", "extra", "replaced_kin", "replaced_foreign", "swapped", "track_differs", "short"}  # fmt: skip
# Least (most) weights set by hand: what the sets show too seldom. A veto must bring any name under the threshold.
LEAST = {"creator": 1.0, "publisher": 0.8, "year": 0.3, "short_reasoned": 1.0}
MOST = {"disguised": -0.2, "number_lost": -0.5, "number_new": -0.5,
        "edition_differs": -4.0, "edition_elsewhere": -4.0, "track_differs": -2.0, "several": -1.0}  # fmt: skip
# The least that a veto takes away, whatever the sets say: they hold few of some kinds. Chosen by hand; measured, a
# stranger takes .03 over all sets, but at .3 recall at precision .99 on zh_listings is .960 instead of .837.
DOUBTS = {"sequel": 0.93, "other_number": 0.93, "season": 0.85, "volume": 0.45, "derived": 0.9, "before": 0.8,
          "behind": 0.8, "other_creator": 0.75, "stranger": 0.3}  # fmt: skip

# set, work, features, right, kind of veto
Pair = tuple[str, str, dict[str, float], bool, str]


def main() -> None:
    """Collect, fit, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for name in sorted(path.name for path in (DATA / "sets").iterdir()):
        collect(name, [work_of(row) for row in rows(name, "registry")], rows(name, "queries"), pairs)
    if arguments.stream:
        read = {part: [json.loads(line) for line in (arguments.stream / f"{part}.jsonl").open(encoding="utf-8")]
                for part in ("registry", "queries")}  # fmt: skip
        collect("made", [work_of(row) for row in read["registry"]], read["queries"], pairs)
    fitted = {}
    vetoed = [(channel, pair) for channel, found in pairs.items() for pair in found if pair[4]]
    for channel, everything in sorted(pairs.items()):
        found = [pair for pair in everything if not pair[4]]
        half = [pair for pair in found if in_tune_half(pair[1])]
        weights = fit(half)
        print(f"{channel}: {len(found)} pairs, {sum(pair[3] for pair in found)} right; checked on the half not fitted")
        show([pair for pair in found if not in_tune_half(pair[1])], weights)
        fitted[channel] = fit(found)
    fitted["vetoes"] = doubts(vetoed, fitted)
    if arguments.write:
        write(fitted)


def collect(name: str, works: list[Work], queries: list[dict[str, Any]], pairs: dict[str, list[Pair]]) -> None:
    """The candidates for each query, neutral ones left out."""
    titles = engine.TitleEngine(works)
    for query in queries:
        gold = set(query["gold"]) if isinstance(query["gold"], list) else {query["gold"]}
        creators = (query["creator"],) if query.get("creator") else ()
        listing = Listing(platform="bench", kind=ListingKind.OFFER, url="row:1", title=query["text"], creators=creators)
        for one in titles.find([query["text"]], listing):
            work = works[one.work].id
            told = ["+".join(sorted({veto.kind for veto in one.vetoes}))]
            if work not in (query.get("ignore") or ()):
                pairs[one.channel].append((name, work, one.features, work in gold, *told))


def in_tune_half(work: str) -> bool:
    """Half of the works, by a hash of the id."""
    return zlib.crc32(work.encode()) % 2 == 0


def fit(pairs: list[Pair]) -> dict[str, float]:
    """Weights by feature, with a bias."""
    names = ["bias", *sorted({name for pair in pairs for name in pair[2]})]
    place = {name: number for number, name in enumerate(names)}
    data = np.zeros((len(pairs), len(names)))
    data[:, 0] = 1.0
    for row, pair in enumerate(pairs):
        for name, value in pair[2].items():
            data[row, place[name]] = value
    right = np.array([pair[3] for pair in pairs], dtype=float)
    sizes: dict[str, int] = defaultdict(int)
    for pair in pairs:
        sizes[pair[0]] += 1
    worth = np.array([sizes[pair[0]] ** -0.5 * (MADE if pair[0] == "made" else 1.0) for pair in pairs])
    worth *= len(pairs) / worth.sum()
    penalty = np.full(len(names), PENALTY)
    penalty[0] = 0.0

    def loss(weights: Any) -> Any:
        totals = data @ weights
        chance = 1.0 / (1.0 + np.exp(-np.clip(totals, -30, 30)))
        value = worth @ (np.logaddexp(0, totals) - right * totals) + 0.5 * penalty @ weights**2
        return value, data.T @ (worth * (chance - right)) + penalty * weights

    bounds = [bound(name) for name in names]
    start = np.array([min(max(0.0, low if low is not None else -9.0), high if high is not None else 9.0)
                      for low, high in bounds])  # fmt: skip
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 3000})
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x, strict=True)}


def doubts(vetoed: list[tuple[str, Pair]], fitted: dict[str, dict[str, float]]) -> dict[str, float]:
    """What each kind of veto takes away: of the pairs that the map without it expects to be right, so many are not."""
    found = {}
    for kind, least in DOUBTS.items():
        alone = [(channel, pair) for channel, pair in vetoed if pair[4] == kind]
        expected = sum(chance_of(pair[2], fitted[channel]) for channel, pair in alone)
        right = sum(pair[3] for _, pair in alone)
        found[kind] = round(max(least, min(0.99, 1 - (right + 0.5) / (expected + 1))), 3)
        print(f"veto {kind}: {len(alone)} pairs, {expected:.0f} expected right, {right} were: {found[kind]}")
    return found


def chance_of(features: dict[str, float], weights: dict[str, float]) -> float:
    """The probability that weights give to features."""
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return float(1 / (1 + np.exp(-np.clip(total, -30, 30))))


def bound(name: str) -> tuple[float | None, float | None]:
    """The range of a weight."""
    if name in LEAST:
        return LEAST[name], None
    if name in MOST or name in FALLING:
        return None, MOST.get(name, 0.0)
    return (0.0, None) if name in RISING else (None, None)


def show(pairs: list[Pair], weights: dict[str, float]) -> None:
    """Reliability: by stated probability the share of right ones."""
    stated = [chance_of(pair[2], weights) for pair in pairs]
    for low, high in pairwise(EDGES):
        right = [pair[3] for pair, chance in zip(pairs, stated, strict=True) if low <= chance < high]
        if right:
            print(f"  {low:.2f} to {min(high, 1.0):.2f}: {len(right):6} pairs, {sum(right) / len(right):.3f} right")


def write(fitted: dict[str, dict[str, float]]) -> None:
    """weights.toml, with what it was fitted on."""
    path = ROOT / "matchers" / "titles" / "weights.toml"
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(
            "# Weights of the logistic maps of evidence.py: probability = 1 / (1 + e^-(bias + weight x feature)).\n"
        )
        out.write(
            'source = "bench/fit_titles.py, 2026-11: 17 sets of the title benchmark (development half) and a made '
        )
        out.write('registry, each set weighing as the square root of its rows; bounds of weights are in that script"\n')
        for channel, weights in fitted.items():
            out.write(f"\n[{channel}]\n")
            out.writelines(f"{name} = {weight}\n" for name, weight in weights.items())


if __name__ == "__main__":
    main()
