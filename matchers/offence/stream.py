"""A rip or an open stream of a film, a series or an album: release names, "watch online free", 枪版."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.reported import offered
from matchers.offers.said import quoted, said, strength
from matchers.reasons import offends

NAME = "stream"
RELEASE = 0.8  # estimate
EPISODES = re.compile(
    r"(?:全 ?\d{1,3} ?[集话回]|(?<!\d)\d{1,3} ?[-~–至] ?\d{1,3} ?[集话回]|[Ee]\d{2} ?[-–~] ?[Ee]?\d{2})"
)
DOTTED = re.compile(r"[\w'-]{1,40}(?:\.[\w'-]{1,40}){3,20}")  # Words.with.dots.between.them
ASIDE = 0.4  # what is left of the words beside a book or a program


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for a rip, one for a stream."""
    if listing.kind is ListingKind.APP:
        return
    is_show = nature(work) in (Nature.SHOW, Nature.COURSE)
    for area in ("rip", "stream"):
        words = said(listing, work, area)
        if words:
            chance = strength(words) * (1.0 if is_show else ASIDE)
            chance *= offered(listing, work)
            yield offends(NAME, context, work, f"stream_{area}", chance, theirs=quoted(words))
    whole = _named_as_release(listing) if is_show else ""
    if whole:
        yield offends(NAME, context, work, "stream_release", RELEASE * offered(listing, work), theirs=whole)


def _named_as_release(listing: Listing) -> str:
    """The title, where it is written like a release or counts episodes; else ""."""
    found = EPISODES.search(listing.title)
    if found:
        return found.group()
    written = DOTTED.search(listing.title)
    return written.group() if written else ""
