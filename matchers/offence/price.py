"""The price is compared with the list price, and with what the same work costs on the platform.

A new printed copy at a fraction of its list price is not genuine; a used one may be, and if the condition is not stated
the price alone decides nothing. A course or a program has no used copies. A price near the list price speaks for the
seller. Prices in other currencies are compared by approximate rates (rates.csv), which is enough to tell a twentieth
from a half.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from matchers.exchange_rates import to_dollars
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals, genuine_probability
from matchers.signals.outlets import is_person_market
from matchers.signals.work_type import WorkType, work_type

NEW_CONDITIONS = frozenset({"new", "brandnew", "newcondition", "https://schema.org/newcondition"})
SOLD_OUT_STATES = frozenset({"out_of_stock", "sold_out", "soldout", "outofstock", "discontinued"})
# (Share of the list price, probability below it), for new copies, for those of unstated condition, and for works
# without used copies. Estimates; their weight beside other grounds is fitted (weights.toml).
NEW_PRICE_STEPS = ((Decimal("0.13"), 0.95), (Decimal("0.25"), 0.85), (Decimal("0.35"), 0.5))
UNSTATED_PRICE_STEPS = ((Decimal("0.05"), 0.7), (Decimal("0.15"), 0.5), (Decimal("0.22"), 0.35))
NO_USED_PRICE_STEPS = ((Decimal("0.1"), 0.95), (Decimal("0.25"), 0.8), (Decimal("0.4"), 0.5))
PROGRAM_AREAS = ("crack", "file", "virtual", "drive", "handover", "account", "server", "bundle", "new")
# Share of the probability kept if a program is cheap and nothing says how it is passed on: a used disc, a mouse pad.
UNNAMED_PROGRAM_FACTOR = 0.6
MAX_UNNAMED_PROGRAM_RATIO = Decimal("0.05")  # of the list price: an old disc costs a tenth of it
GENUINE_CLAUSE_FACTOR = 0.8  # share that a clause takes away which surely reads like a genuine copy; estimate
PERSON_MARKET_FACTOR = 0.6  # share kept of a price of unstated condition where people sell what they have read
MIN_FAIR_PRICE_RATIO = Decimal("0.38")  # from this share of the list price the price is that of a genuine copy
MAX_FAIR_PRICE_RATIO = Decimal("1.6")  # above this share it is a collector's price: fair too, but weaker evidence
FAIR_PROBABILITY, COLLECTOR_PROBABILITY = 0.9, 0.6  # up to MAX_FAIR_PRICE_RATIO, and above it
MIN_MEDIAN_LISTINGS = 5  # of the work on the platform, needed for a median
FAR_BELOW_MEDIAN_RATIO = Decimal("0.3")  # of the median; lower prices are far below it
BELOW_MEDIAN_PROBABILITY = 0.4  # estimate
PRICE_LOW = Ground("price_low", Polarity.FOR, 3.0)
PRICE_UNSTATED = Ground("price_unstated", Polarity.FOR, 2.6)
PRICE_MEDIAN = Ground("price_median", Polarity.FOR, 1.0)
PRICE_FAIR = Ground("price_fair", Polarity.AGAINST, -1.5)
PRICE_TOKEN = Ground("price_token", Polarity.FOR, 1.5)
MAX_TOKEN_DOLLARS = Decimal("0.75")  # five yuan; estimate: what asks for less is given away, or sent as a file
# Probability by how the work is sold: a used book may be bait or a gift, a course has no used copy. Estimates.
TOKEN_PROBABILITIES = {WorkType.PRINT: 0.35, WorkType.COURSE: 0.9, WorkType.PROGRAM: 0.7, WorkType.SHOW: 0.7}


class Matcher(OffenceMatcher):
    """Prices that are too low, and fair ones."""

    name = "price"
    grounds = (PRICE_LOW, PRICE_UNSTATED, PRICE_MEDIAN, PRICE_FAIR, PRICE_TOKEN)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """One finding by the list price, and one by the median of the platform."""
        is_sold_out = (listing.availability or "").casefold() in SOLD_OUT_STATES
        if listing.price is None or listing.currency is None or is_sold_out:
            return
        if work.list_price and work.currency and not find_signals(listing, work, "gone"):
            yield from self._compare_list_price(listing, work, listing.price)
        elif listing.kind is ListingKind.OFFER:
            yield from self._judge_token_price(listing, work, listing.price)
        median = context.medians.get((work.id, listing.platform))
        if median and median.count >= MIN_MEDIAN_LISTINGS and median.currency == listing.currency:
            ratio = listing.price / median.price if median.price else Decimal(1)
            if ratio < FAR_BELOW_MEDIAN_RATIO:
                yield make_finding(
                    self.name,
                    work,
                    PRICE_MEDIAN,
                    BELOW_MEDIAN_PROBABILITY,
                    ours=f"{median.price:.2f} {median.currency}",
                    theirs=_offered_price(listing),
                    count=median.count,
                )

    def _judge_token_price(self, listing: Listing, work: Work, price: Decimal) -> Iterator[Finding]:
        """A finding if the price is a token one, where the work's list price is unknown."""
        dollars = to_dollars(price, listing.currency)
        if dollars is None or not 0 < dollars <= MAX_TOKEN_DOLLARS:
            return
        if find_signals(listing, work, "used", "merch", "own", "service", "original"):
            return
        probability = TOKEN_PROBABILITIES[work_type(work)] * intent_factor(listing, work)
        yield make_finding(self.name, work, PRICE_TOKEN, probability, theirs=_offered_price(listing))

    def _compare_list_price(self, listing: Listing, work: Work, price: Decimal) -> Iterator[Finding]:
        ours = work.list_price or Decimal(1)
        ratio = _price_ratio(price, listing.currency, ours, work.currency)
        if ratio is None:
            return
        values: dict[str, Any] = {"ours": f"{ours:.2f} {work.currency}", "theirs": _offered_price(listing)}
        values["percent"] = round(100 * ratio) or "<1"
        ground, steps = _price_steps(listing, work)
        probability = next((probability for limit, probability in steps if ratio < limit), None)
        if probability is not None:
            if ground is PRICE_UNSTATED:
                probability *= PERSON_MARKET_FACTOR if is_person_market(listing) else 1.0
                probability *= 1.0 - GENUINE_CLAUSE_FACTOR * genuine_probability(listing)
            if work_type(work) is WorkType.PROGRAM and not find_signals(listing, work, *PROGRAM_AREAS):
                probability *= UNNAMED_PROGRAM_FACTOR
                if listing.kind is not ListingKind.APP:  # a disc may be used, an app is not
                    if ratio >= MAX_UNNAMED_PROGRAM_RATIO:
                        return
                    ground = PRICE_UNSTATED
            yield make_finding(self.name, work, ground, probability * intent_factor(listing, work), **values)
        elif ratio >= MIN_FAIR_PRICE_RATIO:
            probability = FAIR_PROBABILITY if ratio <= MAX_FAIR_PRICE_RATIO else COLLECTOR_PROBABILITY
            yield make_finding(self.name, work, PRICE_FAIR, probability, **values)


def _price_steps(listing: Listing, work: Work) -> tuple[Ground, tuple[tuple[Decimal, float], ...]]:
    """The ground of a low price, and its steps (share of the list price, probability below it)."""
    used_signals = find_signals(listing, work, "used")
    if work_type(work) in (WorkType.COURSE, WorkType.PROGRAM):
        return PRICE_LOW, () if used_signals or find_signals(listing, work, "original") else NO_USED_PRICE_STEPS
    is_new = (
        find_signals(listing, work, "new") or (listing.condition or "").casefold().replace(" ", "") in NEW_CONDITIONS
    )
    if is_new and not used_signals:
        return PRICE_LOW, NEW_PRICE_STEPS
    return PRICE_UNSTATED, () if used_signals else UNSTATED_PRICE_STEPS


def _offered_price(listing: Listing) -> str:
    return f"{listing.price:.2f} {listing.currency}"


def _price_ratio(price: Decimal, currency: str | None, ours: Decimal, our_currency: str | None) -> Decimal | None:
    """The price as a share of `ours`; None if the currencies cannot be compared."""
    if currency == our_currency:
        return price / ours
    theirs, own = to_dollars(price, currency), to_dollars(ours, our_currency)
    return None if theirs is None or own is None else theirs / own
