"""Fits the weights of grounds (matchers/weights.toml) to the sets of fixtures/offers that may be looked at.

    python bench/fit_offence.py [--write]

The prior of a ground is the weight that it is declared with (matchers.matcher.Ground), that of a start is in
START_PRIOR: what each was thought to mean before a row was seen. Rows that are not the work or that are licensed do not
take part: the weights answer "infringing, if it is the work".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import evolve

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.offers import SEEN, Judged, judged  # noqa: E402
from matchers.catalogue import check_weights, declared_weights  # noqa: E402
from matchers.decision import offence_terms  # noqa: E402
from matchers.fitting import JudgedExample, fit_weights  # noqa: E402
from matchers.weights import WEIGHTS_FILE, Weights, default_weights  # noqa: E402

FILE = ROOT / "matchers" / WEIGHTS_FILE
START_PRIOR = {"offer": -2.0, "share": 1.0, "app": -1.5, "post": -2.5}  # log odds of an offer of which nothing is said
UNDECIDED = 2.0  # rows that each of the four undecidable ones stands for, on either side; estimate
NOT_THE_WORK = ("other-edition", "namesake")


def prior_weights() -> Weights:
    """The weights that a fit starts from; the rest of the set as it ships."""
    return evolve(default_weights(), start=START_PRIOR, grounds=declared_weights())


def examples(rows: list[Judged]) -> Iterator[JudgedExample]:
    """The rows that can teach, with what was in their sums."""
    weights = prior_weights()
    for row in rows:
        expected = row.row["expected"]
        if expected == "licensed" or row.row["set"] in NOT_THE_WORK or row.told is None:
            continue
        if not any(one.question.value == "offence" for one in row.told.findings) and expected == "hit":
            continue
        terms = offence_terms(row.told.findings, row.listing.kind.value, weights)
        strengths = {term.ground: term.strength for term in terms}
        if expected == "review":  # nobody can decide: half of such offers are thought to infringe
            yield from (
                JudgedExample(terms=strengths, infringing=either, sample_weight=UNDECIDED) for either in (True, False)
            )
        else:
            yield JudgedExample(terms=strengths, infringing=expected == "hit")


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    check_weights(default_weights(), WEIGHTS_FILE)
    before = prior_weights().prior()
    teaching = list(examples([row for name in SEEN for row in judged(name)]))
    found = fit_weights(teaching, before)
    for name, value in found.items():
        print(f"{name:24} {before[name]:6.2f} -> {value:6.2f}   in {sum(name in one.terms for one in teaching)} rows")
    if asked.write:
        FILE.write_text(written(FILE.read_text(encoding="utf-8"), found, len(teaching)), encoding="utf-8")


def written(text: str, weights: dict[str, float], count: int) -> str:
    """The file with its weights and its source replaced, all else as it is."""
    starts = {name: weights[f"start_{name}"] for name in START_PRIOR}
    grounds = dict(sorted((name, weight) for name, weight in weights.items() if name in declared_weights()))
    is_against = {name: weight < 0 for name, weight in declared_weights().items()}
    tables = {
        "start": starts,
        "for": {name: weight for name, weight in grounds.items() if not is_against[name]},
        "against": {name: weight for name, weight in grounds.items() if is_against[name]},
    }
    lines: list[str] = []
    table = ""
    for line in text.splitlines():
        if line.startswith("["):
            table = line.strip("[]")
            lines += [line, *(f"{name} = {weight}" for name, weight in tables.get(table, {}).items())]
        elif line.startswith("source = "):
            told = f"bench/fit_offence.py on {count} rows of {', '.join(SEEN)} of fixtures/offers"
            lines.append(f'source = "{told}, priors as declared by matchers/offence"')
        elif table not in tables or " = " not in line:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
