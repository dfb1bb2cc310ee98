"""Another company offers the work under its own name: an app of another developer, a book of another publisher.

For apps this is the mark of a clone. Books have editions, reprints and translations, so there it is a weak ground.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from crawler.text import fold
from matchers import Context
from matchers.reasons import offends

NAME = "publisher"
OTHER_DEVELOPER = 0.85  # estimates, not fitted: so are all chances of this package, see docs/matchers.md
OTHER_PUBLISHER = 0.3


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding where both sides name a company and the names have nothing in common."""
    is_app = listing.kind is ListingKind.APP
    ours = list(dict.fromkeys(filter(None, (work.publisher, work.owner, *(work.creators if is_app else ())))))
    theirs = (listing.publisher or listing.seller) if is_app else listing.publisher
    if not ours or not theirs or any(_alike(name, theirs) for name in ours):
        return
    key, chance = ("publisher_app", OTHER_DEVELOPER) if is_app else ("publisher_other", OTHER_PUBLISHER)
    yield offends(NAME, context, work, key, chance, ours="、".join(ours), theirs=theirs)


def _alike(one: str, other: str) -> bool:
    first, second = fold(one).replace(" ", ""), fold(other).replace(" ", "")
    return first in second or second in first
