"""The offer is delivered as a file: it says so, names a drive, tells how the file is handed over, or is a burnt copy.

Words alone, so an app store, where files are the rule, says nothing. What comes beside a printed book (送电子讲义)
is no delivery of the work.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.offers.nature import Nature, is_talk_place, nature
from matchers.offers.reported import offered
from matchers.offers.said import Said, quoted, said, says, strength
from matchers.reasons import offends

NAME = "delivery"
# Areas of signs.csv that say the same; what is denied of paper is said of a file.
WAYS = {
    "file": ("file",),
    "virtual": ("virtual", "no_print"),
    "drive": ("drive",),
    "handover": ("handover",),
    "disclaimer": ("disclaimer",),
    "burned": ("burned",),
}
# What is left of a word where it is ordinary: software is downloaded and its keys are mailed. Estimates.
ORDINARY = {(Nature.PROGRAM, "file"): 0.4, (Nature.PROGRAM, "virtual"): 0.3, (Nature.COURSE, "virtual"): 0.6}
# A post often only speaks of files: what is left where its title names none and nothing hands one over. Estimate.
MENTIONED = 0.2
HANDING = ("drive", "handover", "virtual", "stream")


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each way of delivery."""
    if listing.kind is ListingKind.APP:
        return
    for way, areas in WAYS.items():
        words = said(listing, work, *areas)
        if words:
            chance = strength(words) * ORDINARY.get((nature(work), way), 1.0) * offered(listing, work)
            chance *= MENTIONED if way == "file" and _is_mentioned(listing, work, words) else 1.0
            yield offends(NAME, context, work, f"delivery_{way}", chance, theirs=quoted(words))


def _is_mentioned(listing: Listing, work: Work, words: list[Said]) -> bool:
    """Whether a post speaks of a file that it does not hand over."""
    if not is_talk_place(listing) or listing.links or any(one.in_title for one in words):
        return False
    return not says(listing, work, *HANDING)
