"""The copy decision: copy, review or nothing, from what the block comparison of two aligned pictures measured.

A copy fits exactly: the less of a picture agrees (a sticker, a banner), the more exactly the rest must fit, since a
sibling of the same design also agrees in a part, and another photograph of the same thing agrees roughly everywhere.
Measured during development (2026-11-22) on the visible half of ../shared/bench/images: of 344 copies .97 satisfy one of
these rules and .99 at least go to review; of 590 negatives of the same series, 1,100 queries in all, no wrong picture
satisfies one. The nearest wrong one agrees in .79 and is off by .25 (two cartons of one brand), which sets
`worst_offset`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from matchers.images.distortions import MAX_BEND_RESIDUAL_PIXELS

CopyDecision = Literal["copy", "review"]

MIN_COPY_INLIERS = 8  # keypoint pairs that agree; an alignment by hash needs none
MIN_TEXTURED_BLOCKS = 20  # visible textured blocks
MIN_FLAT_ART_BLOCKS = 8  # flat art has fewer; then all of it must be there and agree
MIN_VISIBLE_SHARE = 0.2  # of the reference's blocks; less may be what a whole series shares
REVIEW_MIN_TEXTURED_BLOCKS, REVIEW_MIN_ALIKE, REVIEW_MAX_OFFSET_PIXELS = 12, 0.3, 1.5


@frozen(kw_only=True)
class BlockAgreement:
    """Measurements of a block comparison. Shares are of the textured visible blocks unless stated otherwise. Colours,
    bends and blur are measured only where the rest does not settle the decision.
    """

    visible: int  # blocks of the reference within the query
    blocks: int  # all blocks of the reference
    textured: int  # visible blocks that are textured
    alike: float  # share that agrees
    unlike: float  # share that shows other content
    all_alike: float  # share of all visible blocks, flat ones included, that agree
    coloured: float = 0.0  # share of all visible blocks whose colour agrees after fitting a filter over the picture
    median_offset: float  # pixels, median of the agreeing blocks
    worst_offset: float  # pixels, exceeded by the worst fifth of the agreeing blocks
    bent_offset: float = np.inf  # pixels, median offset left after fitting a smooth bend of the paper
    # Fine detail of the query against the reference in the agreeing blocks, at equal contrast; under .5 is blurred.
    sharpness: float = np.inf
    scale: float  # pixels of the query for one of the reference thumb
    grid: tuple[int, int]  # rows, columns
    block_marks: NDArray[np.int8]  # for each block: 1 agrees, 0 undecided, -1 other content, -2 not visible, -3 flat


@frozen(kw_only=True)
class CopyRule:
    """Bounds that a copy must satisfy, by field of `BlockAgreement`. Pixels are of the thumb."""

    # minima
    alike: float
    all_alike: float
    coloured: float
    # maxima; `textured` is a minimum again
    median_offset: float
    worst_offset: float
    unlike: float = 1.0
    bent_offset: float = float("inf")
    sharpness: float = float("inf")
    textured: int = MIN_TEXTURED_BLOCKS


COPY_RULES = (
    # a part is covered, the rest fits exactly
    CopyRule(alike=0.6, all_alike=0.62, coloured=0.0, median_offset=0.16, worst_offset=0.36, unlike=0.22),
    # faded or seen through something: few blocks disagree, next to none shows other content
    CopyRule(alike=0.8, all_alike=0.5, coloured=0.5, median_offset=0.45, worst_offset=1.0, unlike=0.04),
    # nearly all is there, blurred or noisy
    CopyRule(alike=0.88, all_alike=0.8, coloured=0.5, median_offset=0.5, worst_offset=1.5),
    # all is there, with few edges to align by; two photographs of one heap of potatoes are off by .9
    CopyRule(alike=0.94, all_alike=0.8, coloured=0.9, median_offset=0.6, worst_offset=1.3),
    # all is there, too blurred for points to be tracked exactly
    CopyRule(alike=0.94, all_alike=0.8, coloured=0.9, median_offset=1.2, worst_offset=2.5, sharpness=0.55),
    # all is there, on paper that bends
    CopyRule(
        alike=0.92,
        all_alike=0.9,
        coloured=0.9,
        median_offset=5.0,
        worst_offset=8.0,
        bent_offset=MAX_BEND_RESIDUAL_PIXELS,
    ),
    # flat art
    CopyRule(
        alike=0.9, all_alike=0.95, coloured=0.95, median_offset=0.6, worst_offset=1.2, textured=MIN_FLAT_ART_BLOCKS
    ),
)


def decide_copy(agreement: BlockAgreement, inliers: int | None) -> CopyDecision | None:
    """The decision on an alignment with `inliers` (None: it came from a hash); None if it is not worth a review."""
    has_inliers = inliers is None or inliers >= MIN_COPY_INLIERS
    if has_inliers and any(_satisfies(agreement, rule) for rule in COPY_RULES):
        return "copy"
    if (
        not has_inliers
        or agreement.textured < REVIEW_MIN_TEXTURED_BLOCKS
        or agreement.median_offset > REVIEW_MAX_OFFSET_PIXELS
    ):
        return None
    return "review" if agreement.alike >= REVIEW_MIN_ALIKE else None


def is_exact(agreement: BlockAgreement) -> bool:
    """Whether the first copy rule holds, which needs neither colours nor bends nor blur."""
    return _satisfies(agreement, COPY_RULES[0])


def certainty(agreement: BlockAgreement, decision: CopyDecision) -> float:
    """The certainty of a decision, for ranking and weighting: .90 to .98 for copies, .36 to .50 for reviews (an
    estimate).
    """
    if decision == "copy":
        return round(0.9 + 0.08 * min(1.0, max(0.0, (agreement.alike - 0.6) / 0.4)), 4)
    return round(0.3 + 0.2 * agreement.alike, 4)


def _satisfies(agreement: BlockAgreement, rule: CopyRule) -> bool:
    is_visible = agreement.visible >= MIN_VISIBLE_SHARE * agreement.blocks
    is_present = agreement.textured >= rule.textured and is_visible
    if rule.textured < MIN_TEXTURED_BLOCKS:
        is_present = is_present and agreement.visible >= 0.9 * agreement.blocks
    is_aligned = (
        agreement.median_offset <= rule.median_offset
        and agreement.worst_offset <= rule.worst_offset
        and agreement.bent_offset <= rule.bent_offset
    )
    is_aligned = is_aligned and agreement.unlike <= rule.unlike and agreement.sharpness <= rule.sharpness
    agrees = agreement.alike >= rule.alike and agreement.all_alike >= rule.all_alike
    return is_present and is_aligned and agrees and agreement.coloured >= rule.coloured
