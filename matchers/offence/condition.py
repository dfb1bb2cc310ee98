"""The offer says itself that it is no genuine copy: printed again, counterfeit, cracked, a private server, a cheat."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.items import Finding, Listing, Work
from crawler.text import fold
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.offers.reported import offered
from matchers.offers.said import quoted, said, strength
from matchers.offers.speech import speech_of
from matchers.reasons import offends

NAME = "condition"
# What is denied of being genuine is said of being a copy.
WAYS = {
    "copy": ("copy",),
    "counterfeit": ("counterfeit", "no_original"),
    "crack": ("crack",),
    "server": ("server",),
    "wholesale": ("wholesale",),
}
PRINTED = frozenset({"copy", "wholesale"})  # ways of printed works only
RUNNING = frozenset({"crack", "server"})  # ways of programs; of another work they are said of something else
ASIDE = 0.4  # what is left of a way that is not the work's
SHOP_NAMES = ("copyshop",)


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding for each kind of copy, and one for a copy shop that sells a printed work."""
    is_program = nature(work) is Nature.PROGRAM
    for way, areas in WAYS.items():
        words = said(listing, work, *areas)
        if words:
            is_aside = way in (PRINTED if is_program else RUNNING)
            chance = strength(words) * (ASIDE if is_aside else 1.0) * offered(listing, work)
            yield offends(NAME, context, work, f"condition_{way}", chance, theirs=quoted(words))
    names = [sign for sign in speech_of(listing.seller or "").signs if sign.area in SHOP_NAMES]
    if names and nature(work) is Nature.PRINT and fold(listing.seller or "") != fold(work.publisher or ""):
        chance = max(sign.probability for sign in names)
        yield offends(NAME, context, work, "condition_copyshop", chance, theirs=listing.seller or "")
