"""Recheck of a stored hit: the response at its URL shows whether it is up, changed, gone, or blocked to us.

Only a clear answer counts as "gone": a wall, an error or a page that shows something else never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from attrs import evolve

from crawler.items import Listing, Outcome
from crawler.page import Page, Request
from crawler.page.outcome import is_removed
from crawler.store import CachedPage, Recheck, RecheckState, listing_id

_STATE_BY_OUTCOME = {
    Outcome.UNCHANGED: RecheckState.UP,
    Outcome.GONE: RecheckState.GONE,
    Outcome.CHALLENGED: RecheckState.BLOCKED,
    Outcome.BLOCKED: RecheckState.BLOCKED,
    Outcome.REFUSED: RecheckState.BLOCKED,
    Outcome.DISALLOWED: RecheckState.BLOCKED,
}
_COMPARED_FIELDS = ("title", "text", "price", "currency", "seller", "availability")


def recheck_from_answer(
    address: str,
    outcome: Outcome,
    entries: Sequence[Listing | Request],
    previous: Listing | None,
    page: Page,
    run: str,
    at: datetime,
) -> Recheck:
    """The recheck that follows from one response. `entries` were read from it; `previous` is the stored listing."""
    state, detail = _STATE_BY_OUTCOME.get(outcome, RecheckState.UNKNOWN), ""
    if outcome is Outcome.LIVE:
        state, detail = _compare_listing(address, entries, previous)
    digest = sha256(page.body).hexdigest() if page.body else ""
    recheck = Recheck(
        listing=listing_id(address), state=state, outcome=outcome, told=detail, endpoint=page.url, run=run, at=at
    )
    return evolve(recheck, status=str(page.status), digest=digest)


def is_gone(page: Page, stored: Listing) -> bool:
    """Whether a page says that the stored listing asked for is gone; the state of a share has other words."""
    return stored.share_state is None and is_removed(page.body, page.content_type, stored.title)


def recheck_from_failure(address: str, outcome: Outcome, error: object, run: str, at: datetime) -> Recheck:
    """The recheck of an address whose request brought no page."""
    state = _STATE_BY_OUTCOME.get(outcome, RecheckState.UNKNOWN)
    detail = str(error)[:300]
    return Recheck(
        listing=listing_id(address), state=state, outcome=outcome, endpoint=address, told=detail, run=run, at=at
    )


def recheck_from_cached_page(address: str, cached_page: CachedPage, run: str) -> Recheck:
    """The recheck of a listing whose own page another unit of this nightly run has read."""
    recheck = Recheck(
        listing=listing_id(address),
        state=RecheckState.UP,
        outcome=Outcome.UNCHANGED,
        endpoint=cached_page.url,
        run=run,
        at=cached_page.checked_at,
    )
    return evolve(recheck, digest=cached_page.digest, told="seen in this night")


def _compare_listing(
    address: str, entries: Sequence[Listing | Request], previous: Listing | None
) -> tuple[RecheckState, str]:
    key = listing_id(address)
    current = next((entry for entry in entries if isinstance(entry, Listing) and listing_id(entry.url) == key), None)
    if current is None:
        return RecheckState.UNKNOWN, "the page shows no listing of this address"
    if previous is None:
        return RecheckState.UP, ""
    changed = [name for name in _COMPARED_FIELDS if _is_changed(getattr(previous, name), getattr(current, name))]
    if _is_changed({entry.url for entry in previous.pictures}, {entry.url for entry in current.pictures}):
        changed.append("pictures")
    return (RecheckState.CHANGED, ", ".join(changed)) if changed else (RecheckState.UP, "")


def _is_changed(before: object, after: object) -> bool:
    """Whether both values are stated and differ: a list row states less than the listing's own page."""
    return bool(before) and bool(after) and before != after
