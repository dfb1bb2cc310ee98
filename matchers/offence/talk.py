"""Someone talks about the work or asks for it and offers nothing: a review, a question, news, a warning, a library.

A link, or a way to hand over a file, is an offer whatever the text says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import is_discussion, is_question, is_report_or_request, is_request
from matchers.signals.listing_signals import find_signals, has_signal, quote_signals, signal_strength
from matchers.signals.text_signals import find_text_signals

TALK_REVIEW = Ground("talk_review", Polarity.AGAINST, -2.5)
TALK_QUESTION = Ground("talk_question", Polarity.AGAINST, -2.0)
TALK_REQUEST = Ground("talk_request", Polarity.AGAINST, -3.5)
TALK_NEWS = Ground("talk_news", Polarity.AGAINST, -2.5)
TALK_WARNING = Ground("talk_warning", Polarity.AGAINST, -3.5)
TALK_LIBRARY = Ground("talk_library", Polarity.AGAINST, -3.0)
GROUND_AREAS = (
    (TALK_REVIEW, "review"),
    (TALK_QUESTION, "question"),
    (TALK_REQUEST, "request"),
    (TALK_NEWS, "news"),
    (TALK_WARNING, "warning"),
    (TALK_LIBRARY, "library"),
)
PRICED_FACTOR = 0.3  # share of the strength kept if the listing has a price: sellers write reviews too
QUESTION_PROBABILITY = 0.85  # a question mark at the end of the title
MAX_QUOTE_CHARS = 12  # of the title, quoted for a question or a request
MIN_HANDOVER_STRENGTH = 0.8  # from this strength of words of a handover a file is handed over
HANDOVER_FACTOR = 0.3  # share of the strength kept if a file is handed over
REQUEST_PROBABILITY = 0.9  # the title begins with a request for the work; estimate
# Names of newspapers and magazines that write about works. Estimates.
PRESS_NAME_RE = re.compile(
    r"(?:[日晚早时周快]报|周刊|新闻|快讯|通讯社|观察站?|法治|电视台"
    r"|\b(?:gazette|herald|tribune|times|weekly|daily|dispatch|chronicle|ledger|observer|news|newswire))\W*$",
    re.IGNORECASE,
)
PRESS_PROBABILITY = 0.7


class Matcher(OffenceMatcher):
    """Words of writers who offer nothing, and the writers' names."""

    name = "talk"
    grounds = (TALK_REVIEW, TALK_QUESTION, TALK_REQUEST, TALK_NEWS, TALK_WARNING, TALK_LIBRARY)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """Findings against: by the writer's name, a request, a question mark, and words of each ground."""
        if listing.kind in (ListingKind.SHARE, ListingKind.APP) or listing.links:
            return
        factor = 1.0 if listing.price is None else PRICED_FACTOR
        handover_strength = signal_strength(find_signals(listing, work, "handover", "stream"))
        if handover_strength >= MIN_HANDOVER_STRENGTH and not is_report_or_request(listing, work):
            factor *= HANDOVER_FACTOR
        yield from self._judge_writer(listing, work)
        if is_request(listing, work):
            quote = listing.title[:MAX_QUOTE_CHARS]
            yield make_finding(self.name, work, TALK_REQUEST, REQUEST_PROBABILITY, theirs=quote)
        if is_question(listing) and not has_signal(listing, work, "question"):
            quote = listing.title[-MAX_QUOTE_CHARS:]
            yield make_finding(self.name, work, TALK_QUESTION, QUESTION_PROBABILITY * factor, theirs=quote)
        for ground, area in GROUND_AREAS:
            signals = find_signals(listing, work, area)
            if signals:
                strength = signal_strength(signals) * factor
                yield make_finding(self.name, work, ground, strength, theirs=quote_signals(signals))

    def _judge_writer(self, listing: Listing, work: Work) -> Iterator[Finding]:
        """Findings against if a library or a newspaper writes about the work, by the writer's name."""
        writer = listing.seller or ""
        if not writer or not is_discussion(listing):
            return
        library_probabilities = [
            signal.probability for signal in find_text_signals(writer).signals if signal.area == "library"
        ]
        if library_probabilities:
            yield make_finding(self.name, work, TALK_LIBRARY, max(library_probabilities), theirs=writer)
        if PRESS_NAME_RE.search(writer):
            yield make_finding(self.name, work, TALK_NEWS, PRESS_PROBABILITY, theirs=writer)
