"""Another company offers the work under its own name: an app by another developer, a book by another publisher.

For apps this is typical of a clone. Books have editions, reprints and translations, so there it is a weak ground, and
none where a bookseller's own shop states another publishing house in the field for it: pirates are not listed there,
while rights change hands and old texts appear in many houses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.outlets import OutletKind, seller_kind
from registry.company_names import CompanyMatch, compare_companies, is_publishing_house

PUBLISHER_NAME_RE = re.compile(r"[\u4e00-\u9fff]{2,8}?出版社")  # a publisher named in a title
OTHER_PUBLISHER_PROBABILITY = 0.9  # estimates
PARTIAL_NAME_PROBABILITY = 0.5  # one name is a part of the other: perhaps a branch, perhaps a disguise
# A shop that only calls itself a bookshop vouches less for the house that it states; an estimate.
BOOKSHOP_FACTOR = 0.4
# Sellers who name the true publisher of what they sell.
CREDIBLE_KINDS = frozenset(
    {OutletKind.SELF_RUN_BOOKSHOP, OutletKind.PUBLISHER_SHOP, OutletKind.EBOOK_STORE, OutletKind.LIBRARY}
)
PUBLISHER_APP = Ground("publisher_app", Polarity.FOR, 4.5)
PUBLISHER_OTHER = Ground("publisher_other", Polarity.FOR, 3.0)


class Matcher(OffenceMatcher):
    """Companies other than those of the work."""

    name = "publisher"
    grounds = (PUBLISHER_APP, PUBLISHER_OTHER)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding if listing and work both name companies and none of them is the same."""
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
        probability = PARTIAL_NAME_PROBABILITY if CompanyMatch.UNCLEAR in relations else OTHER_PUBLISHER_PROBABILITY
        if not is_app:
            probability *= _doubt_factor(listing, work)
            if not probability:
                return
        yield make_finding(
            self.name,
            work,
            PUBLISHER_APP if is_app else PUBLISHER_OTHER,
            probability,
            ours="、".join(ours),
            theirs=theirs,
        )


def _doubt_factor(listing: Listing, work: Work) -> float:
    """The share (0..1) of its strength that another publisher of a book keeps, by who states it and where."""
    if not listing.publisher or not is_publishing_house(listing.publisher):
        return 1.0
    kind = seller_kind(listing, work)
    if kind is None:
        return 1.0
    if kind.kind in CREDIBLE_KINDS:
        return 0.0
    return BOOKSHOP_FACTOR if kind.kind is OutletKind.BOOKSHOP else 1.0


def _publisher_in_title(listing: Listing, work: Work) -> str | None:
    """The 出版社 that a title names; None if the work's publisher is not called so, or is named in the title too."""
    ours = work.publisher or ""
    if not ours.endswith("出版社") or ours in listing.title:
        return None
    match = PUBLISHER_NAME_RE.search(listing.title)
    return match.group() if match else None
