"""The offer itself says that it is not genuine: a reprint, a counterfeit, a crack, a private server, a cheat."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from crawler.text import fold
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.text_signals import find_text_signals
from matchers.signals.work_type import WorkType, work_type

CONDITION_COPY = Ground("condition_copy", Polarity.FOR, 3.5)
CONDITION_COUNTERFEIT = Ground("condition_counterfeit", Polarity.FOR, 4.0)
CONDITION_CRACK = Ground("condition_crack", Polarity.FOR, 3.5)
CONDITION_SERVER = Ground("condition_server", Polarity.FOR, 3.5)
CONDITION_WHOLESALE = Ground("condition_wholesale", Polarity.FOR, 1.0)
CONDITION_COPYSHOP = Ground("condition_copyshop", Polarity.FOR, 2.5)
# The areas of the lexicon for each ground. Denying that it is genuine means that it is a copy.
GROUND_AREAS = (
    (CONDITION_COPY, ("copy",)),
    (CONDITION_COUNTERFEIT, ("counterfeit", "no_original")),
    (CONDITION_CRACK, ("crack",)),
    (CONDITION_SERVER, ("server",)),
    (CONDITION_WHOLESALE, ("wholesale",)),
)
PRINT_GROUNDS = (CONDITION_COPY, CONDITION_WHOLESALE)  # said of printed works; beside a program, of something else
PROGRAM_GROUNDS = (CONDITION_CRACK, CONDITION_SERVER)  # said of programs; beside another work, of something else
OTHER_TYPE_FACTOR = 0.4  # share of the strength kept beside a work of the other type
# How the makers of changed apps mark them: App++, App Plus++, App (MOD).
MODIFIED_APP_RE = re.compile(r"\w\S{0,30}\+\+|[\[(]mod(?:ded)?[\])]|\bmod ?apk\b", re.IGNORECASE)
MODIFIED_APP_PROBABILITY = 0.85  # estimate
SHOP_NAME_AREAS = ("copyshop",)


class Matcher(OffenceMatcher):
    """Words for a copy that is not genuine, and the names of copy shops."""

    name = "condition"
    grounds = (
        CONDITION_COPY,
        CONDITION_COUNTERFEIT,
        CONDITION_CRACK,
        CONDITION_SERVER,
        CONDITION_WHOLESALE,
        CONDITION_COPYSHOP,
    )

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding for each kind of copy, and one if a copy shop sells a printed work."""
        other_grounds = PRINT_GROUNDS if work_type(work) is WorkType.PROGRAM else PROGRAM_GROUNDS
        for ground, areas in GROUND_AREAS:
            signals = find_signals(listing, work, *areas)
            mark = MODIFIED_APP_RE.search(listing.title) if _is_app_crack(listing, ground) else None
            if mark and not signals:
                yield make_finding(self.name, work, ground, MODIFIED_APP_PROBABILITY, theirs=mark.group())
            if signals:
                factor = OTHER_TYPE_FACTOR if any(ground is other for other in other_grounds) else 1.0
                strength = signal_strength(signals) * factor * intent_factor(listing, work)
                yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))
        seller = listing.seller or ""
        shop_signals = [signal for signal in find_text_signals(seller).signals if signal.area in SHOP_NAME_AREAS]
        if shop_signals and work_type(work) is WorkType.PRINT and fold(seller) != fold(work.publisher or ""):
            strength = max(signal.probability for signal in shop_signals)
            yield make_finding(self.name, work, CONDITION_COPYSHOP, strength, theirs=seller)


def _is_app_crack(listing: Listing, ground: Ground) -> bool:
    return listing.kind is ListingKind.APP and ground is CONDITION_CRACK
