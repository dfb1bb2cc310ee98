"""Fit the weights of grounds (matchers/weights.toml) to the sets of fixtures/offers that may be looked at.

    python bench/fit_offence.py [--write]

The prior is offence_prior.toml (PRIOR_FILE): what each ground was thought to mean before any row was seen. Rows that
are not the work or are licensed are excluded: the weights answer "infringing, if it is the work".
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.offers import VISIBLE_SETS, AssessedRow, assess_rows  # noqa: E402
from matchers.decision import offence_terms  # noqa: E402
from matchers.fitting import JudgedExample, fit_weights  # noqa: E402
from matchers.weights import read_weights  # noqa: E402

WEIGHTS_FILE = ROOT / "matchers" / "weights.toml"
PRIOR_FILE = ROOT / "bench" / "offence_prior.toml"
UNDECIDED_WEIGHT = 2.0  # weight in rows of each of the four undecidable ones, on either side; an estimate
OTHER_WORK_SETS = ("other-edition", "namesake")


def training_examples(rows: list[AssessedRow]) -> Iterator[JudgedExample]:
    """The rows that can be learned from, with the terms of their sums."""
    weights = read_weights(tomllib.loads(PRIOR_FILE.read_text(encoding="utf-8")), PRIOR_FILE.name)
    for row in rows:
        expected = row.row["expected"]
        if expected == "licensed" or row.row["set"] in OTHER_WORK_SETS or row.work_assessment is None:
            continue
        if (
            not any(finding.question.value == "offence" for finding in row.work_assessment.findings)
            and expected == "hit"
        ):
            continue
        terms = offence_terms(row.work_assessment.findings, row.listing.kind.value, weights)
        strengths = {term.ground: term.strength for term in terms}
        if expected == "review":  # nobody can decide: half of such offers are thought to infringe
            yield from (
                JudgedExample(terms=strengths, infringing=either, sample_weight=UNDECIDED_WEIGHT)
                for either in (True, False)
            )
        else:
            yield JudgedExample(terms=strengths, infringing=expected == "hit")


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    prior = tomllib.loads(PRIOR_FILE.read_text(encoding="utf-8"))
    prior_weights = {f"start_{name}": value for name, value in prior["start"].items()} | prior["for"] | prior["against"]
    examples = list(training_examples([row for name in VISIBLE_SETS for row in assess_rows(name)]))
    weights = fit_weights(examples, prior_weights)
    for name, value in weights.items():
        row_count = sum(name in example.terms for example in examples)
        print(f"{name:24} {prior_weights[name]:6.2f} -> {value:6.2f}   in {row_count} rows")
    if arguments.write:
        WEIGHTS_FILE.write_text(
            replace_weights(WEIGHTS_FILE.read_text(encoding="utf-8"), weights, len(examples)), encoding="utf-8"
        )


def replace_weights(text: str, weights: dict[str, float], count: int) -> str:
    """`text` of weights.toml with its weights and its source replaced, everything else unchanged."""
    lines = []
    table = ""
    for line in text.splitlines():
        name = line.split(" = ")[0]
        if line.startswith("["):
            table = line.strip("[]")
        key = f"start_{name}" if table == "start" else name
        if line.startswith("source = "):
            source = f"bench/fit_offence.py on {count} rows of {', '.join(VISIBLE_SETS)} of fixtures/offers"
            line = f'source = "{source}, prior of bench/offence_prior.toml"'
        elif table in ("start", "for", "against") and key in weights:
            line = f"{name} = {weights[key]}"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
