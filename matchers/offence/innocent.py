"""The offer shows signs of a genuine copy: used, an original disc or box, paper and no file, a bookseller's wording.

No word counts if the offer itself says that it is a file, a copy or a login: pirates write "used" too. A bookseller
counts whatever its blurbs say: a new copy near its price needs a strong ground, not a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.outlets import OutletKind, seller_kind
from matchers.signals.work_type import WorkType, work_type

PIRACY_AREAS = (
    "file",
    "virtual",
    "no_print",
    "drive",
    "handover",
    "copy",
    "counterfeit",
    "crack",
    "server",
    "account",
    "burned",
)
MIN_PIRACY_STRENGTH = 0.6  # from this strength of piracy signals the innocent ones do not count
USED_COPY = Ground("used_copy", Polarity.AGAINST, -1.5)
USED_ORIGINAL = Ground("used_original", Polarity.AGAINST, -1.5)
USED_PAPER = Ground("used_paper", Polarity.AGAINST, -1.0)
USED_PRINT = Ground("used_print", Polarity.AGAINST, -0.5)
USED_SHOP = Ground("used_shop", Polarity.AGAINST, -1.0)
USED_BOOKSELLER = Ground("used_bookseller", Polarity.AGAINST, -2.0)
# How sure each kind of seller makes a printed or bought copy. Estimates: a name is claimed more easily than a platform.
BOOKSELLER_PROBABILITIES = {
    OutletKind.SELF_RUN_BOOKSHOP: 0.95,
    OutletKind.LIBRARY: 0.95,
    OutletKind.EBOOK_STORE: 0.9,
    OutletKind.PUBLISHER_SHOP: 0.85,
    OutletKind.BOOKSHOP: 0.6,
}
GROUND_AREAS = (
    (USED_COPY, ("used",)),
    (USED_ORIGINAL, ("original",)),
    (USED_PAPER, ("no_file", "no_copy", "no_drive", "no_handover", "no_counterfeit", "no_virtual")),
    (USED_PRINT, ("print",)),
    (USED_SHOP, ("shop", "companion", "extra_companion")),
)


class Matcher(OffenceMatcher):
    """Words for a genuine copy."""

    name = "innocent"
    grounds = (USED_COPY, USED_ORIGINAL, USED_PAPER, USED_PRINT, USED_SHOP, USED_BOOKSELLER)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """Findings against, one for each ground."""
        if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
            return
        if listing.kind is ListingKind.OFFER and work_type(work) is WorkType.PRINT:
            seller = seller_kind(listing, work)
            if seller and seller.kind in BOOKSELLER_PROBABILITIES:
                strength = BOOKSELLER_PROBABILITIES[seller.kind]
                yield make_finding(self.name, work, USED_BOOKSELLER, strength, theirs=seller.quote)
        if signal_strength(find_signals(listing, work, *PIRACY_AREAS)) >= MIN_PIRACY_STRENGTH:
            return
        for ground, areas in GROUND_AREAS:
            signals = find_signals(listing, work, *areas)
            if signals and not (ground is USED_COPY and work_type(work) is WorkType.COURSE):
                strength = signal_strength(signals)
                yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))
