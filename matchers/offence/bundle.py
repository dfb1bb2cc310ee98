"""Too much is sold for too little: nobody sells five hundred genuine works (全套 500 本) for the price of a lunch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.clauses import ClauseKind
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, has_signal, signal_strength
from matchers.signals.outlets import is_person_market
from matchers.signals.quantities import Quantity, find_quantities
from matchers.signals.text_signals import find_text_signals
from matchers.titles.analysis import analyse

LARGE_SET_PIECES = 40  # more pieces than any genuine set has
MIN_SET_PIECES = 12  # pieces of a set that may be genuine at its price
MIN_SIZE_GIGABYTES = 20  # gigabytes: no genuine work is sold by its size
CHEAP_PIECE_PRICE_RATIO = Decimal("0.08")  # of the list price for one piece: less than the paper costs
UNCOUNTED_KINDS = (ClauseKind.BLURB, ClauseKind.TERMS, ClauseKind.TALK)  # of clauses whose numbers are not of the offer
MIN_UNCOUNTED_PROBABILITY = 0.5  # that a clause is of one of them, from which on its numbers do not count
MAX_STOCK_TEXT_CHARS = 2_000  # of the text, in which a stock is looked for
DEFAULT_LIST_PRICE = Decimal(30)  # in the listing's currency, where the work's price is unknown; estimate
EXCESS_PROBABILITY, LARGE_SET_PROBABILITY, SIZE_PROBABILITY, WORDS_PROBABILITY = 0.95, 0.75, 0.8, 0.5  # estimates
BUNDLE_EXCESS = Ground("bundle_excess", Polarity.FOR, 3.5)
BUNDLE_SIZE = Ground("bundle_size", Polarity.FOR, 2.0)
BUNDLE_WORDS = Ground("bundle_words", Polarity.FOR, 0.8)
BUNDLE_STOCK = Ground("bundle_stock", Polarity.FOR, 1.5)
# (Items in stock from which on, probability): nobody has so many used copies of one work. Estimates.
STOCK_STEPS = ((100, 0.95), (20, 0.8), (8, 0.5))
STOCK_RE = re.compile(
    r"(?:库存|存货|现货|可售|剩余|stock|available|qty)\s{0,2}[:：]?\s{0,2}(?P<behind>\d{1,6})"
    r"|(?P<before>\d{1,6})\s{0,2}(?:件可售|件库存|in stock|available)",
    re.IGNORECASE,
)


class Matcher(OffenceMatcher):
    """Numbers of pieces, sizes and words of a bundle."""

    name = "bundle"
    grounds = (BUNDLE_EXCESS, BUNDLE_SIZE, BUNDLE_WORDS, BUNDLE_STOCK)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding by the largest amount, and one by the number in stock."""
        yield from self._judge_stock(listing, work)
        quantities = [
            quantity
            for text, in_title in ((listing.title, True), (listing.text, False))
            for quantity in find_quantities(text)
            if not _is_in_name(quantity, work) and _is_of_the_offer(quantity, text, in_title)
        ]
        factor = intent_factor(listing, work)
        largest = max(quantities, key=lambda quantity: (not quantity.is_size, quantity.number), default=None)
        sizes = [quantity for quantity in quantities if quantity.is_size and quantity.number >= MIN_SIZE_GIGABYTES]
        if largest and not largest.is_size and largest.number >= MIN_SET_PIECES:
            probability = _piece_count_probability(largest, listing, work)
            if probability:
                price = f"{listing.price} {listing.currency}" if listing.price is not None else "-"
                yield make_finding(
                    self.name, work, BUNDLE_EXCESS, probability * factor, theirs=largest.quote, price=price
                )
                return
        signals = find_signals(listing, work, "bundle")
        if sizes:
            yield make_finding(self.name, work, BUNDLE_SIZE, SIZE_PROBABILITY * factor, theirs=sizes[0].quote)
        elif signals:
            probability = WORDS_PROBABILITY * signal_strength(signals) * factor
            yield make_finding(self.name, work, BUNDLE_WORDS, probability, theirs=signals[0].quote)

    def _judge_stock(self, listing: Listing, work: Work) -> Iterator[Finding]:
        """A finding if somebody has more copies than a private seller can have. A shop's stock says nothing."""
        count, quote = _stock_count(listing)
        probability = next((probability for limit, probability in STOCK_STEPS if count >= limit), None)
        if probability is None or has_signal(listing, work, "merch", "own"):
            return
        if is_person_market(listing):
            probability *= intent_factor(listing, work)
            yield make_finding(self.name, work, BUNDLE_STOCK, probability, count=count, theirs=quote)


def _stock_count(listing: Listing) -> tuple[int, str]:
    """The number in stock that the platform or the seller states, and the words; 0 without one."""
    if listing.reach.stock is not None:
        return listing.reach.stock, listing.platform
    match = STOCK_RE.search(listing.text[:MAX_STOCK_TEXT_CHARS])
    return (int(match["behind"] or match["before"]), match.group()) if match else (0, "")


def _is_of_the_offer(quantity: Quantity, text: str, in_title: bool) -> bool:
    """Whether the clause counts what the buyer gets: copies sold so far and the least for a group order are others."""
    elsewhere = find_text_signals(text).kind_probability(quantity.start, UNCOUNTED_KINDS, in_title)
    return elsewhere < MIN_UNCOUNTED_PROBABILITY


def _piece_count_probability(quantity: Quantity, listing: Listing, work: Work) -> float:
    piece_price = listing.price / quantity.number if listing.price is not None else None
    usual_price = work.list_price if work.list_price and work.currency == listing.currency else DEFAULT_LIST_PRICE
    if piece_price is not None and piece_price < CHEAP_PIECE_PRICE_RATIO * usual_price:
        return EXCESS_PROBABILITY
    if piece_price is not None and piece_price > 3 * CHEAP_PIECE_PRICE_RATIO * usual_price:
        return 0.0
    return LARGE_SET_PROBABILITY if quantity.number >= LARGE_SET_PIECES else 0.0


def _is_in_name(quantity: Quantity, work: Work) -> bool:
    """Whether the work's own name holds the quantity: 零基础油画48讲 is one course, not forty-eight of them."""
    quote = analyse(quantity.quote).compact
    return any(quote in analyse(name).compact for name in (work.title, *work.aliases))
