"""What became of a known hit, told from the answer to its address: still up, changed, gone, blocked to us.

Only a clear answer says "gone": a wall, an error or a page that shows something else never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from attrs import evolve

from crawler.items import Listing, Outcome
from crawler.page import Page, Request
from crawler.store import Check, CheckState, SeenPage, listing_id

_STATES = {
    Outcome.UNCHANGED: CheckState.UP,
    Outcome.GONE: CheckState.GONE,
    Outcome.CHALLENGED: CheckState.BLOCKED,
    Outcome.BLOCKED: CheckState.BLOCKED,
    Outcome.REFUSED: CheckState.BLOCKED,
    Outcome.DISALLOWED: CheckState.BLOCKED,
}
_COMPARED = ("title", "text", "price", "currency", "seller", "availability")


def checked(
    asked: str,
    outcome: Outcome,
    found: Sequence[Listing | Request],
    known: Listing | None,
    page: Page,
    run: str,
    at: datetime,
) -> Check:
    """The check of one answer. `known` is the listing as it was."""
    state, told = _STATES.get(outcome, CheckState.UNKNOWN), ""
    if outcome is Outcome.LIVE:
        state, told = _compared(asked, found, known)
    digest = sha256(page.body).hexdigest() if page.body else ""
    check = Check(listing=listing_id(asked), state=state, outcome=outcome, told=told, endpoint=page.url, run=run, at=at)
    return evolve(check, status=str(page.status), digest=digest)


def unanswered(asked: str, outcome: Outcome, error: object, run: str, at: datetime) -> Check:
    """The check of an address that brought no page."""
    state = _STATES.get(outcome, CheckState.UNKNOWN)
    told = str(error)[:300]
    return Check(listing=listing_id(asked), state=state, outcome=outcome, endpoint=asked, told=told, run=run, at=at)


def seen_tonight(asked: str, seen: SeenPage, run: str) -> Check:
    """The check of a listing whose own page another unit of this night has read."""
    check = Check(
        listing=listing_id(asked),
        state=CheckState.UP,
        outcome=Outcome.UNCHANGED,
        endpoint=seen.url,
        run=run,
        at=seen.checked_at,
    )
    return evolve(check, digest=seen.digest, told="seen in this night")


def _compared(asked: str, found: Sequence[Listing | Request], known: Listing | None) -> tuple[CheckState, str]:
    key = listing_id(asked)
    now = next((each for each in found if isinstance(each, Listing) and listing_id(each.url) == key), None)
    if now is None:
        return CheckState.UNKNOWN, "the page shows no listing of this address"
    if known is None:
        return CheckState.UP, ""
    changed = [name for name in _COMPARED if _differ(getattr(known, name), getattr(now, name))]
    if _differ({each.url for each in known.pictures}, {each.url for each in now.pictures}):
        changed.append("pictures")
    return (CheckState.CHANGED, ", ".join(changed)) if changed else (CheckState.UP, "")


def _differ(before: object, now: object) -> bool:
    """Whether both say something, and not the same: a list row says less than a page."""
    return bool(before) and bool(now) and before != now
