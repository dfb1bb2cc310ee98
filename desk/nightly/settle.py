"""Settles a run before it is counted: updates usual prices, redecides hits after recent licence terms, quarantines
works and draws audit samples.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from attrs import frozen

from crawler.config import Config
from crawler.items import Decision, Verdict
from crawler.messages import render_message
from crawler.store import HitQuery, Store
from matchers.evaluation import wilson_interval
from screening.match_context import build_context
from screening.redecide_hits import redecide_hits, works_with_recent_terms

MIN_WORK_JUDGEMENTS = 8  # judgements of a work needed for its share of false alarms to be meaningful
MAX_FALSE_ALARM_SHARE = 0.5  # a work is quarantined if the low end of the interval of its share is above
MACHINE_NAME = "swordnet"


@frozen(kw_only=True)
class Settlement:
    """The result of settling a run: decisions changed, works newly quarantined, audit samples drawn."""

    changed_decisions: int
    quarantined_works: tuple[str, ...]
    audit_samples: int


@frozen(kw_only=True)
class HitVerdictCounts:
    """How many hits of a work people judged infringing, and not."""

    infringing: int
    innocent: int

    @property
    def rate(self) -> float:
        """The share of false alarms; 0.0 without judgements."""
        total = self.infringing + self.innocent
        return self.innocent / total if total else 0.0


def settle_run(store: Store, run: str, config: Config, now: datetime) -> Settlement:
    """Settle a run: prices, decisions, quarantine, audit samples."""
    store.works.update_price_medians()
    context = build_context(store, now)
    changed = redecide_hits(store, works_with_recent_terms(store.works.all_works(), context), context)
    quarantined = quarantine_works(store, run, config, now)
    if quarantined:
        changed += redecide_hits(store, quarantined, build_context(store, now))
    samples = store.reviews.draw_samples(run, config.night.audit, now)
    store.admin.analyse_tables()
    return Settlement(changed_decisions=changed, quarantined_works=tuple(quarantined), audit_samples=samples)


def verdict_counts_by_work(store: Store) -> dict[str, HitVerdictCounts]:
    """The counts of people's verdicts, by work."""
    counts: Counter[tuple[str, Verdict]] = Counter()
    for judged_hit in store.reviews.reviewed_hits():
        counts[judged_hit.work, judged_hit.judgement.verdict] += 1
    works = {work for work, _ in counts}
    return {
        work: HitVerdictCounts(infringing=counts[work, Verdict.INFRINGING], innocent=counts[work, Verdict.NOT])
        for work in sorted(works)
    }


def quarantine_works(store: Store, run: str, config: Config, now: datetime) -> list[str]:
    """Quarantine works with mostly false alarms, or with more new hits than `night.flood` and none judged infringing.

    Returns the works newly quarantined.
    """
    quarantined = store.works.quarantined_works()
    counts_by_work = verdict_counts_by_work(store)
    reasons: dict[str, str] = {}
    for work, verdict_counts in counts_by_work.items():
        total = verdict_counts.infringing + verdict_counts.innocent
        if total >= MIN_WORK_JUDGEMENTS and wilson_interval(verdict_counts.innocent, total)[0] > MAX_FALSE_ALARM_SHARE:
            reasons[work] = render_message(
                "desk", "held_false", config.language, innocent=verdict_counts.innocent, count=total
            )
    new_hits = Counter(
        hit.work for hit in store.hits.find_summaries(HitQuery(run=run, decisions=(Decision.HIT,))) if hit.is_new
    )
    for work, count in new_hits.items():
        if (
            count > config.night.flood
            and not counts_by_work.get(work, HitVerdictCounts(infringing=0, innocent=0)).infringing
        ):
            reasons.setdefault(work, render_message("desk", "held_flood", config.language, count=count))
    fresh = {work: why for work, why in reasons.items() if work not in quarantined and not _was_released(store, work)}
    for work, why in sorted(fresh.items()):
        store.works.set_quarantine(work, True, why, MACHINE_NAME, now)
    return sorted(fresh)


def _was_released(store: Store, work: str) -> bool:
    """Whether a person released the work from quarantine; it is then not quarantined again automatically."""
    return store.works.last_release_time(work) is not None
