"""The offer is delivered as a file (an electronic edition, a cloud drive, a shared account), or hints at a hand-over.

Words alone, so a platform where files are the rule (an app store) says nothing; 非电子版 is no 电子版.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from crawler.text import fold
from matchers import Context
from matchers.reasons import offends
from matchers.spoken import GROUNDS, quoted, said

NAME = "delivery"
AREAS = ("delivery", "drive", "account", "hint")
SOLD_AS_FILES = frozenset({"app", "software", "game"})
ORDINARY = 0.4  # what a word for a file weighs where files are how the work is sold


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each way of delivery, by its surest word."""
    if listing.kind is ListingKind.APP:
        return
    as_files = fold(work.kind or "") in SOLD_AS_FILES
    for area in AREAS:
        words = said(listing, work, GROUNDS, area)
        if words:
            chance = words[0].word.probability * (ORDINARY if as_files and area == "delivery" else 1.0)
            yield offends(NAME, context, work, f"delivery_{area}", chance, theirs=quoted(words))
