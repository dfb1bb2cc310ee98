"""Signs of a genuine copy: used by its own words, an original disc or box, paper and not a file, a bookshop's manners.

None of them counts where the offer says itself that it is a file, a copy or a login: thieves say "used" too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.said import quoted, said, strength
from matchers.reasons import offends

NAME = "innocent"
HARD = (
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
HARD_ENOUGH = 0.8  # strength of the hard signs from which on the innocent ones say nothing
WAYS = {
    "used_copy": ("used",),
    "used_original": ("original",),
    "used_paper": ("no_file", "no_copy", "no_drive", "no_handover", "no_counterfeit", "no_virtual"),
    "used_print": ("print",),
    "used_shop": ("shop", "companion", "extra_companion"),
}


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against, one for each sign."""
    if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
        return
    if strength(said(listing, work, *HARD)) >= HARD_ENOUGH:
        return
    found = partial(offends, NAME, context, work, polarity=Polarity.AGAINST)
    for key, areas in WAYS.items():
        words = said(listing, work, *areas)
        if words and not (key == "used_copy" and nature(work) is Nature.COURSE):
            yield found(key, strength(words), theirs=quoted(words))
