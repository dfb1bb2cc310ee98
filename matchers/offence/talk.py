"""Someone talks about the work or asks for it and offers nothing: a review, a question, news, a warning, a library.

A link or a way to hand over a file is an offer whatever else is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import is_discussion, is_question, is_report_or_request, is_request
from matchers.signals.listing_signals import find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.text_signals import find_text_signals

NAME = "talk"
TALK_AREAS = ("review", "question", "request", "news", "warning", "library")
PRICED_FACTOR = 0.3  # what is left where something has a price: sellers write reviews too
QUESTION_PROBABILITY = 0.85  # a question mark behind the title
MAX_QUOTE_CHARS = 12  # characters of the title quoted then
HANDOVER_FACTOR = 0.3  # what is left where a file is handed over
REQUEST_PROBABILITY = 0.9  # the title begins with asking for it; estimate
# Who writes: a paper, a library. Estimates.
PRESS_NAME_RE = re.compile(
    r"(?:[日晚早时周快]报|周刊|新闻|快讯|通讯社|观察站?|法治|电视台"
    r"|\b(?:gazette|herald|tribune|times|weekly|daily|dispatch|chronicle|ledger|observer|news|newswire))\W*$",
    re.IGNORECASE,
)
PRESS_PROBABILITY = 0.7


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """Findings against, one for each sign."""
    if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
        return
    make_finding = partial(offence_finding, NAME, context, work, polarity=Polarity.AGAINST)
    factor = 1.0 if listing.price is None else PRICED_FACTOR
    if signal_strength(find_signals(listing, work, "handover", "stream")) >= 0.8 and not is_report_or_request(
        listing, work
    ):
        factor *= HANDOVER_FACTOR
    yield from _judge_writer(listing, work, context)
    if is_request(listing, work):
        yield make_finding("talk_request", REQUEST_PROBABILITY, theirs=listing.title[:MAX_QUOTE_CHARS])
    if is_question(listing) and not has_signal(listing, work, "question"):
        yield make_finding("talk_question", QUESTION_PROBABILITY * factor, theirs=listing.title[-MAX_QUOTE_CHARS:])
    for area in TALK_AREAS:
        signals = find_signals(listing, work, area)
        if signals:
            yield make_finding(f"talk_{area}", signal_strength(signals) * factor, theirs=quote_signals(signals))


def _judge_writer(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """A library or a paper writes of it: what the writer's name says."""
    writer = listing.seller or ""
    if not writer or not is_discussion(listing):
        return
    make_finding = partial(offence_finding, NAME, context, work, polarity=Polarity.AGAINST, theirs=writer)
    library_probabilities = [
        signal.probability for signal in find_text_signals(writer).signals if signal.area == "library"
    ]
    if library_probabilities:
        yield make_finding("talk_library", max(library_probabilities))
    if PRESS_NAME_RE.search(writer):
        yield make_finding("talk_news", PRESS_PROBABILITY)
