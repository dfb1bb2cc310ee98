"""Health of a run: a platform that answered less than a healthy one would gets a complaint and never passes as quiet.

A platform is compared with its floor, with its own last nightly runs, and with listings that must be found. Every
complaint says what is wrong and, by the same key, what to do (messages health_* and advice_*).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from attrs import Factory, asdict, define, fields

from crawler.items import Outcome, UnitKind, UnitState

ANSWERED_OUTCOMES = (Outcome.LIVE, Outcome.UNCHANGED, Outcome.GONE)
BLOCKED_OUTCOMES = (Outcome.CHALLENGED, Outcome.BLOCKED, Outcome.PARTIAL, Outcome.ERROR)
MAX_BLOCKED_SHARE = 0.5  # of pages that are walls or unreadable; with more, a run is not trusted; an estimate
MIN_LISTINGS_RATIO = 0.5  # of the listings per results page on other nights; an estimate
MIN_FIELD_RATIO = 0.3  # of the share of listings that state a field on other nights; an estimate
MIN_COMPARABLE_LISTINGS = 10  # fewer listings are not compared, as they vary by chance

CAUSES = ("name", "private", "port", "unreachable", "robots")  # why a host gave no page; messages health_, advice_
MAIN_CAUSE_SHARE = 0.5  # of the pages without an answer: above it, their common cause is the complaint
MAX_NAMED_HOSTS = 3  # in a complaint
MISSING_COMPLAINT = "health_missing"  # a replayed archive lacks the pages

Complaint = tuple[str, dict[str, object]]


@define(kw_only=True)
class PlatformCounts:
    """Counts of one platform's work in a run. `lists` are results pages that answered, `listed` the listings on them.

    `filled` counts, by field, the listings on newly read results pages that state it, and under "read" all of them.
    """

    platform: str
    asked: int = 0
    failed: int = 0
    skipped: int = 0
    left: int = 0
    pages: Counter[str] = Factory(Counter)
    again: Counter[str] = Factory(Counter)  # those of `pages` that were requested again: the later answer counts
    causes: Counter[str] = Factory(
        Counter
    )  # of pages that could not be had, "cause host": one of CAUSES, host and port
    limits: Counter[str] = Factory(Counter)  # cut-offs, by the setting of [limits] that caused them
    picture_problems: Counter[str] = Factory(Counter)  # pictures not read, or not whole, by crawler.pictures' reasons
    listings: int = 0
    matched: int = 0
    hits: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0
    returned: int = 0
    rechecked: int = 0
    planned: int = 0  # questions
    queried: int = 0  # of them those that the platform answered
    candidates: int = 0  # rows that may carry a work and do not say enough
    opened: int = 0  # of them those whose own page was read, or is known to be gone
    lists: int = 0
    listed: int = 0
    filled: Counter[str] = Factory(Counter)
    asked_by: Counter[str] = Factory(Counter)  # questions answered, by their form
    hits_by: Counter[str] = Factory(Counter)  # hits that they led to
    problems: list[str] = Factory(list)

    @property
    def final_outcomes(self) -> Counter[str]:
        """The final outcomes: each page counted once, however often it was requested."""
        return self.pages - self.again

    @property
    def answered(self) -> int:
        """The number of pages that could be read, or are known to be gone."""
        return sum(self.final_outcomes[outcome.value] for outcome in ANSWERED_OUTCOMES)

    @property
    def blocked(self) -> int:
        """The number of pages that were a wall or unreadable."""
        return sum(self.final_outcomes[outcome.value] for outcome in BLOCKED_OUTCOMES)

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON types."""
        return asdict(self) | {"problems": self.problems[:20]}


def counts_from_dict(platform: str, data: Mapping[str, Any]) -> PlatformCounts:
    """The counts from the result of `to_dict`; counts that an older version lacks are 0."""
    field_names = {counter.name for counter in fields(PlatformCounts)} - {"platform"}
    values = {name: value for name, value in data.items() if name in field_names}
    values |= {
        name: Counter(values.get(name, {}))
        for name in ("pages", "again", "causes", "limits", "picture_problems", "filled", "asked_by", "hits_by")
    }
    return PlatformCounts(platform=platform, **values)


