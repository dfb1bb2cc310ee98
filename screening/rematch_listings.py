"""Compares stored listings with the current registry, in parallel, and writes what changed.

For a few new works, listings are prefiltered by their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import define, evolve, frozen

from crawler.items import AssessedListing, Assessment, Decision, Listing, Work
from crawler.store import STORED_LISTINGS_BATCH, Store, StoredListing, listing_id
from matchers.assessor import Assessor, differs
from matchers.decision import MIN_STORED_IDENTITY
from matchers.matcher import Context
from matchers.prefilter import Prefilter
from screening.parallel import map_in_order

LISTINGS_PER_LOOKUP = 96  # listings whose titles and texts are looked up together


@define(kw_only=True)
class RematchCounts:
    """Counts of a rematch: listings compared, listings that changed, changed listings that are hits now."""

    listings: int = 0
    changed: int = 0
    hits: int = 0


@frozen(kw_only=True)
class _RematchTask:
    assessor: Assessor
    context: Context

    def __call__(self, portion: list[StoredListing]) -> tuple[int, list[AssessedListing]]:
        """The number of listings, and those whose assessments differ from the stored ones."""
        changed = []
        for start in range(0, len(portion), LISTINGS_PER_LOOKUP):
            part = portion[start : start + LISTINGS_PER_LOOKUP]
            _prefetch_texts(self.assessor, part)
            results = self.assessor.assess_all([stored_listing.listing for stored_listing in part], self.context)
            for stored_listing, assessments in zip(part, results, strict=True):
                if assessed := find_change(stored_listing, assessments):
                    changed.append(assessed)
        return len(portion), changed


def rematch_new_works(
    store: Store, new: Sequence[Work], assessor: Callable[[], Assessor], context: Context, workers: int
) -> RematchCounts:
    """Assess again the listings that may carry one of a few new works, and write what changed: listings are prefiltered
    by their keys, those left are compared with the new works, and those that have a candidate with all (`assessor`).
    """
    prefilter, new_assessor = Prefilter(new), Assessor(new, MIN_STORED_IDENTITY)
    counts = RematchCounts()
    candidate_ids: list[str] = []
    for keyed in store.listings.screening_key_batches():
        counts.listings += len(keyed.ids)
        unkeyed = {place for place, key in enumerate(keyed.keys) if key is None}
        passing = prefilter.select_rows(
            [key or "\n" for key in keyed.keys], [look or b"" for look in keyed.picture_hashes]
        )
        ids = [keyed.ids[place] for place in sorted(unkeyed.union(passing))]
        for start in range(0, len(ids), LISTINGS_PER_LOOKUP):
            part = store.listings.get_by_ids(ids[start : start + LISTINGS_PER_LOOKUP])
            candidate_ids += _candidate_ids(part, new_assessor, context)
    if not candidate_ids:
        return counts
    task = _RematchTask(assessor=assessor(), context=context)
    batches = (
        store.listings.get_by_ids(candidate_ids[start : start + STORED_LISTINGS_BATCH])
        for start in range(0, len(candidate_ids), STORED_LISTINGS_BATCH)
    )
    joined = ([_with_shares(store, stored_listing) for stored_listing in batch] for batch in batches)
    for _, changed in map_in_order(task, joined, workers):
        _write_changes(store, changed, context, counts)
    store.admin.analyse_tables()
    return counts


def _candidate_ids(portion: Sequence[StoredListing], assessor: Assessor, context: Context) -> list[str]:
    """The ids of the listings for which one of the new works is considered."""
    _prefetch_texts(assessor, portion)
    listings = [entry.listing for entry in portion]
    is_candidate = assessor.have_candidates(listings, context)
    return [listing_id(entry.url) for entry, carries_work in zip(listings, is_candidate, strict=True) if carries_work]


def _prefetch_texts(assessor: Assessor, portion: Sequence[StoredListing]) -> None:
    """Look up the texts of these listings in advance, all at once."""
    assessor.prefetch(
        [
            evolve(stored_listing.listing, title=stored_listing.listing.text)
            for stored_listing in portion
            if stored_listing.listing.text
        ]
    )


def _write_changes(store: Store, changed: list[AssessedListing], context: Context, counts: RematchCounts) -> None:
    store.hits.replace_hits(changed, context.now)
    counts.changed += len(changed)
    counts.hits += sum(is_any_hit(assessed.assessments) for assessed in changed)


def rematch_all(store: Store, assessor: Assessor, context: Context, workers: int) -> RematchCounts:
    """Assess all stored listings again in portions, in `workers` processes; each portion is written when it is done."""
    counts = RematchCounts()
    joined = (
        [_with_shares(store, stored_listing) for stored_listing in batch] for batch in store.listings.all_batches()
    )
    for count, changed in map_in_order(_RematchTask(assessor=assessor, context=context), joined, workers):
        counts.listings += count
        _write_changes(store, changed, context, counts)
    store.admin.analyse_tables()
    return counts


def find_change(stored_listing: StoredListing, assessments: Sequence[Assessment]) -> AssessedListing | None:
    """The listing with the assessments to write; None if its stored hits would stay as they are.

    A hit that a person judged or an audit drew stays without an assessment; the hits of an offer that came back under
    another address are there, and its old address gets no new ones.
    """
    if stored_listing.is_relisted:
        assessments = [assessment for assessment in assessments if assessment.work_id in stored_listing.hits]
    assessed_works = {assessment.work_id for assessment in assessments}
    replaceable_hits = {
        work: decision
        for work, decision in stored_listing.hits.items()
        if work in assessed_works or work not in stored_listing.reviewed_works
    }
    if not differs(replaceable_hits, assessments):
        return None
    return AssessedListing(listing=stored_listing.listing, assessments=tuple(assessments))


def is_any_hit(assessments: Iterable[Assessment]) -> bool:
    """Whether the listing is a hit for any work."""
    return any(part.decision is Decision.HIT for part in assessments)


def _with_shares(store: Store, stored_listing: StoredListing) -> StoredListing:
    """The listing with what is known of its shares, as when it was crawled."""
    listing: Listing = store.shares.add_share_contents(stored_listing.listing)
    return evolve(stored_listing, listing=listing)
