"""Did a run go well: a platform that answered less than a healthy one would is a complaint, never a quiet night.

A platform is compared with its floor, with its own last nights, and with listings that must be found. Every complaint
says what is wrong and, by the same key, what to do (messages health_* and advice_*).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from attrs import Factory, asdict, define, fields

from crawler.items import Outcome, UnitKind

ANSWERED = (Outcome.LIVE, Outcome.UNCHANGED, Outcome.GONE)
WALLS = (Outcome.CHALLENGED, Outcome.BLOCKED, Outcome.PARTIAL, Outcome.ERROR)
WALLED = 0.5  # share of pages that are walls or unreadable from which a night is not believed; an estimate
FEWER = 0.5  # of the listings that a page of results has on other nights; an estimate
LOST_FIELD = 0.3  # of the listings that state a field on other nights; an estimate
COMPARABLE = 10  # listings; fewer are not compared, they vary by chance

Wrong = tuple[str, dict[str, object]]


@define(kw_only=True)
class PlatformCounts:
    """What one platform did in a run. `lists` are pages of results that answered, `listed` the listings on them.

    `filled` counts the listings on newly read pages of results that state a field, `read` those listings.
    """

    platform: str
    asked: int = 0
    failed: int = 0
    skipped: int = 0
    left: int = 0
    pages: Counter[str] = Factory(Counter)
    again: Counter[str] = Factory(Counter)  # of these, what was asked once more: a later answer stands for it
    limits: Counter[str] = Factory(Counter)  # what was cut off, by the setting of [limits] that did it
    listings: int = 0
    matched: int = 0
    hits: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0
    returned: int = 0
    rechecked: int = 0
    lists: int = 0
    listed: int = 0
    filled: Counter[str] = Factory(Counter)
    asked_by: Counter[str] = Factory(Counter)  # questions answered, by their form
    hits_by: Counter[str] = Factory(Counter)  # hits that they led to
    problems: list[str] = Factory(list)

    @property
    def settled(self) -> Counter[str]:
        """The outcomes that stand: each page counted once, however often it was asked."""
        return self.pages - self.again

    @property
    def answered(self) -> int:
        """Pages that could be read, or are known to be gone."""
        return sum(self.settled[outcome.value] for outcome in ANSWERED)

    @property
    def blocked(self) -> int:
        """Pages that were a wall, or not to be read."""
        return sum(self.settled[outcome.value] for outcome in WALLS)

    def plain(self) -> dict[str, Any]:
        """The counts as JSON types."""
        return asdict(self) | {"problems": self.problems[:20]}


def made_counts(platform: str, plain: Mapping[str, Any]) -> PlatformCounts:
    """The counts that `plain` made; what an older version did not count is 0."""
    known = {each.name for each in fields(PlatformCounts)} - {"platform"}
    values = {name: value for name, value in plain.items() if name in known}
    values |= {
        name: Counter(values.get(name, {})) for name in ("pages", "again", "limits", "filled", "asked_by", "hits_by")
    }
    return PlatformCounts(platform=platform, **values)


def counted(units: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> list[PlatformCounts]:
    """Units' outcomes, as the ledger gives them (spider, kind, state, outcome), summed up by platform."""
    counts: dict[str, PlatformCounts] = {}
    for spider, kind, state, outcome in units:
        one = counts.setdefault(spider, PlatformCounts(platform=spider))
        one.asked += 1
        one.failed += state == "failed"
        one.skipped += state == "skipped"
        one.left += outcome.get("left", 0)
        one.pages.update(outcome.get("pages", {}))
        one.again.update(outcome.get("again", {}))
        one.limits.update(outcome.get("limits", {}))
        one.asked_by.update(outcome.get("asked_by", {}))
        one.hits_by.update(outcome.get("hits_by", {}))
        one.listings += outcome.get("listings", 0)
        one.matched += outcome.get("matched", 0)
        one.hits += outcome.get("hits", 0)
        one.problems += outcome.get("problems", [])
        if kind == UnitKind.QUESTION.value:
            one.lists += sum(outcome.get("pages", {}).get(each.value, 0) for each in ANSWERED)
            one.listed += outcome.get("listings", 0)
            one.filled.update(outcome.get("filled", {}))
    return [counts[name] for name in sorted(counts)]


def complaint(counts: PlatformCounts, at_least: int, past: Sequence[PlatformCounts] = ()) -> Wrong | None:
    """What is wrong with a platform's run, as the key and values of a message; None if nothing is.

    `at_least` is the platform's floor of listings, 0 where a healthy answer may be empty; `past` its last nights.
    """
    name: dict[str, object] = {"platform": counts.platform}
    pages = counts.settled.total()
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.settled.items())) or "-"
    if not counts.answered and (pages or counts.failed):
        return "health_blind", name | {"pages": told}
    if counts.blocked > WALLED * pages:
        return "health_walled", name | {"blocked": counts.blocked, "all": pages, "pages": told}
    if counts.failed:
        return "health_failed", name | {"failed": counts.failed, "asked": counts.asked}
    if counts.listings < at_least:
        return "health_floor", name | {"listings": counts.listings, "floor": at_least}
    return _fewer(counts, past) or _lost_field(counts, past)


def _fewer(counts: PlatformCounts, past: Sequence[PlatformCounts]) -> Wrong | None:
    usual = [each.listed / each.lists for each in past if each.lists and each.listed >= COMPARABLE]
    if not usual or not counts.lists:
        return None
    before, now = median(usual), counts.listed / counts.lists
    if now >= FEWER * before or before * counts.lists < 2 * COMPARABLE:
        return None
    return "health_fewer", {"platform": counts.platform, "now": f"{now:.1f}", "before": f"{before:.1f}"}


def _lost_field(counts: PlatformCounts, past: Sequence[PlatformCounts]) -> Wrong | None:
    read = counts.filled["read"]
    comparable = [each.filled for each in past if each.filled["read"] >= COMPARABLE]
    if read < COMPARABLE or not comparable:
        return None
    for name in sorted({name for filled in comparable for name in filled} - {"read"}):
        before = median([filled[name] / filled["read"] for filled in comparable])
        now = counts.filled[name] / read
        if before > LOST_FIELD and now < LOST_FIELD * before:
            values: dict[str, object] = {"field": name, "now": f"{now:.0%}", "before": f"{before:.0%}"}
            return "health_layout", {"platform": counts.platform, **values}
    return None
