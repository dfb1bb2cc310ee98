"""A rip or an open stream of a film, a series or an album: release names, "watch online free", 枪版."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

NAME = "stream"
RELEASE_NAME_PROBABILITY = 0.8  # estimate
EPISODES_RE = re.compile(
    r"(?:全 ?\d{1,3} ?[集话回]|(?<!\d)\d{1,3} ?[-~–至] ?\d{1,3} ?[集话回]|[Ee]\d{2} ?[-–~] ?[Ee]?\d{2})"
)
DOTTED_NAME_RE = re.compile(r"[\w'-]{1,40}(?:\.[\w'-]{1,40}){3,20}")  # Words.with.dots.between.them
OTHER_TYPE_FACTOR = 0.4  # what is left of the words beside a book or a program


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for a rip, one for a stream."""
    if listing.kind is ListingKind.APP:
        return
    is_show = work_type(work) in (WorkType.SHOW, WorkType.COURSE)
    for area in ("rip", "stream"):
        signals = find_signals(listing, work, area)
        if signals:
            chance = signal_strength(signals) * (1.0 if is_show else OTHER_TYPE_FACTOR)
            chance *= intent_factor(listing, work)
            yield offence_finding(NAME, context, work, f"stream_{area}", chance, theirs=quote_signals(signals))
    release_name = _release_name(listing) if is_show else ""
    if release_name:
        yield offence_finding(
            NAME,
            context,
            work,
            "stream_release",
            RELEASE_NAME_PROBABILITY * intent_factor(listing, work),
            theirs=release_name,
        )


def _release_name(listing: Listing) -> str:
    """The title, where it is written like a release or counts episodes; else ""."""
    episodes_match = EPISODES_RE.search(listing.title)
    if episodes_match:
        return episodes_match.group()
    dotted_match = DOTTED_NAME_RE.search(listing.title)
    return dotted_match.group() if dotted_match else ""
