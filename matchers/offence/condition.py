"""The offer says itself that it is no genuine copy: printed again, counterfeit, cracked, a private server, a cheat."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from crawler.text import fold
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, quote_signals, signal_strength
from matchers.signals.text_signals import find_text_signals
from matchers.signals.work_type import WorkType, work_type

NAME = "condition"
# What is denied of being genuine is said of being a copy.
GROUND_AREAS = {
    "copy": ("copy",),
    "counterfeit": ("counterfeit", "no_original"),
    "crack": ("crack",),
    "server": ("server",),
    "wholesale": ("wholesale",),
}
PRINT_GROUNDS = frozenset({"copy", "wholesale"})  # ways of printed works only
PROGRAM_GROUNDS = frozenset({"crack", "server"})  # ways of programs; of another work they are said of something else
OTHER_TYPE_FACTOR = 0.4  # what is left of a way that is not the work's
SHOP_NAME_AREAS = ("copyshop",)


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each kind of copy, and one for a copy shop that sells a printed work."""
    is_program = work_type(work) is WorkType.PROGRAM
    for ground, areas in GROUND_AREAS.items():
        signals = find_signals(listing, work, *areas)
        if signals:
            is_other_type = ground in (PRINT_GROUNDS if is_program else PROGRAM_GROUNDS)
            chance = (
                signal_strength(signals) * (OTHER_TYPE_FACTOR if is_other_type else 1.0) * intent_factor(listing, work)
            )
            yield offence_finding(NAME, context, work, f"condition_{ground}", chance, theirs=quote_signals(signals))
    shop_signals = [
        signal for signal in find_text_signals(listing.seller or "").signals if signal.area in SHOP_NAME_AREAS
    ]
    if shop_signals and work_type(work) is WorkType.PRINT and fold(listing.seller or "") != fold(work.publisher or ""):
        chance = max(signal.probability for signal in shop_signals)
        yield offence_finding(NAME, context, work, "condition_copyshop", chance, theirs=listing.seller or "")