def count_by_platform(units: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> list[PlatformCounts]:
    """The sums of units' outcomes by platform, sorted by name. A unit is (spider, kind, state, outcome)."""
    counts: dict[str, PlatformCounts] = {}
    for spider, kind, state, outcome in units:
        platform_counts = counts.setdefault(spider, PlatformCounts(platform=spider))
        platform_counts.asked += 1
        platform_counts.failed += state == UnitState.FAILED
        platform_counts.skipped += state == UnitState.SKIPPED
        platform_counts.left += outcome.get("left", 0)
        platform_counts.pages.update(outcome.get("pages", {}))
        platform_counts.again.update(outcome.get("again", {}))
        platform_counts.causes.update(outcome.get("causes", {}))
        platform_counts.limits.update(outcome.get("limits", {}))
        platform_counts.picture_problems.update(outcome.get("picture_problems", {}))
        platform_counts.asked_by.update(outcome.get("asked_by", {}))
        platform_counts.hits_by.update(outcome.get("hits_by", {}))
        platform_counts.listings += outcome.get("listings", 0)
        platform_counts.matched += outcome.get("matched", 0)
        platform_counts.hits += outcome.get("hits", 0)
        platform_counts.problems += outcome.get("problems", [])
        if kind == UnitKind.DETAILS.value:
            platform_counts.candidates += outcome.get("planned", 0)
            platform_counts.opened += outcome.get("opened", 0)
        platform_counts.candidates += outcome.get("unplanned", 0)
        if kind == UnitKind.QUESTION.value:
            platform_counts.planned += outcome.get("planned", 0)
            platform_counts.queried += outcome.get("queried", 0)
            platform_counts.lists += sum(
                outcome.get("pages", {}).get(answered.value, 0) for answered in ANSWERED_OUTCOMES
            )
            platform_counts.listed += outcome.get("listings", 0)
            platform_counts.filled.update(outcome.get("filled", {}))
    return [counts[name] for name in sorted(counts)]


def find_complaint(counts: PlatformCounts, at_least: int, past: Sequence[PlatformCounts] = ()) -> Complaint | None:
    """What is wrong with a platform's run, as the key and values of a message; None if nothing is.

    `at_least` is the platform's minimum of listings, 0 where a healthy answer may be empty; `past` are the counts of
    its last nightly runs.
    """
    values: dict[str, object] = {"platform": counts.platform}
    pages = counts.final_outcomes.total()
    page_summary = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.final_outcomes.items())) or "-"
    if not counts.answered and (pages or counts.failed):
        return _common_cause(counts) or _missing_pages(counts) or ("health_blind", values | {"pages": page_summary})
    if counts.blocked > MAX_BLOCKED_SHARE * pages:
        if complaint := _common_cause(counts):
            return complaint
        return "health_walled", values | {"blocked": counts.blocked, "all": pages, "pages": page_summary}
    if counts.failed:
        return "health_failed", values | {"failed": counts.failed, "asked": counts.asked}
    unopened = counts.candidates - counts.pages[Outcome.MISSING.value]  # what a replayed archive lacks means nothing
    if counts.planned and not counts.opened and unopened > 0:
        return "health_unopened", values | {"candidates": unopened, "pages": page_summary}
    if counts.listings < at_least:
        return "health_floor", values | {"listings": counts.listings, "floor": at_least}
    return _fewer_listings(counts, past) or _missing_field(counts, past)


def _common_cause(counts: PlatformCounts) -> Complaint | None:
    """The complaint about what kept most of the pages from being had, if that is one cause."""
    unanswered = counts.pages.total() - sum(counts.pages[outcome.value] for outcome in ANSWERED_OUTCOMES)
    totals: Counter[str] = Counter()
    for entry, number in counts.causes.items():
        totals[entry.partition(" ")[0]] += number
    for cause, number in totals.most_common(1):
        if number > MAIN_CAUSE_SHARE * unanswered and cause in CAUSES:
            hosts = [
                entry.partition(" ")[2] for entry, _ in counts.causes.most_common() if entry.startswith(f"{cause} ")
            ]
            named = ", ".join(hosts[:MAX_NAMED_HOSTS]) + (", ..." if len(hosts) > MAX_NAMED_HOSTS else "")
            pages = counts.final_outcomes.total()
            values = {"missing": pages - counts.answered, "all": pages, "hosts": named}
            return f"health_{cause}", {"platform": counts.platform, **values}
    return None


def _missing_pages(counts: PlatformCounts) -> Complaint | None:
    """The complaint about an archive that lacks most of what was asked: nothing is known of the platform itself."""
    missing, pages = counts.final_outcomes[Outcome.MISSING.value], counts.final_outcomes.total()
    if missing <= MAIN_CAUSE_SHARE * pages:
        return None
    return MISSING_COMPLAINT, {"platform": counts.platform, "missing": missing, "all": pages}


def _fewer_listings(counts: PlatformCounts, past: Sequence[PlatformCounts]) -> Complaint | None:
    usual_ratios = [
        previous.listed / previous.lists
        for previous in past
        if previous.lists and previous.listed >= MIN_COMPARABLE_LISTINGS
    ]
    if not usual_ratios or not counts.lists:
        return None
    before, current = median(usual_ratios), counts.listed / counts.lists
    if current >= MIN_LISTINGS_RATIO * before or before * counts.lists < 2 * MIN_COMPARABLE_LISTINGS:
        return None
    return "health_fewer", {"platform": counts.platform, "now": f"{current:.1f}", "before": f"{before:.1f}"}


def _missing_field(counts: PlatformCounts, past: Sequence[PlatformCounts]) -> Complaint | None:
    read = counts.filled["read"]
    comparable = [previous.filled for previous in past if previous.filled["read"] >= MIN_COMPARABLE_LISTINGS]
    if read < MIN_COMPARABLE_LISTINGS or not comparable:
        return None
    for name in sorted({name for filled in comparable for name in filled} - {"read"}):
        before = median([filled[name] / filled["read"] for filled in comparable])
        current = counts.filled[name] / read
        if before > MIN_FIELD_RATIO and current < MIN_FIELD_RATIO * before:
            values: dict[str, object] = {"field": name, "now": f"{current:.0%}", "before": f"{before:.0%}"}
            return "health_layout", {"platform": counts.platform, **values}
    return None
