"""Another company offers the work under its own name: an app of another developer, a book of another publisher.

For apps this is the mark of a clone. Books have editions, reprints and translations, so there it is a weak ground.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from registry.company_names import CompanyMatch, compare_companies

NAME = "publisher"
PUBLISHER_NAME_RE = re.compile(r"[\u4e00-\u9fff]{2,8}?出版社")  # a publisher named in a title
OTHER_PUBLISHER_PROBABILITY = 0.9  # estimates
PARTIAL_NAME_PROBABILITY = 0.5  # one name is a part of the other: perhaps a branch, perhaps a disguise


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding where both sides name a company and none of ours is theirs."""
    is_app = listing.kind is ListingKind.APP
    ours = list(dict.fromkeys(filter(None, (work.publisher, work.owner, *(work.creators if is_app else ())))))
    theirs = (
        (listing.publisher or listing.seller) if is_app else listing.publisher or _publisher_in_title(listing, work)
    )
    if not ours or not theirs:
        return
    relations = {compare_companies(name, theirs) for name in ours}
    if CompanyMatch.SAME in relations:
        return
    key = "publisher_app" if is_app else "publisher_other"
    chance = PARTIAL_NAME_PROBABILITY if CompanyMatch.UNCLEAR in relations else OTHER_PUBLISHER_PROBABILITY
    yield offence_finding(NAME, context, work, key, chance, ours="、".join(ours), theirs=theirs)


def _publisher_in_title(listing: Listing, work: Work) -> str | None:
    """The publisher that a title names; None where ours is not called so, or the work's own stands there too."""
    ours = work.publisher or ""
    if not ours.endswith("出版社") or ours in listing.title:
        return None
    match = PUBLISHER_NAME_RE.search(listing.title)
    return match.group() if match else None
