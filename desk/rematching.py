"""Stored listings against the registry as it is now, without asking the web: what changed is written, the rest stays.

Works that came, went or changed their names alter old listings too; so do licences that began or ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import define, evolve, frozen

from crawler.items import Assessed, Assessment, Decision, Listing, Work
from crawler.store import Store, listing_id
from crawler.store.listings import Stored
from crawler.store.rematches import PORTION, Rematches
from desk.cores import in_order
from matchers import Context
from matchers.assess import Assessor, differs
from matchers.screen import Screen
from matchers.weigh import STORED

AT_ONCE = 96  # listings whose titles and texts are looked up together: the engine keeps 512 readings


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
        changed = []
        for start in range(0, len(portion), AT_ONCE):
            part = portion[start : start + AT_ONCE]
            _warm_texts(self.assessor, part)
            found = self.assessor.assess_all([each.listing for each in part], self.context)
            for each, assessments in zip(part, found, strict=True):
                if differs(each.hits, assessments):
                    changed.append(Assessed(listing=each.listing, assessments=assessments))
        return len(portion), changed


def rematch_new(
    store: Store, new: Sequence[Work], assessor: Callable[[], Assessor], context: Context, workers: int
) -> Rematched:
    """Assess again what may carry one of a few new works, and write what changed: listings are screened by their keys,
    what passes is compared with the new works, and what is left with all (`assessor`).
    """
    stored, screen, few = Rematches(store.engine), Screen(new), Assessor(new, STORED)
    done = Rematched()
    carrying: list[str] = []
    for listed in stored.keyed():
        done.listings += len(listed.ids)
        unknown = {place for place, key in enumerate(listed.keys) if key is None}
        passed = screen.passing([key or "\n" for key in listed.keys], [look or b"" for look in listed.looks])
        ids = [listed.ids[place] for place in sorted(unknown.union(passed))]
        for start in range(0, len(ids), AT_ONCE):
            carrying += _carrying(stored.some(ids[start : start + AT_ONCE]), few, context)
    if not carrying:
        return done
    task = _Task(assessor=assessor(), context=context)
    parts = (carrying[start : start + PORTION] for start in range(0, len(carrying), PORTION))
    joined = ([_joined(store, each) for each in stored.some(part)] for part in parts)
    for _, changed in in_order(task, joined, workers):
        _note(stored, changed, context, done)
    store.analyse()
    return done


def _carrying(portion: Sequence[Stored], few: Assessor, context: Context) -> list[str]:
    """The ids of the listings that one of the new works comes into question for."""
    _warm_texts(few, portion)
    listings = [each.listing for each in portion]
    considered = few.considering(listings, context)
    return [listing_id(each.url) for each, carries in zip(listings, considered, strict=True) if carries]


def _warm_texts(assessor: Assessor, portion: Sequence[Stored]) -> None:
    """Look up what listings say besides their titles at once."""
    assessor.warm([evolve(each.listing, title=each.listing.text) for each in portion if each.listing.text])


def _note(stored: Rematches, changed: list[Assessed], context: Context, done: Rematched) -> None:
    stored.write(changed, context.now)
    done.changed += len(changed)
    done.hits += sum(is_hit(each.assessments) for each in changed)


def rematch(store: Store, assessor: Assessor, context: Context, workers: int) -> Rematched:
    """Assess all stored listings again, in portions over so many processes; each portion is written as it comes."""
    stored = Rematches(store.engine)
    done = Rematched()
    joined = ([_joined(store, each) for each in portion] for portion in stored.portions())
    for count, changed in in_order(_Task(assessor=assessor, context=context), joined, workers):
        done.listings += count
        _note(stored, changed, context, done)
    store.analyse()
    return done


def is_hit(assessments: Iterable[Assessment]) -> bool:
    """Whether one of the works makes the listing a hit."""
    return any(part.decision is Decision.HIT for part in assessments)


def _joined(store: Store, each: Stored) -> Stored:
    """With what is known of its shares, as when it was crawled."""
    listing: Listing = store.shares.joined(each.listing)
    return Stored(listing=listing, hits=each.hits)
