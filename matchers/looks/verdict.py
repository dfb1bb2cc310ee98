"""Copy, review or nothing: what the blocks of two aligned pictures amount to.

A copy fits exactly: the less of a picture agrees (a sticker, a banner), the more exactly the rest must fit, since a
sibling of the same design also agrees in a part, and another photograph of the same thing agrees roughly everywhere.
Measured while building (2026-11-22) on the visible half of ../shared/bench/images: of 344 copies .97 keep one of these
rules and .99 are at least for review; of 590 negatives of the same series, 1,100 queries in all, no wrong picture keeps
one. The nearest wrong one agrees in .79 and is off by .25 (two cartons of one brand), which sets `off_most`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from matchers.looks.bends import BENT

if TYPE_CHECKING:
    from matchers.looks.blocks import Agreement

Verdict = Literal["copy", "review"]

LEAST_INLIERS = 8  # pairs of key points that agree; an alignment by hash needs none
LEAST_TEXTURED = 20  # visible blocks with a drawing
FEW_TEXTURED = 8  # flat art has fewer; then all of it must be there and agree
LEAST_SHOWN = 0.2  # of our blocks with a drawing that are visible; less may be what a whole series shares
REVIEW_TEXTURED, REVIEW_ALIKE, REVIEW_OFF = 12, 0.3, 1.5


@frozen(kw_only=True)
class Rule:
    """What is asked of a copy. Pixels are of the thumb."""

    alike: float  # at least
    all_alike: float
    coloured: float
    off: float  # at most
    off_most: float
    unlike: float = 1.0
    bent: float = float("inf")
    sharp: float = float("inf")
    textured: int = LEAST_TEXTURED


RULES = (
    # a part is covered, the rest fits exactly
    Rule(alike=0.6, all_alike=0.62, coloured=0.0, off=0.16, off_most=0.36, unlike=0.22),
    # faded or seen through something: little agrees badly, nothing shows another drawing
    Rule(alike=0.8, all_alike=0.5, coloured=0.5, off=0.45, off_most=1.0, unlike=0.04),
    # nearly all is there, blurred or noisy
    Rule(alike=0.88, all_alike=0.8, coloured=0.5, off=0.5, off_most=1.5),
    # all is there, with few edges to hold on to; two photographs of one heap of potatoes are off by .9
    Rule(alike=0.94, all_alike=0.8, coloured=0.9, off=0.6, off_most=1.3),
    # all is there, so blurred that places cannot be followed exactly
    Rule(alike=0.94, all_alike=0.8, coloured=0.9, off=1.2, off_most=2.5, sharp=0.55),
    # all is there, on paper that bends
    Rule(alike=0.92, all_alike=0.9, coloured=0.9, off=5.0, off_most=8.0, bent=BENT),
    # flat art
    Rule(alike=0.9, all_alike=0.95, coloured=0.95, off=0.6, off_most=1.2, textured=FEW_TEXTURED),
)


def verdict(agreement: Agreement, inliers: int | None) -> Verdict | None:
    """What an alignment with so many inliers (None: it came from a hash) says; None is nothing worth a look."""
    enough = inliers is None or inliers >= LEAST_INLIERS
    if enough and any(_keeps(agreement, rule) for rule in RULES):
        return "copy"
    if not enough or agreement.textured < REVIEW_TEXTURED or agreement.off > REVIEW_OFF:
        return None
    return "review" if agreement.alike >= REVIEW_ALIKE else None


def is_exact(agreement: Agreement) -> bool:
    """Whether the first rule holds, which asks for neither colours nor bends nor blur."""
    return _keeps(agreement, RULES[0])


def certainty(agreement: Agreement, said: Verdict) -> float:
    """How sure a verdict is, for ranking and weighing: .90 to .98 for copies, .36 to .50 for reviews (an estimate)."""
    if said == "copy":
        return round(0.9 + 0.08 * min(1.0, max(0.0, (agreement.alike - 0.6) / 0.4)), 4)
    return round(0.3 + 0.2 * agreement.alike, 4)


def _keeps(agreement: Agreement, rule: Rule) -> bool:
    shown = agreement.visible >= LEAST_SHOWN * agreement.blocks
    there = agreement.textured >= rule.textured and shown
    if rule.textured < LEAST_TEXTURED:
        there = there and agreement.visible >= 0.9 * agreement.blocks
    exact = agreement.off <= rule.off and agreement.off_most <= rule.off_most and agreement.bent <= rule.bent
    exact = exact and agreement.unlike <= rule.unlike and agreement.sharp <= rule.sharp
    shares = agreement.alike >= rule.alike and agreement.all_alike >= rule.all_alike
    return there and exact and shares and agreement.coloured >= rule.coloured
