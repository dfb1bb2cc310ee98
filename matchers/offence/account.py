"""A login is sold, lent or shared: what is licensed to one person is used by many."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

PRINT_FACTOR = 0.8  # share of the strength kept if the work is a book, where sellers mean a platform's account
ACCOUNT_SHARED = Ground("account_shared", Polarity.FOR, 3.5)


class Matcher(OffenceMatcher):
    """Words for a shared login."""

    name = "account"
    grounds = (ACCOUNT_SHARED,)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding."""
        signals = find_signals(listing, work, "account")
        if signals:
            strength = signal_strength(signals) * (PRINT_FACTOR if work_type(work) is WorkType.PRINT else 1.0)
            yield make_finding(self.name, work, ACCOUNT_SHARED, strength, theirs=quote_signals(signals))
