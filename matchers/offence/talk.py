"""Someone talks about the work or asks for it and offers nothing: a review, a question, news, a warning, a library.

A link or a way to hand over a file is an offer whatever else is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers import Context
from matchers.offers.nature import asks, is_talk_place, seeks
from matchers.offers.reported import tells
from matchers.offers.said import quoted, said, says, strength
from matchers.offers.speech import speech_of
from matchers.reasons import offends

NAME = "talk"
AREAS = ("review", "question", "request", "news", "warning", "library")
PRICED = 0.3  # what is left where something has a price: sellers write reviews too
ASKED = 0.85  # a question mark behind the title
SHOWN = 12  # characters of the title quoted then
OFFERED = 0.3  # what is left where a file is handed over
SOUGHT = 0.9  # the title begins with asking for it; estimate
# Who writes: a paper, a library. Estimates.
PRESS = re.compile(
    r"(?:[日晚早时周快]报|周刊|新闻|快讯|通讯社|观察站?|法治|电视台"
    r"|\b(?:gazette|herald|tribune|times|weekly|daily|dispatch|chronicle|ledger|observer|news|newswire))\W*$",
    re.IGNORECASE,
)
BY_PRESS = 0.7


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against, one for each sign."""
    if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
        return
    found = partial(offends, NAME, context, work, polarity=Polarity.AGAINST)
    left = 1.0 if listing.price is None else PRICED
    if strength(said(listing, work, "handover", "stream")) >= 0.8 and not tells(listing, work):
        left *= OFFERED
    yield from _by_writer(listing, work, context)
    if seeks(listing, work):
        yield found("talk_request", SOUGHT, theirs=listing.title[:SHOWN])
    if asks(listing) and not says(listing, work, "question"):
        yield found("talk_question", ASKED * left, theirs=listing.title[-SHOWN:])
    for area in AREAS:
        words = said(listing, work, area)
        if words:
            yield found(f"talk_{area}", strength(words) * left, theirs=quoted(words))


def _by_writer(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """A library or a paper writes of it: what the writer's name says."""
    writer = listing.seller or ""
    if not writer or not is_talk_place(listing):
        return
    found = partial(offends, NAME, context, work, polarity=Polarity.AGAINST, theirs=writer)
    shelves = [sign.probability for sign in speech_of(writer).signs if sign.area == "library"]
    if shelves:
        yield found("talk_library", max(shelves))
    if PRESS.search(writer):
        yield found("talk_news", BY_PRESS)
