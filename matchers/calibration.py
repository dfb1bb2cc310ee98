"""Whether stated chances come true: of pairs stated about .9, about nine of ten should be right.

Pairs are put into bins of equal count, lowest first, and of each bin what was stated on average is compared with the
share that was right. The calibration error is the mean distance of the two.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from attrs import frozen

BIN_COUNT = 10
NORMAL_QUANTILE_975 = 1.959964  # quantile of the normal distribution for an interval of .95


@frozen(kw_only=True)
class Bin:
    """Pairs stated between `low` and `high`."""

    low: float
    high: float
    count: int
    stated: float
    right: float


def bins(pairs: Sequence[tuple[float, bool]], count: int = BIN_COUNT) -> list[Bin]:
    """So many bins of equal count over (stated, is right); fewer where there are fewer pairs."""
    ordered = sorted(pairs)
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
                right=sum(is_right for _, is_right in part) / len(part),
            )
        )
    return calibration_bins


def calibration_error(pairs: Sequence[tuple[float, bool]], count: int = BIN_COUNT) -> float:
    """The calibration error: mean distance of stated and right over the bins, by their counts; 0.0 without pairs."""
    return sum(
        calibration_bin.count * abs(calibration_bin.stated - calibration_bin.right)
        for calibration_bin in bins(pairs, count)
    ) / max(1, len(pairs))


def log_loss(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean surprise in nats; lower is better. 0.0 without pairs."""
    losses = (-math.log(max(1e-9, stated if is_right else 1.0 - stated)) for stated, is_right in pairs)
    return sum(losses) / max(1, len(pairs))


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's .95 interval of a share; (0, 1) of nothing."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, NORMAL_QUANTILE_975 * NORMAL_QUANTILE_975
    middle = share + square / (2 * total)
    half_width = NORMAL_QUANTILE_975 * math.sqrt(share * (1.0 - share) / total + square / (4 * total * total))
    scale = 1.0 + square / total
    return max(0.0, (middle - half_width) / scale), min(1.0, (middle + half_width) / scale)
