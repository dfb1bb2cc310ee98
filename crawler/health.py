"""Did a run go well: a platform that answered less than a healthy one would is a complaint, never a quiet night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import Factory, define

from crawler.items import Outcome

ANSWERED = (Outcome.LIVE, Outcome.UNCHANGED, Outcome.GONE)


@define(kw_only=True)
class PlatformCounts:
    """What one platform did in a run."""

    platform: str
    asked: int = 0
    failed: int = 0
    pages: Counter[str] = Factory(Counter)
    limits: Counter[str] = Factory(Counter)  # what was cut off, by the setting of [limits] that did it
    listings: int = 0
    hits: int = 0
    problems: list[str] = Factory(list)

    @property
    def answered(self) -> int:
        """Pages that could be read, or are known to be gone."""
        return sum(self.pages[outcome.value] for outcome in ANSWERED)


def counted(units: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> list[PlatformCounts]:
    """Units' outcomes, as the ledger gives them (spider, kind, state, outcome), summed up by platform."""
    counts: dict[str, PlatformCounts] = {}
    for spider, _kind, state, outcome in units:
        one = counts.setdefault(spider, PlatformCounts(platform=spider))
        one.asked += 1
        one.failed += state == "failed"
        one.pages.update(outcome.get("pages", {}))
        one.limits.update(outcome.get("limits", {}))
        one.listings += outcome.get("listings", 0)
        one.hits += outcome.get("hits", 0)
        one.problems += outcome.get("problems", [])
    return [counts[name] for name in sorted(counts)]


def complaint(counts: PlatformCounts, at_least: int) -> tuple[str, dict[str, object]] | None:
    """What is wrong with a platform's run, as the key and values of a message; None if nothing is.

    `at_least` is the platform's floor of listings; 0 where a healthy answer may be empty.
    """
    if not counts.answered:
        worst = ", ".join(f"{number} {name}" for name, number in sorted(counts.pages.items())) or "-"
        return "health_blind", {"platform": counts.platform, "pages": worst}
    if counts.failed:
        return "health_failed", {"platform": counts.platform, "failed": counts.failed, "asked": counts.asked}
    if counts.listings < at_least:
        return "health_floor", {"platform": counts.platform, "listings": counts.listings, "floor": at_least}
    return None
