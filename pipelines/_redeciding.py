"""Stored hits are decided again by what was found once: when a term ends, a rule is taught, a weight or a price
changes.

No page is read and no title compared again: the findings for the identity stay, the grounds are asked anew, on the day
on which the listing was last seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from crawler.items import Work
from crawler.store import Store
from crawler.store.redecisions import Known, Redecisions
from matchers import Context
from matchers.assess import again, differs

LATE = timedelta(days=45)  # so long after the day a term began or ended, stored hits are looked at again


def redecide(store: Store, works: Sequence[str] | None, context: Context) -> int:
    """Decide the hits of these works (None: all) again; returns how many became something else."""
    stored = Redecisions(store.engine)
    portions: Iterable[list[Known]] = stored.all() if works is None else stored.of_works(list(works))
    registry: dict[str, Work] = {}
    count = 0
    for portion in portions:
        registry |= store.works.some({each.work for each in portion} - registry.keys())
        found = [(each, again(each.listing, registry[each.work], each.findings, context)) for each in portion]
        changed = [(each, now) for each, now in found if differs({each.work: each.decided}, [now])]
        stored.write(changed, context.now)
        count += sum(now.decision.value != each.decided[0] for each, now in changed)
    return count


def with_terms(works: Iterable[Work], context: Context) -> list[str]:
    """The works of which a licence or a release began or ended lately, so that what is stored may have changed."""
    last = context.now.date()
    first = last - LATE
    return [work.id for work in works if any(first <= day <= last for day in _days(work, context))]


def _days(work: Work, context: Context) -> Iterable[date]:
    licences = (*work.licences, *context.official.get(work.owner or work.publisher or "", ()))
    for licence in licences:
        if licence.since:
            yield licence.since
        if licence.until:
            yield licence.until + timedelta(days=1)
    if work.released_on:
        yield work.released_on
