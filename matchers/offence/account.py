"""A login is sold, lent or shared: what is licensed to one person is used by many."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "account"
PRINT_FACTOR = 0.8  # what is left where the work is a book: its seller speaks of a platform's account


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding."""
    signals = find_signals(listing, work, "account")
    if signals:
        chance = signal_strength(signals) * (PRINT_FACTOR if work_type(work) is WorkType.PRINT else 1.0)
        yield offence_finding(NAME, context, work, "account_shared", chance, theirs=quote_signals(signals))
