"""The offer is delivered as a file: it says so, names a cloud drive, says how a file is handed over, or is burned.

Only words count, so listings of app stores, where files are normal, have no such findings. An extra to a printed book
(送电子讲义) is not a delivery of the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.clauses import ClauseKind
from matchers.signals.hearsay import makes_no_offer
from matchers.signals.intent import intent_factor, is_discussion
from matchers.signals.listing_signals import ListingSignal, find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.text_signals import MAX_READ_CLAUSES, find_text_signals
from matchers.signals.work_type import WorkType, work_type

DELIVERY_FILE = Ground("delivery_file", Polarity.FOR, 3.5)
DELIVERY_VIRTUAL = Ground("delivery_virtual", Polarity.FOR, 3.0)
DELIVERY_DRIVE = Ground("delivery_drive", Polarity.FOR, 3.5)
DELIVERY_HANDOVER = Ground("delivery_handover", Polarity.FOR, 3.0)
DELIVERY_DISCLAIMER = Ground("delivery_disclaimer", Polarity.FOR, 2.5)
DELIVERY_BURNED = Ground("delivery_burned", Polarity.FOR, 3.0)
# The areas of the lexicon for each ground. Denying that it is paper means that it is a file.
GROUND_AREAS = (
    (DELIVERY_FILE, ("file",)),
    (DELIVERY_VIRTUAL, ("virtual", "no_print")),
    (DELIVERY_DRIVE, ("drive",)),
    (DELIVERY_HANDOVER, ("handover",)),
    (DELIVERY_DISCLAIMER, ("disclaimer",)),
    (DELIVERY_BURNED, ("burned",)),
)
# Share of the strength kept where such words are normal: software is downloaded and its keys are mailed. Estimates.
ORDINARY_FACTORS = {
    (WorkType.PROGRAM, DELIVERY_FILE.key): 0.4,
    (WorkType.PROGRAM, DELIVERY_VIRTUAL.key): 0.3,
    (WorkType.COURSE, DELIVERY_VIRTUAL.key): 0.6,
}
# A post may only mention files: the share kept if its title names none and it does not hand one over. Estimate.
MENTION_FACTOR = 0.2
# Words of a handover alone are no handover: a post without link, file, price or contact needs one of these besides.
WORD_GROUNDS = (DELIVERY_HANDOVER, DELIVERY_VIRTUAL)
SUBSTANCE_AREAS = ("file", "drive", "copy", "crack", "server", "account", "burned", "rip", "stream", "course", "bundle")
_WAY_RE = re.compile(r"下载|自动|秒|download|instant|automat")  # how it is handed over, not where
CHANNEL_KINDS = (ClauseKind.LINK, ClauseKind.CONTACT)
MIN_CHANNEL_PROBABILITY = 0.5  # of such a clause; estimate
HANDOVER_AREAS = ("drive", "handover", "virtual", "stream")


class Matcher(OffenceMatcher):
    """Words for each way of delivery."""

    name = "delivery"
    grounds = (DELIVERY_FILE, DELIVERY_VIRTUAL, DELIVERY_DRIVE, DELIVERY_HANDOVER, DELIVERY_DISCLAIMER, DELIVERY_BURNED)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding for each way of delivery."""
        if listing.kind is ListingKind.APP:
            return
        for ground, areas in GROUND_AREAS:
            signals = find_signals(listing, work, *areas)
            if signals:
                factor = ORDINARY_FACTORS.get((work_type(work), ground.key), 1.0)
                strength = signal_strength(signals) * factor * intent_factor(listing, work)
                strength *= (
                    MENTION_FACTOR if ground is DELIVERY_FILE and _is_mention_only(listing, work, signals) else 1.0
                )
                if ground in WORD_GROUNDS and _is_words_only(listing, work, signals):
                    strength *= MENTION_FACTOR
                yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))


def _is_words_only(listing: Listing, work: Work, signals: Sequence[ListingSignal]) -> bool:
    """Whether a post only says that something is downloaded or sent by itself, without means of a handover, and without
    any clause that reads like a link or contact.
    """
    if not makes_no_offer(listing) or has_signal(listing, work, *SUBSTANCE_AREAS):
        return False
    if not all(_WAY_RE.search(signal.signal.word) for signal in signals):
        return False
    return not any(
        text_signals.kind_probability(start, CHANNEL_KINDS, in_title) >= MIN_CHANNEL_PROBABILITY
        for text, in_title in ((listing.title, True), (listing.text, False))
        for text_signals in (find_text_signals(text),)
        for start, _ in text_signals.clause_spans[:MAX_READ_CLAUSES]
    )


def _is_mention_only(listing: Listing, work: Work, signals: Sequence[ListingSignal]) -> bool:
    """Whether a post mentions a file that it does not hand over."""
    if not is_discussion(listing) or listing.links or any(signal.in_title for signal in signals):
        return False
    return not has_signal(listing, work, *HANDOVER_AREAS)
