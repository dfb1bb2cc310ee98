"""Fit the weights of grounds (matchers/weights.toml) to the sets of fixtures/offers that may be looked at.

    python bench/fit_offence.py [--write]

The prior is PRIOR below: what each ground was thought to mean before any row was seen. Rows that are not the work or
are licensed are excluded: the weights answer "infringing, if it is the work".
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.offers import SEEN, Judged, judged  # noqa: E402
from matchers.decision import offence_terms  # noqa: E402
from matchers.fitting import JudgedExample, fit_weights  # noqa: E402
from matchers.weights import read_weights  # noqa: E402

FILE = ROOT / "matchers" / "weights.toml"
PRIOR = ROOT / "bench" / "offence_prior.toml"
UNDECIDED = 2.0  # weight in rows of each of the four undecidable ones, on either side; an estimate
NOT_THE_WORK = ("other-edition", "namesake")


def examples(rows: list[Judged]) -> Iterator[JudgedExample]:
    """The rows that can be learned from, with the terms of their sums."""
    weights = read_weights(tomllib.loads(PRIOR.read_text(encoding="utf-8")), PRIOR.name)
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
    prior = tomllib.loads(PRIOR.read_text(encoding="utf-8"))
    before = {f"start_{name}": value for name, value in prior["start"].items()} | prior["for"] | prior["against"]
    teaching = list(examples([row for name in SEEN for row in judged(name)]))
    found = fit_weights(teaching, before)
    for name, value in found.items():
        print(f"{name:24} {before[name]:6.2f} -> {value:6.2f}   in {sum(name in one.terms for one in teaching)} rows")
    if asked.write:
        FILE.write_text(written(FILE.read_text(encoding="utf-8"), found, len(teaching)), encoding="utf-8")


def written(text: str, weights: dict[str, float], count: int) -> str:
    """`text` of weights.toml with its weights and its source replaced, everything else unchanged."""
    lines = []
    table = ""
    for line in text.splitlines():
        name = line.split(" = ")[0]
        if line.startswith("["):
            table = line.strip("[]")
        key = f"start_{name}" if table == "start" else name
        if line.startswith("source = "):
            told = f"bench/fit_offence.py on {count} rows of {', '.join(SEEN)} of fixtures/offers"
            line = f'source = "{told}, prior of bench/offence_prior.toml"'
        elif table in ("start", "for", "against") and key in weights:
            line = f"{name} = {weights[key]}"
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
