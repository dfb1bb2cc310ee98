"""What makes an offer of the genuine work innocent: one used copy, a review, a question, news, a library."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from crawler.items import Finding, Listing, Polarity, Work
from matchers import Context
from matchers.reasons import offends
from matchers.spoken import GROUNDS, INNOCENT, is_second_hand, quoted, said

NAME = "innocent"
TALK = ("review", "question", "news", "library")
FAIR = Decimal("0.2")  # share of the list price under which even a used book is suspicious
HARD_GROUNDS = ("delivery", "drive", "copy", "crack", "server", "account")


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against; none for a "used copy" that is a file or a photocopy by its own words."""
    found = partial(offends, NAME, context, work, polarity=Polarity.AGAINST)
    hard = said(listing, work, GROUNDS, *HARD_GROUNDS) or listing.links
    used = is_second_hand(listing, work)
    if used and not hard and _fair_price(listing, work):
        yield found("innocent_secondhand", used[0].word.probability, theirs=quoted(used))
    printed = said(listing, work, INNOCENT, "print")
    if printed and not hard:
        yield found("innocent_print", printed[0].word.probability, theirs=quoted(printed))
    if hard or listing.price is not None:
        return
    for area in TALK:
        words = said(listing, work, INNOCENT, area)
        if words:
            yield found(f"innocent_{area}", words[0].word.probability, theirs=quoted(words))


def _fair_price(listing: Listing, work: Work) -> bool:
    if listing.price is None or not work.list_price or listing.currency != work.currency:
        return True
    return listing.price >= FAIR * work.list_price
