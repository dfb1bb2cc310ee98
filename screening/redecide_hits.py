"""Decides stored hits again when a licence term, a rule, a weight or a price has changed.

No page is read and no title compared: identity findings stay, and only the offence is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from crawler.items import Work
from crawler.store import Store
from matchers.assessor import differs, reassess
from matchers.matcher import Context

RECENT_TERM_WINDOW = timedelta(days=45)  # how long after a term began or ended stored hits are decided again


def redecide_hits(store: Store, works: Sequence[str] | None, context: Context) -> int:
    """Decide the hits of these works (None: all) again; returns how many decisions changed."""
    batches = store.hits.all_batches() if works is None else store.hits.batches_of_works(works)
    registry: dict[str, Work] = {}
    count = 0
    for batch in batches:
        registry |= store.works.get_many({hit.work for hit in batch} - registry.keys())
        decided_pairs = [(hit, reassess(hit.listing, registry[hit.work], hit.findings, context)) for hit in batch]
        changed = [
            (hit, assessment)
            for hit, assessment in decided_pairs
            if differs({hit.work: hit.previous_decision}, [assessment])
        ]
        store.hits.update_decisions(changed, context.now)
        count += sum(assessment.decision.value != hit.previous_decision[0] for hit, assessment in changed)
    return count


def works_with_recent_terms(works: Iterable[Work], context: Context) -> list[str]:
    """The ids of works whose licence began or ended, or that were released, within RECENT_TERM_WINDOW."""
    last_day = context.now.date()
    first_day = last_day - RECENT_TERM_WINDOW
    return [work.id for work in works if any(first_day <= day <= last_day for day in _term_days(work, context))]


def _term_days(work: Work, context: Context) -> Iterable[date]:
    licences = (*work.licences, *context.official_licences.get(work.owner or work.publisher or "", ()))
    for licence in licences:
        if licence.since:
            yield licence.since
        if licence.until:
            yield licence.until + timedelta(days=1)
    if work.released_on:
        yield work.released_on
