"""Fit the weights of grounds (matchers/weights.toml) to the sets of fixtures/offers that may be looked at, and to the
real listings of ../shared/bench/offers-real whose sources may be read.

    python bench/fit_offence.py [--write]

The prior of a ground is the weight that it is declared with (matchers.matcher.Ground), that of a start is in
START_PRIOR: what each was thought to mean before any row was seen. Rows that are not the work or are licensed are
excluded: the weights answer "infringing, if it is the work".
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import evolve
from scipy.optimize import minimize_scalar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.offers import VISIBLE_SETS, AssessedRow, assess_rows  # noqa: E402
from crawler.items import Finding, Question  # noqa: E402
from matchers.catalogue import check_weights, declared_weights  # noqa: E402
from matchers.decision import offence_terms  # noqa: E402
from matchers.fitting import JudgedExample, fit_weights  # noqa: E402
from matchers.weights import Weights, default_weights  # noqa: E402

WEIGHTS_FILE = ROOT / "matchers" / "weights.toml"
START_PRIOR = {"offer": -2.0, "share": 1.0, "app": -1.5, "post": -2.5}  # log odds of an offer of which nothing is said
MAX_SHARPNESS = 1.8  # the most that weights are multiplied by, whatever a few sets say: probabilities stay below .99
UNDECIDED_WEIGHT = 2.0  # weight in rows of each of the four undecidable ones, on either side; an estimate
OTHER_WORK_SETS = ("other-edition", "namesake")


def prior_weights() -> Weights:
    """The weights that a fit starts from; the rest of the set as it ships."""
    return evolve(default_weights(), start=START_PRIOR, grounds=declared_weights())


def training_examples(rows: list[AssessedRow]) -> Iterator[JudgedExample]:
    """The rows that can be learned from, with the terms of their sums."""
    weights = prior_weights()
    for row in rows:
        if row.row["set"] not in OTHER_WORK_SETS and row.work_assessment is not None:
            findings = row.work_assessment.findings
            yield from judged_examples(findings, row.listing.kind.value, row.row["expected"], weights)


def judged_examples(
    findings: Sequence[Finding], channel: str, expected: str, weights: Weights
) -> Iterator[JudgedExample]:
    """What one pair teaches that is the work: nothing if it is licensed, or infringes without any ground found; one
    example on either side if nobody can decide (`expected` is review), else one.
    """
    if expected == "licensed":
        return
    if expected == "hit" and not any(finding.question is Question.OFFENCE for finding in findings):
        return
    strengths = {term.ground: term.strength for term in offence_terms(findings, channel, weights)}
    if expected == "review":  # half of such offers are thought to infringe
        yield from (
            JudgedExample(terms=strengths, infringing=either, sample_weight=UNDECIDED_WEIGHT)
            for either in (True, False)
        )
    else:
        yield JudgedExample(terms=strengths, infringing=expected == "hit")


def real_half_examples() -> list[JudgedExample]:
    """Those of the real rows that may be fitted on (bench/offers_real.py); none where the data is not there."""
    from bench import offers_real  # it imports this module

    if not offers_real.DATA.is_dir():
        print(f"{offers_real.DATA} is not there: fitted on fixtures alone")
        return []
    return list(offers_real.real_examples(offers_real.assess_half("fit"), prior_weights()))


def held_out_sharpness(sets: Sequence[Sequence[JudgedExample]], prior: Mapping[str, float]) -> float:
    """What log odds must be multiplied by to be calibrated on a set that the weights were not fitted on.

    The prior holds weights back, and undecidable rows do more so: what is stated as .75 was right in .97. So each set
    is judged by the weights of all others; its undecidable rows are left out, as nobody can say what is right there.
    """
    totals: list[float] = []
    answers: list[bool] = []
    for number, held_out in enumerate(sets):
        weights = fit_weights([row for other, rows in enumerate(sets) if other != number for row in rows], prior)
        decided = [example for example in held_out if example.sample_weight != UNDECIDED_WEIGHT]
        totals += [sum(weights.get(name, 0.0) * value for name, value in example.terms.items()) for example in decided]
        answers += [example.infringing for example in decided]
    log_odds, truth = np.array(totals), np.array(answers, dtype=float)

    def loss(factor: float) -> float:
        return float((np.logaddexp(0.0, factor * log_odds) - truth * factor * log_odds).sum())

    return float(minimize_scalar(loss, bounds=(0.2, 5.0), method="bounded").x)


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    check_weights(default_weights(), WEIGHTS_FILE.name)
    prior = prior_weights().prior()
    sets = [list(training_examples(list(assess_rows(name)))) for name in VISIBLE_SETS]
    sets.append(real_half_examples())
    examples = [example for examples in sets for example in examples]
    sharpness = min(MAX_SHARPNESS, held_out_sharpness(sets, prior))
    print(f"sharpness {sharpness:.2f}")
    weights = {name: round(sharpness * value, 3) for name, value in fit_weights(examples, prior).items()}
    for name, value in weights.items():
        row_count = sum(name in example.terms for example in examples)
        print(f"{name:24} {prior[name]:6.2f} -> {value:6.2f}   in {row_count} rows")
    if arguments.write:
        WEIGHTS_FILE.write_text(
            replace_weights(WEIGHTS_FILE.read_text(encoding="utf-8"), weights, len(examples)), encoding="utf-8"
        )


def replace_weights(text: str, weights: dict[str, float], count: int) -> str:
    """`text` of weights.toml with its weights and its source replaced, everything else unchanged."""
    priors = declared_weights()
    tables = {
        "start": {name: weights[f"start_{name}"] for name in START_PRIOR},
        "for": {name: weights[name] for name in sorted(priors) if priors[name] >= 0},
        "against": {name: weights[name] for name in sorted(priors) if priors[name] < 0},
    }
    lines: list[str] = []
    table = ""
    for line in text.splitlines():
        if line.startswith("["):
            table = line.strip("[]")
            lines += [line, *(f"{name} = {weight}" for name, weight in tables.get(table, {}).items())]
        elif line.startswith("source = "):
            sets = f"{', '.join(VISIBLE_SETS)} of fixtures/offers and of real listings"
            source = f"bench/fit_offence.py on {count} rows of {sets}"
            lines.append(f'source = "{source}, priors as declared by matchers/offence"')
        elif table not in tables or " = " not in line:
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
