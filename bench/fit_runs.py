"""Fit matchers/titles/run_kinds.npy: what a run of unknown text beside a name does (matchers/titles/run_kinds.py).

    python bench/fit_runs.py [--write]

Examples of sellers' chatter and of words for works about a title are the project's own lists (words.csv of titles,
the lexicon of signals); examples of titles are pieces of the titles and names in ../shared/bench/titles. Only hashed
weights are kept. A tenth of the examples is left out and judged by a fit without them, printed as a table. Needs scipy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.titles import DATA, rows  # noqa: E402
from crawler.text import fold, is_han  # noqa: E402
from matchers.signals.lexicon import load_lexicon  # noqa: E402
from matchers.titles.run_kinds import HASH_SLOTS, RUN_KINDS, WEIGHT_STEP, run_slots  # noqa: E402

# Areas of the lists by what their words do beside a name; those of other areas are left out.
AREA_KINDS = {
    "noise": "chatter", "crack": "chatter", "handover": "chatter", "used": "chatter", "copy": "chatter",
    "file": "chatter", "account": "chatter", "rip": "chatter", "drive": "chatter", "counterfeit": "chatter",
    "virtual": "chatter", "stream": "chatter", "original": "chatter", "shop": "chatter", "burned": "chatter",
    "bundle": "chatter", "wholesale": "chatter", "print": "chatter", "new": "chatter", "library": "chatter",
    "derived": "about", "behind": "about", "before": "about", "sequel": "about", "merch": "about", "review": "about",
    "companion": "about", "news": "about",
}  # fmt: skip
TITLE_PIECE_COUNT = 12_000
L2_PENALTY = 0.3
SEED = 18

Examples = list[tuple[str, int]]


def main() -> None:
    """Fit, show, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    examples = all_examples()
    Random(SEED).shuffle(examples)
    tenth = len(examples) // 10
    weights = fit_weights(examples[tenth:])
    print_table(examples[:tenth], weights)
    if arguments.write:
        np.save(ROOT / "matchers" / "titles" / "run_kinds.npy", quantise(fit_weights(examples)), allow_pickle=False)


def all_examples(excluded_words: Collection[str] = ()) -> Examples:
    """(run, index of its kind) of all examples, without the folded words that are excluded."""
    examples = [(word, RUN_KINDS.index(kind)) for word, kind in list_words().items() if word not in excluded_words]
    return examples + [(piece, 0) for piece in title_pieces()]


def list_words() -> dict[str, str]:
    """The folded words of the project's lists and their kinds; a word with two kinds is left out."""
    kinds: dict[str, str] = {}
    for package, file in (("matchers.titles", "words.csv"), ("matchers.signals", "lexicon")):
        for word in load_lexicon(package, file).words():
            kind = AREA_KINDS.get(word.area)
            if kind:
                folded = fold(word.text)
                kinds[folded] = kind if kinds.get(folded, kind) == kind else ""
    return {word: kind for word, kind in kinds.items() if kind}


def title_pieces() -> list[str]:
    """Random pieces of titles, and names of creators and publishers, of all sets."""
    random = Random(SEED)
    names: dict[str, None] = {}
    for path in sorted((DATA / "sets").iterdir()):
        for row in rows(path.name, "registry"):
            names.update(dict.fromkeys(map(fold, (row["title"], *(row.get("creators") or ())))))
    pieces = []
    for name in random.sample(list(names), min(TITLE_PIECE_COUNT, len(names))):
        words = list(name) if name and is_han(name[0]) else name.split()
        if words:
            first = random.randrange(len(words))
            piece = words[first : first + random.randint(1, 6)]
            pieces.append(("" if is_han(name[0]) else " ").join(piece))
    return pieces


def fit_weights(examples: Examples) -> Any:
    """Weights by slot and kind of a softmax model; each kind has the same weight in all."""
    slots = [sorted(set(run_slots(run))) for run, _ in examples]
    indptr = np.cumsum([0, *map(len, slots)])
    indices = np.array([slot for run in slots for slot in run])
    data: Any = csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(examples), HASH_SLOTS))
    labels = np.array([kind for _, kind in examples])
    counts = np.bincount(labels, minlength=len(RUN_KINDS))
    sample_weights = (len(examples) / len(RUN_KINDS) / counts)[labels]
    targets = np.eye(len(RUN_KINDS))[labels]

    def loss(flat: Any) -> Any:
        weights = flat.reshape(HASH_SLOTS, len(RUN_KINDS))
        totals = data @ weights
        totals -= totals.max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(totals).sum(axis=1))
        chances = np.exp(totals - log_sums[:, None])
        value = sample_weights @ (log_sums - totals[np.arange(len(labels)), labels]) + 0.5 * L2_PENALTY * flat @ flat
        return value, (data.T @ (sample_weights[:, None] * (chances - targets))).ravel() + L2_PENALTY * flat

    solution = minimize(
        loss, np.zeros(HASH_SLOTS * len(RUN_KINDS)), jac=True, method="L-BFGS-B", options={"maxiter": 60}
    )
    return solution.x.reshape(HASH_SLOTS, len(RUN_KINDS))


def quantise(weights: Any) -> Any:
    """The weights in whole steps of WEIGHT_STEP."""
    return np.clip(np.round(weights / WEIGHT_STEP), -127, 127).astype(np.int8)


def print_table(examples: Examples, weights: Any) -> None:
    """Print how many examples of each kind are taken for which."""
    counts = np.zeros((len(RUN_KINDS), len(RUN_KINDS)), dtype=int)
    for run, kind in examples:
        counts[kind, weights[sorted(set(run_slots(run)))].sum(axis=0).argmax()] += 1
    for name, row in zip(RUN_KINDS, counts, strict=True):
        print(f"{name:8}", " ".join(f"{other} {count}" for other, count in zip(RUN_KINDS, row, strict=True)))


if __name__ == "__main__":
    main()
