"""A film, a series or an album is a rip or an open stream: release names, "watch online free", 枪版."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.work_type import WorkType, work_type

RELEASE_NAME_PROBABILITY = 0.8  # estimate
EPISODES_RE = re.compile(
    r"(?:全 ?\d{1,3} ?[集话回]|(?<!\d)\d{1,3} ?[-~–至] ?\d{1,3} ?[集话回]|[Ee]\d{2} ?[-–~] ?[Ee]?\d{2})"
)
DOTTED_NAME_RE = re.compile(r"[\w'-]{1,40}(?:\.[\w'-]{1,40}){3,20}")  # Words.with.dots.between.them
OTHER_TYPE_FACTOR = 0.4  # share of the strength kept for such words beside a book or a program
STREAM_RIP = Ground("stream_rip", Polarity.FOR, 3.5)
STREAM_STREAM = Ground("stream_stream", Polarity.FOR, 3.5)
STREAM_RELEASE = Ground("stream_release", Polarity.FOR, 2.5)


class Matcher(OffenceMatcher):
    """Words for rips and streams, and titles written like a release."""

    name = "stream"
    grounds = (STREAM_RIP, STREAM_STREAM, STREAM_RELEASE)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding each for a rip, a stream and the name of a release."""
        if listing.kind is ListingKind.APP:
            return
        is_show = work_type(work) in (WorkType.SHOW, WorkType.COURSE)
        for ground, area in ((STREAM_RIP, "rip"), (STREAM_STREAM, "stream")):
            signals = find_signals(listing, work, area)
            if signals:
                strength = signal_strength(signals) * (1.0 if is_show else OTHER_TYPE_FACTOR)
                strength *= intent_factor(listing, work)
                yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))
        release_name = _release_name(listing) if is_show else ""
        if release_name:
            probability = RELEASE_NAME_PROBABILITY * intent_factor(listing, work)
            yield make_finding(self.name, work, STREAM_RELEASE, probability, theirs=release_name)


def _release_name(listing: Listing) -> str:
    """The part of the title that is written like a release or counts episodes; "" without one."""
    episodes_match = EPISODES_RE.search(listing.title)
    if episodes_match:
        return episodes_match.group()
    dotted_match = DOTTED_NAME_RE.search(listing.title)
    return dotted_match.group() if dotted_match else ""
