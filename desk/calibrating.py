"""Weights fitted to what people judged: shown on judgements that the fit never saw, applied only if asked.

A quarter of the judged hits is held out, chosen by their ids. What would be applied is fitted to all of them, near the
weights of now; judgements that teach nothing (unsure, or of a version that kept no sums) are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve, frozen

from crawler.errors import NothingToDo
from crawler.items import Verdict
from crawler.messages import say
from crawler.store import Store
from crawler.store.judgements import Judged
from matchers.calibration import error, log_loss
from matchers.fitting import Example, fitted
from matchers.weigh import probability_of
from matchers.weights import Weights, shipped
from pipelines._knowing import weights_of

FEWEST = 40  # judgements that a fit needs, of both kinds together
FEWEST_OF_A_KIND = 8
HELD_OUT = 4  # one of so many
LESSONS = "judged_"  # grounds that are lessons themselves


@frozen(kw_only=True)
class Figures:
    """How weights do on some judgements: mean surprise, calibration error, precision and recall at the bound."""

    log_loss: float
    calibration: float
    precision: float | None
    recall: float | None
    count: int

    def plain(self) -> dict[str, Any]:
        """For programs and the store."""
        names = ("log_loss", "calibration", "precision", "recall", "count")
        return {name: round(found, 4) if isinstance(found := getattr(self, name), float) else found for name in names}


@frozen(kw_only=True)
class Calibration:
    """A fit: the weights it would apply, what changes most, and its figures on what it did not see."""

    weights: Weights
    before: Figures
    after: Figures
    changes: tuple[tuple[str, float, float], ...]
    judgements: int


def calibrate(store: Store, language: str, at: datetime) -> Calibration:
    """Fit; changes nothing. Raises NothingToDo where too little was judged."""
    now = weights_of(store) or shipped()
    judged = [each for each in store.judgements.all_standing() if _teaches(each)]
    infringing = sum(_infringes(each) for each in judged)
    if len(judged) < FEWEST or min(infringing, len(judged) - infringing) < FEWEST_OF_A_KIND:
        values = {"count": len(judged), "least": FEWEST, "each": FEWEST_OF_A_KIND}
        raise NothingToDo(say("desk", "calibrate_few", language, **values))
    held = [each for each in judged if _is_held_out(each)]
    seen = [each for each in judged if not _is_held_out(each)]
    trial = _refitted(now, seen, at)
    final = _refitted(now, judged, at)
    before, after = now.prior(), final.prior()
    changes = sorted(((name, before[name], after[name]) for name in before), key=lambda one: -abs(one[2] - one[1]))
    return Calibration(
        weights=final,
        before=_figures(now, held),
        after=_figures(trial, held),
        changes=tuple(change for change in changes if change[1] != change[2]),
        judgements=len(judged),
    )


def apply(store: Store, found: Calibration, by: str, at: datetime) -> int:
    """Apply a fit from now on; returns the number of its version."""
    told = {"before": found.before.plain(), "after": found.after.plain(), "judgements": found.judgements}
    return store.trust.apply(found.weights.plain(), told, by, at)


def _refitted(weights: Weights, judged: Sequence[Judged], at: datetime) -> Weights:
    examples = [
        Example(terms=dict(each.snapshot.terms), infringing=_infringes(each)) for each in judged if each.snapshot
    ]
    found = fitted(examples, weights.prior())
    start = {name.removeprefix("start_"): value for name, value in found.items() if name.startswith("start_")}
    grounds = {name: value for name, value in found.items() if not name.startswith("start_")}
    return evolve(
        weights, start=start, grounds=grounds, source=f"swordnet calibrate, {at.date()}, {len(judged)} judgements"
    )


def _figures(weights: Weights, judged: Sequence[Judged]) -> Figures:
    pairs = [(probability_of(each.snapshot.terms, weights), _infringes(each)) for each in judged if each.snapshot]
    bound = weights.bounds["all"].offence
    said = [is_right for chance, is_right in pairs if chance >= bound]
    true = sum(is_right for _, is_right in pairs)
    return Figures(
        log_loss=log_loss(pairs),
        calibration=error(pairs),
        precision=sum(said) / len(said) if said else None,
        recall=sum(said) / true if true else None,
        count=len(pairs),
    )


def _teaches(judged: Judged) -> bool:
    terms = judged.snapshot.terms if judged.snapshot else None
    is_decided = judged.judgement.verdict is not Verdict.UNSURE
    return is_decided and terms is not None and not any(name.startswith(LESSONS) for name in terms)


def _infringes(judged: Judged) -> bool:
    return judged.judgement.verdict is Verdict.INFRINGING


def _is_held_out(judged: Judged) -> bool:
    return int(judged.judgement.hit[:4], 16) % HELD_OUT == 0
