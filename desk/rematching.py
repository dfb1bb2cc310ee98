"""Stored listings against the registry as it is now, without asking the web: what changed is written, the rest stays.

Works that came, went or changed their names alter old listings too; so do licences that began or ended.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, frozen

from crawler.items import Assessed, Assessment, Decision, Listing
from crawler.store import Store
from crawler.store.listings import Stored
from crawler.store.rematches import Rematches
from desk.cores import in_order
from matchers import Context
from matchers.assess import Assessor, differs


@define(kw_only=True)
class Rematched:
    """What came of it: listings looked at, listings that changed, hits now among the changed ones."""

    listings: int = 0
    changed: int = 0
    hits: int = 0


@frozen(kw_only=True)
class _Task:
    assessor: Assessor
    context: Context

    def __call__(self, portion: list[Stored]) -> tuple[int, list[Assessed]]:
        """How many listings there were, and those whose assessments are no longer what is stored."""
        self.assessor.warm([each.listing for each in portion])
        changed = []
        for each in portion:
            found = self.assessor.assess(each.listing, self.context)
            if differs(each.hits, found):
                changed.append(Assessed(listing=each.listing, assessments=found))
        return len(portion), changed


def rematch(store: Store, assessor: Assessor, context: Context, workers: int) -> Rematched:
    """Assess all stored listings again, in portions over so many processes; each portion is written as it comes."""
    stored = Rematches(store.engine)
    done = Rematched()
    joined = ([_joined(store, each) for each in portion] for portion in stored.portions())
    for count, changed in in_order(_Task(assessor=assessor, context=context), joined, workers):
        stored.write(changed, context.now)
        done.listings += count
        done.changed += len(changed)
        done.hits += sum(is_hit(each.assessments) for each in changed)
    store.analyse()
    return done


def is_hit(assessments: Iterable[Assessment]) -> bool:
    """Whether one of the works makes the listing a hit."""
    return any(part.decision is Decision.HIT for part in assessments)


def _joined(store: Store, each: Stored) -> Stored:
    """With what is known of its shares, as when it was crawled."""
    listing: Listing = store.shares.joined(each.listing)
    return Stored(listing=listing, hits=each.hits)
