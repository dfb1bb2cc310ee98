"""Fits the weights of grounds to people's judgements, and evaluates them on judgements held out from the fit.

A quarter of the judged hits is held out, chosen by their ids; nothing is applied until `apply` is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from crawler.errors import NothingToDo
from crawler.items import Verdict
from crawler.messages import render_message
from crawler.store import ReviewedHit, Store
from matchers.decision import offence_from_strengths
from matchers.evaluation import calibration_error, log_loss
from matchers.fitting import JudgedExample, fit_weights
from matchers.weights import Weights, default_weights
from screening.match_context import current_weights

MIN_JUDGEMENTS = 40  # infringing and not, together
MIN_JUDGEMENTS_PER_KIND = 8
HELD_OUT_ONE_IN = 4  # one of this many judgements is held out
RULE_GROUND_PREFIX = "judged_"  # grounds that come from judgements themselves


@frozen(kw_only=True)
class Evaluation:
    """How weights perform on `count` judgements: log loss, calibration error, precision and recall at the bound."""

    log_loss: float
    calibration: float
    precision: float | None
    recall: float | None
    count: int

    def to_dict(self) -> dict[str, Any]:
        """The figures for JSON output and the store, rounded to four places."""
        names = ("log_loss", "calibration", "precision", "recall", "count")
        return {name: round(value, 4) if isinstance(value := getattr(self, name), float) else value for name in names}


@frozen(kw_only=True)
class Calibration:
    """A fit: the weights it would apply, its evaluation before and after on held-out judgements, the weights that
    change (name, before, after; the largest change first), and the number of judgements.
    """

    weights: Weights
    before: Evaluation
    after: Evaluation
    changes: tuple[tuple[str, float, float], ...]
    judgements: int


def calibrate(store: Store, language: str, at: datetime) -> Calibration:
    """Fit the weights without applying them. Raises NothingToDo if there are too few judgements."""
    current = current_weights(store) or default_weights()
    judged_hits = [judged_hit for judged_hit in store.reviews.reviewed_hits() if _is_usable(judged_hit)]
    infringing = sum(_is_infringing(judged_hit) for judged_hit in judged_hits)
    if len(judged_hits) < MIN_JUDGEMENTS or min(infringing, len(judged_hits) - infringing) < MIN_JUDGEMENTS_PER_KIND:
        values = {"count": len(judged_hits), "least": MIN_JUDGEMENTS, "each": MIN_JUDGEMENTS_PER_KIND}
        raise NothingToDo(render_message("desk", "calibrate_few", language, **values))
    held_out = [judged_hit for judged_hit in judged_hits if _is_held_out(judged_hit)]
    training = [judged_hit for judged_hit in judged_hits if not _is_held_out(judged_hit)]
    trial = _refit(current, training, at)
    final = _refit(current, judged_hits, at)
    before, after = current.prior(), final.prior()
    changes = sorted(((name, before[name], after[name]) for name in before), key=lambda row: -abs(row[2] - row[1]))
    return Calibration(
        weights=final,
        before=_evaluate(current, held_out),
        after=_evaluate(trial, held_out),
        changes=tuple(change for change in changes if change[1] != change[2]),
        judgements=len(judged_hits),
    )


def apply_calibration(store: Store, calibration: Calibration, by: str, at: datetime) -> int:
    """Apply a fit from now on; returns its version number."""
    summary = {
        "before": calibration.before.to_dict(),
        "after": calibration.after.to_dict(),
        "judgements": calibration.judgements,
    }
    return store.reviews.apply_calibration(calibration.weights.to_dict(), summary, by, at)


def _refit(weights: Weights, judged_hits: Sequence[ReviewedHit], at: datetime) -> Weights:
    examples = [
        JudgedExample(terms=dict(judged_hit.snapshot.terms), infringing=_is_infringing(judged_hit))
        for judged_hit in judged_hits
        if judged_hit.snapshot
    ]
    coefficients = fit_weights(examples, weights.prior())
    start = {name.removeprefix("start_"): value for name, value in coefficients.items() if name.startswith("start_")}
    grounds = {name: value for name, value in coefficients.items() if not name.startswith("start_")}
    return evolve(
        weights, start=start, grounds=grounds, source=f"swordnet calibrate, {at.date()}, {len(judged_hits)} judgements"
    )


def _evaluate(weights: Weights, judged_hits: Sequence[ReviewedHit]) -> Evaluation:
    pairs = [
        (offence_from_strengths(judged_hit.snapshot.terms, weights), _is_infringing(judged_hit))
        for judged_hit in judged_hits
        if judged_hit.snapshot
    ]
    bound = weights.bounds["all"].offence
    predicted = [is_infringing for chance, is_infringing in pairs if chance >= bound]
    infringing = sum(is_infringing for _, is_infringing in pairs)
    return Evaluation(
        log_loss=log_loss(pairs),
        calibration=calibration_error(pairs),
        precision=sum(predicted) / len(predicted) if predicted else None,
        recall=sum(predicted) / infringing if infringing else None,
        count=len(pairs),
    )


def _is_usable(judged_hit: ReviewedHit) -> bool:
    terms = judged_hit.snapshot.terms if judged_hit.snapshot else None
    is_decided = judged_hit.judgement.verdict is not Verdict.UNSURE
    return is_decided and terms is not None and not any(name.startswith(RULE_GROUND_PREFIX) for name in terms)


def _is_infringing(judged_hit: ReviewedHit) -> bool:
    return judged_hit.judgement.verdict is Verdict.INFRINGING


def _is_held_out(judged_hit: ReviewedHit) -> bool:
    return int(judged_hit.judgement.hit[:4], 16) % HELD_OUT_ONE_IN == 0
