"""A login is sold, lent or shared: what is licensed to one person is used by many."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.said import quoted, said, strength
from matchers.reasons import offends

NAME = "account"
OF_PRINT = 0.8  # what is left where the work is a book: its seller speaks of a platform's account


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding."""
    words = said(listing, work, "account")
    if words:
        chance = strength(words) * (OF_PRINT if nature(work) is Nature.PRINT else 1.0)
        yield offends(NAME, context, work, "account_shared", chance, theirs=quoted(words))
