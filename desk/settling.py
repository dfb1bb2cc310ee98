"""The end of a night, before it is counted: usual prices, terms that ended, works that flood, pairs to audit."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from attrs import frozen

from crawler.config import Config
from crawler.items import Decision, Verdict
from crawler.messages import say
from crawler.store import Filter, Store
from matchers.calibration import share_between
from pipelines._knowing import context_of
from pipelines._redeciding import redecide, with_terms

FEWEST = 8  # judgements of a work from which on its share of false alarms says something
TOO_MANY = 0.5  # share of false alarms, at the low end of its interval, from which on a work is held
MACHINE = "swordnet"


@frozen(kw_only=True)
class Settled:
    """What was done: decisions that changed, works newly held, pairs drawn."""

    changed: int
    held: tuple[str, ...]
    drawn: int


@frozen(kw_only=True)
class Alarm:
    """What people judged of a work's hits."""

    infringing: int
    innocent: int

    @property
    def rate(self) -> float:
        """The share of false alarms; 0.0 of nothing."""
        total = self.infringing + self.innocent
        return self.innocent / total if total else 0.0


def settle(store: Store, run: str, config: Config, now: datetime) -> Settled:
    """Settle a run."""
    store.trust.count_medians()
    context = context_of(store, now, config.language)
    changed = redecide(store, with_terms(store.works.all(), context), context)
    held = hold_floods(store, run, config, now)
    if held:
        changed += redecide(store, held, context_of(store, now, config.language))
    drawn = store.audits.draw(run, config.night.audit, now)
    store.analyse()
    return Settled(changed=changed, held=tuple(held), drawn=drawn)


def alarms(store: Store) -> dict[str, Alarm]:
    """What people judged, by work."""
    counts: Counter[tuple[str, Verdict]] = Counter()
    for each in store.judgements.all_standing():
        counts[each.work, each.judgement.verdict] += 1
    works = {work for work, _ in counts}
    return {
        work: Alarm(infringing=counts[work, Verdict.INFRINGING], innocent=counts[work, Verdict.NOT])
        for work in sorted(works)
    }


def hold_floods(store: Store, run: str, config: Config, now: datetime) -> list[str]:
    """Put works into quarantine that give mostly false alarms, or suddenly far more hits than a night should have."""
    held = store.trust.quarantined()
    judged = alarms(store)
    found: dict[str, str] = {}
    for work, alarm in judged.items():
        total = alarm.infringing + alarm.innocent
        if total >= FEWEST and share_between(alarm.innocent, total)[0] > TOO_MANY:
            found[work] = say("desk", "held_false", config.language, innocent=alarm.innocent, count=total)
    new = Counter(hit.work for hit in store.hits.brief(Filter(run=run, decisions=(Decision.HIT,))) if hit.is_new)
    for work, count in new.items():
        if count > config.night.flood and not judged.get(work, Alarm(infringing=0, innocent=0)).infringing:
            found.setdefault(work, say("desk", "held_flood", config.language, count=count))
    fresh = {work: why for work, why in found.items() if work not in held and not _was_let_out(store, work)}
    for work, why in sorted(fresh.items()):
        store.trust.hold(work, True, why, MACHINE, now)
    return sorted(fresh)


def _was_let_out(store: Store, work: str) -> bool:
    """A person who let a work out knows it; the machine does not hold it again."""
    return store.trust.released(work) is not None
