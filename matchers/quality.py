"""How good decisions are, by what people judged: shares with their intervals and what they are shares of."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, frozen

from matchers.calibration import wilson_interval


@frozen(kw_only=True)
class Proportion:
    """`right` of `total`, and what this says of the share in all (Wilson's .95 interval)."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Between what and what the share in all lies."""
        return wilson_interval(self.right, self.total)

    def to_dict(self) -> dict[str, object]:
        """For programs."""
        low, high = self.interval
        return {
            "right": self.right,
            "of": self.total,
            "share": self.value,
            "low": round(low, 4),
            "high": round(high, 4),
        }


@define
class RightWrongTally:
    """Right and wrong ones."""

    right: int = 0
    wrong: int = 0

    def add(self, is_right: bool) -> None:
        """Count one."""
        self.right += is_right
        self.wrong += not is_right

    def proportion(self) -> Proportion:
        """The share of right ones."""
        return Proportion(right=self.right, total=self.right + self.wrong)


def proportion_of(verdicts: Iterable[bool]) -> Proportion:
    """The share of true ones."""
    tally = RightWrongTally()
    for verdict in verdicts:
        tally.add(verdict)
    return tally.proportion()
