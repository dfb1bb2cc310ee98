"""Signs of a genuine copy: used by its own words, an original disc or box, paper and not a file, a bookshop's manners.

None of them counts where the offer says itself that it is a file, a copy or a login: thieves say "used" too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "innocent"
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
MIN_PIRACY_STRENGTH = 0.8  # strength of the hard signs from which on the innocent ones say nothing
GROUND_AREAS = {
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
    if signal_strength(find_signals(listing, work, *PIRACY_AREAS)) >= MIN_PIRACY_STRENGTH:
        return
    make_finding = partial(offence_finding, NAME, context, work, polarity=Polarity.AGAINST)
    for key, areas in GROUND_AREAS.items():
        signals = find_signals(listing, work, *areas)
        if signals and not (key == "used_copy" and work_type(work) is WorkType.COURSE):
            yield make_finding(key, signal_strength(signals), theirs=quote_signals(signals))
