"""Train the model that tells what each clause of a listing does (matchers/signals/clauses.npz), and measure it.

    python bench/fit_clauses.py            # cross-validated by source: accuracy, reliability, what was tried
    python bench/fit_clauses.py --write    # train on all labels and write the model

The labels are in bench/clause_labels.csv: set, row id, field, number of the clause in the field, digest of its text,
kind and evidence. Their texts are read from ../shared/bench/offers-real (rows of the sources that may be read) and
fixtures/offers; a label whose text is not there is left out and counted. `second_kind` is another reader's label.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crawler.text import fold  # noqa: E402
from matchers.signals.clauses import (  # noqa: E402
    HASH_BITS,
    ClauseKind,
    Evidence,
    HashedClauses,
    Head,
    context_features,
    position_features,
    softmax,
    split_clauses,
)

LABELS = ROOT / "bench" / "clause_labels.csv"
REAL = ROOT.parent / "shared" / "bench" / "offers-real"
MODEL = ROOT / "matchers" / "signals" / "clauses.npz"
FIXTURE_SETS = ("tune", "others-a", "others-d", "market-a")
GRAM_PENALTY, CONTEXT_PENALTY = 0.1, 1.0  # of squared weights; of .05, .15, .5 and 1, 10 no other was better
MAX_STEPS = 80  # of the optimiser; the log loss on unseen sources no longer changes in the third digit
INNER_FOLDS = 4  # groups of fields for the scores that the second step is fitted on
MIN_GRAM_CLAUSES = 2  # an n-gram of one labelled clause says nothing of others
INT8_LIMIT = 127
QUESTIONS = {"kind": ClauseKind, "evidence": Evidence}  # by the columns of the labels
UNLABELLED = -1
RELIABILITY_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 1.01)

FloatArray = NDArray[np.float64]


@frozen(kw_only=True)
class LabelledField:
    """All clauses of one field of a row, folded, and the answers of those that are labelled (others: UNLABELLED)."""

    source: str
    in_title: bool
    clauses: tuple[str, ...]
    answers: tuple[int, ...]


FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def text_digest(text: str) -> str:
    """What stands in the labels for the text of a clause."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_rows() -> dict[tuple[str, str], dict[str, str]]:
    """The listings that labels may be of, by set and id."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name in FIXTURE_SETS:
        path = ROOT / "fixtures" / "offers" / f"{name}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                rows.update(((name, row["id"]), row) for row in map(json.loads, lines))
    if REAL.is_dir():
        with (REAL / "offers.jsonl").open(encoding="utf-8") as lines:
            rows.update((("real", row["id"]), row) for row in map(json.loads, lines))
        with gzip.open(REAL / "bulk_offers.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows.update((("bulk", row["id"]), row) for row in map(json.loads, lines))
    return rows


def read_labels(rows: Mapping[tuple[str, str], Mapping[str, str]], column: str) -> tuple[list[LabelledField], int]:
    """The fields labelled in a column of QUESTIONS, and the number of labels without their text."""
    question = QUESTIONS[column]
    fields, missing = [], 0
    with LABELS.open(encoding="utf-8", newline="") as file:
        table = [row for row in csv.DictReader(file) if row[column]]
    for (name, row_id, field), group in groupby(table, lambda row: (row["set"], row["row"], row["field"])):
        labels = list(group)
        text = rows.get((name, row_id), {}).get(field) or ""
        clauses = tuple(text[start:end] for start, end in split_clauses(text))
        answers = [UNLABELLED] * len(clauses)
        for label in labels:
            number = int(label["clause"])
            if number < len(clauses) and text_digest(clauses[number]) == label["digest"]:
                answers[number] = question[label[column].upper()]
            else:
                missing += 1
        if any(answer != UNLABELLED for answer in answers):
            source, in_title = labels[0]["source"], field == "title"
            folded = tuple(map(fold, clauses))
            fields.append(LabelledField(source=source, in_title=in_title, clauses=folded, answers=tuple(answers)))
    return fields, missing


def fit_softmax(features: csr_matrix | FloatArray, answers: IntArray, count: int, penalty: float) -> FloatArray:
    """Weights (features, count) of the multinomial logistic regression with a squared penalty."""
    width = features.shape[1]
    truth = np.eye(count)[answers]

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        weights = flat.reshape(width, count)
        scores = np.asarray(features @ weights)
        top = scores.max(axis=1, keepdims=True)
        log_sums = top + np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
        value = float((log_sums[:, 0] - (scores * truth).sum(axis=1)).sum() + 0.5 * penalty * (weights**2).sum())
        slope = np.asarray(features.T @ (np.exp(scores - log_sums) - truth)) + penalty * weights
        return value, slope.ravel()

    found = minimize(loss, np.zeros(width * count), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS})
    return np.asarray(found.x).reshape(width, count)


def fit_head(fields: Sequence[LabelledField], count: int) -> Head:
    """Both steps; the second is fitted on scores that the first gives to clauses it has not seen."""
    hashed = HashedClauses.of([clause for field in fields for clause in field.clauses])
    answers = np.array([answer for field in fields for answer in field.answers])
    is_labelled = answers != UNLABELLED
    shape = (len(answers), 2**HASH_BITS)
    values = hashed.counts.astype(np.float64)[hashed.numbers]
    matrix = csr_matrix((values, (hashed.numbers, hashed.hashes)), shape=shape)
    columns = np.flatnonzero(np.bincount(matrix[is_labelled].indices, minlength=shape[1]) >= MIN_GRAM_CLAUSES)
    matrix = matrix[:, columns]
    order = np.random.default_rng(0).permutation(len(fields)) % INNER_FOLDS
    folds = np.repeat(order, [len(field.clauses) for field in fields])
    unseen = np.zeros((len(answers), count), dtype=np.float32)
    for number in range(INNER_FOLDS):
        is_other = is_labelled & (folds != number)
        weights = fit_softmax(matrix[is_other], answers[is_other], count, GRAM_PENALTY)
        unseen[folds == number] = np.asarray(matrix[folds == number] @ weights)
    rows, start = [], 0
    for field in fields:
        end = start + len(field.clauses)
        rows.append(context_features(unseen[start:end], position_features(field.clauses, field.in_title)))
        start = end
    features = np.concatenate(rows).astype(np.float64)[is_labelled]
    context = fit_softmax(features, answers[is_labelled], count, CONTEXT_PENALTY)
    found = fit_softmax(matrix[is_labelled], answers[is_labelled], count, GRAM_PENALTY)
    scale = float(np.abs(found).max()) / INT8_LIMIT
    grams = np.zeros((2**HASH_BITS, count), dtype=np.int8)
    grams[columns] = np.round(found / scale).astype(np.int8)
    return Head(grams=grams, scale=scale, context=context.astype(np.float32))


def predict(head: Head, fields: Sequence[LabelledField]) -> tuple[IntArray, FloatArray, FloatArray]:
    """The labelled answers, and their probabilities by both steps and by the first alone."""
    answers: list[int] = []
    both, first = [], []
    for field in fields:
        is_labelled = np.array(field.answers) != UNLABELLED
        hashed = HashedClauses.of(field.clauses)
        answers += [answer for answer in field.answers if answer != UNLABELLED]
        both.append(head.probabilities(hashed, position_features(field.clauses, field.in_title))[is_labelled])
        first.append(softmax(hashed.scores(head.grams, head.scale))[is_labelled])
    return np.array(answers), np.concatenate(both).astype(np.float64), np.concatenate(first).astype(np.float64)


def leave_one_source_out(fields: Sequence[LabelledField], question: type[IntEnum]) -> None:
    """Print how well a model of all other sources answers for each source, and its reliability over all."""
    results = []
    for source in sorted({field.source for field in fields}):
        head = fit_head([field for field in fields if field.source != source], len(question))
        result = predict(head, [field for field in fields if field.source == source])
        answers, both, first = result
        print(
            f"{source:14} {len(answers):5} clauses, right {_right(answers, both)}, first step {_right(answers, first)}"
        )
        results.append(result)
    answers, both, first = (np.concatenate(parts) for parts in zip(*results, strict=True))
    print(
        f"all            {len(answers):5} clauses, right {_right(answers, both)}, first step {_right(answers, first)}"
    )
    print_reliability(answers, both)
    print_answers(answers, both, question)


def _right(answers: IntArray, chances: FloatArray) -> str:
    return f"{(chances.argmax(1) == answers).mean():.3f}"


def print_reliability(answers: IntArray, chances: FloatArray) -> None:
    """The share that is right by the stated probability of the most probable answer."""
    best, stated = chances.argmax(axis=1), chances.max(axis=1)
    for low, high in pairwise(RELIABILITY_EDGES):
        inside = (stated >= low) & (stated < high)
        if inside.any():
            mean, right = stated[inside].mean(), (best == answers)[inside].mean()
            stated_text = f"stated {low:.2f} to {min(1.0, high):.2f}"
            print(f"  {stated_text}: {inside.sum():5} clauses, mean {mean:.3f}, right {right:.3f}")


def print_answers(answers: IntArray, chances: FloatArray, question: type[IntEnum]) -> None:
    """Precision and recall of each answer."""
    best = chances.argmax(axis=1)
    for answer in question:
        wanted, said = answers == answer, best == answer
        right = int((wanted & said).sum())
        precision, recall = right / max(1, said.sum()), right / max(1, wanted.sum())
        print(f"  {answer.name.lower():14} {wanted.sum():5} clauses, precision {precision:.2f}, recall {recall:.2f}")


def main() -> int:
    """Measure, or write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="train on all labels and write the model")
    options = parser.parse_args()
    if not REAL.is_dir():
        print(f"{REAL} is not there: most labels have no text")
        return 0
    rows = read_rows()
    arrays: dict[str, NDArray[Any]] = {}
    for column, name in (("kind", "kinds"), ("evidence", "evidence")):
        fields, missing = read_labels(rows, column)
        labelled = sum(answer != UNLABELLED for field in fields for answer in field.answers)
        print(f"{column}: {labelled} labelled clauses, {missing} without their text")
        if not options.write:
            leave_one_source_out(fields, QUESTIONS[column])
            continue
        head = fit_head(fields, len(QUESTIONS[column]))
        arrays |= {
            f"{name}_grams": head.grams,
            f"{name}_scale": np.float32(head.scale),
            f"{name}_context": head.context,
        }
    if options.write:
        np.savez_compressed(MODEL, **arrays)
        print(f"{MODEL.relative_to(ROOT)}: {MODEL.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
