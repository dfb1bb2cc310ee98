"""Another company offers the work under its own name: an app of another developer, a book of another publisher.

For apps this is the mark of a clone. Books have editions, reprints and translations, so there it is a weak ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.reasons import offends
from registry.companies import Company, compared

NAME = "publisher"
NAMED = re.compile(r"[\u4e00-\u9fff]{2,8}?出版社")  # a publisher named in a title
OTHER = 0.9  # estimates
PART = 0.5  # one name is a part of the other: perhaps a branch, perhaps a disguise


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding where both sides name a company and none of ours is theirs."""
    is_app = listing.kind is ListingKind.APP
    ours = list(dict.fromkeys(filter(None, (work.publisher, work.owner, *(work.creators if is_app else ())))))
    theirs = (listing.publisher or listing.seller) if is_app else listing.publisher or _named(listing, work)
    if not ours or not theirs:
        return
    stands = {compared(name, theirs) for name in ours}
    if Company.SAME in stands:
        return
    key = "publisher_app" if is_app else "publisher_other"
    chance = PART if Company.UNCLEAR in stands else OTHER
    yield offends(NAME, context, work, key, chance, ours="、".join(ours), theirs=theirs)


def _named(listing: Listing, work: Work) -> str | None:
    """The publisher that a title names; None where ours is not called so, or the work's own stands there too."""
    ours = work.publisher or ""
    if not ours.endswith("出版社") or ours in listing.title:
        return None
    found = NAMED.search(listing.title)
    return found.group() if found else None
