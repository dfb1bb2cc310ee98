"""Measures decisions and probabilities against verdicts: proportions with intervals, calibration, log loss.

For calibration, pairs are sorted into bins of equal count, lowest first, and in each bin the mean stated probability is
compared with the share that was right: of pairs stated about .9, about nine of ten should be right. The calibration
error is the mean distance of the two. Proportions come with Wilson's .95 interval and their total.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from attrs import define, frozen

BIN_COUNT = 10
NORMAL_QUANTILE_975 = 1.959964  # for an interval of .95


@frozen(kw_only=True)
class Bin:
    """`count` pairs stated between `low` and `high`: their mean (`stated`) and the share that is `right`."""

    low: float
    high: float
    count: int
    stated: float
    right: float


def bins(pairs: Sequence[tuple[float, bool]], count: int = BIN_COUNT) -> list[Bin]:
    """`count` bins of equal size over (stated, is right); fewer if there are fewer pairs.

    Pairs stated alike are right to their common share, so that it does not matter which of them come into which bin.
    """
    ordered = _share_right(pairs)
    edges = sorted({number * len(ordered) // count for number in range(count + 1)})
    calibration_bins = []
    for first, last in itertools.pairwise(edges):
        part = ordered[first:last]
        calibration_bins.append(
            Bin(
                low=part[0][0],
                high=part[-1][0],
                count=len(part),
                stated=sum(stated for stated, _ in part) / len(part),
                right=sum(right for _, right in part) / len(part),
            )
        )
    return calibration_bins


def _share_right(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float]]:
    """The pairs in the order of what is stated, each with the share of those stated alike that is right."""
    shared: list[tuple[float, float]] = []
    for stated, alike in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        outcomes = [is_right for _, is_right in alike]
        shared += [(stated, sum(outcomes) / len(outcomes))] * len(outcomes)
    return shared


def calibration_error(pairs: Sequence[tuple[float, bool]], count: int = BIN_COUNT) -> float:
    """The mean distance of stated and right over the bins, weighted by their counts; 0.0 without pairs."""
    return sum(
        calibration_bin.count * abs(calibration_bin.stated - calibration_bin.right)
        for calibration_bin in bins(pairs, count)
    ) / max(1, len(pairs))


def log_loss(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean log loss in nats; lower is better. 0.0 without pairs."""
    losses = (-math.log(max(1e-9, stated if is_right else 1.0 - stated)) for stated, is_right in pairs)
    return sum(losses) / max(1, len(pairs))


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's .95 interval of a share; (0, 1) if `total` is 0."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, NORMAL_QUANTILE_975 * NORMAL_QUANTILE_975
    middle = share + square / (2 * total)
    half_width = NORMAL_QUANTILE_975 * math.sqrt(share * (1.0 - share) / total + square / (4 * total * total))
    scale = 1.0 + square / total
    return max(0.0, (middle - half_width) / scale), min(1.0, (middle + half_width) / scale)


@frozen(kw_only=True)
class Proportion:
    """`right` of `total`, with Wilson's .95 interval of the underlying share."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """The share; None if `total` is 0."""
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """The .95 interval of the underlying share."""
        return wilson_interval(self.right, self.total)

    def to_text(self) -> str:
        """The proportion with its base and interval: 0.900 (9/10; .95: 0.596-0.982). "-" if `total` is 0."""
        low, high = self.interval
        return f"{self.value:.3f} ({self.right}/{self.total}; .95: {low:.3f}-{high:.3f})" if self.total else "-"

    def to_dict(self) -> dict[str, object]:
        """The proportion as JSON types, with the interval to four digits."""
        low, high = self.interval
        return {
            "right": self.right,
            "of": self.total,
            "share": self.value,
            "low": round(low, 4),
            "high": round(high, 4),
        }


@define
class VerdictCounts:
    """Counts of right and wrong verdicts."""

    right: int = 0
    wrong: int = 0

    def add(self, is_right: bool) -> None:
        """Count one verdict."""
        self.right += is_right
        self.wrong += not is_right

    def proportion(self) -> Proportion:
        """The proportion of right verdicts."""
        return Proportion(right=self.right, total=self.right + self.wrong)


def proportion_of(verdicts: Iterable[bool]) -> Proportion:
    """The proportion of true values."""
    counts = VerdictCounts()
    for verdict in verdicts:
        counts.add(verdict)
    return counts.proportion()
