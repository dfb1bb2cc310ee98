"""The price against the list price and against what the same work costs on the platform.

A printed work new at a fraction of its list price is no genuine copy; a used one may be, and one of which nothing is
said is what nobody can decide. A course or a program has no used copies. A price near the list price speaks for the
seller. Prices in other currencies are compared by round rates (rates.csv), which is enough to tell a twentieth from a
half.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crawler.items import Finding, Listing, Polarity, Work
from matchers.exchange_rates import to_dollars
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.intent import intent_factor
from matchers.signals.listing_signals import find_signals
from matchers.signals.work_type import WorkType, work_type

NAME = "price"
NEW_CONDITIONS = frozenset({"new", "brandnew", "newcondition", "https://schema.org/newcondition"})
SOLD_OUT_STATES = frozenset({"out_of_stock", "sold_out", "soldout", "outofstock", "discontinued"})
# Shares of the list price below which a chance holds, for new and used or unstated copies. Estimates; what they are
# worth together with other grounds is fitted (weights.toml).
NEW_PRICE_STEPS = ((Decimal("0.13"), 0.95), (Decimal("0.25"), 0.85), (Decimal("0.35"), 0.5))
UNSTATED_PRICE_STEPS = ((Decimal("0.05"), 0.7), (Decimal("0.15"), 0.5), (Decimal("0.22"), 0.35))
NO_USED_PRICE_STEPS = ((Decimal("0.1"), 0.95), (Decimal("0.25"), 0.8), (Decimal("0.4"), 0.5))
PROGRAM_AREAS = ("crack", "file", "virtual", "drive", "handover", "account", "server", "bundle", "new")
UNNAMED_PROGRAM_FACTOR = (
    0.6  # what is left of a program's low price where nothing says that it is the program, and not a mouse pad
)
MIN_FAIR_PRICE_RATIO = Decimal("0.38")  # from this share on the price is a genuine copy's
MAX_FAIR_PRICE_RATIO = Decimal("1.6")  # a collector's price is fair too, but says less
MIN_MEDIAN_LISTINGS = 5  # listings of the work on the platform that make a median
FAR_BELOW_MEDIAN_RATIO = Decimal("0.3")  # share of the median
BELOW_MEDIAN_PROBABILITY = 0.4  # estimate


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding against the list price, and one against the median of the platform."""
    if listing.price is None or listing.currency is None or (listing.availability or "").casefold() in SOLD_OUT_STATES:
        return
    if work.list_price and work.currency and not find_signals(listing, work, "gone"):
        yield from _compare_list_price(listing, work, context, listing.price)
    median = context.medians.get((work.id, listing.platform))
    if median and median.count >= MIN_MEDIAN_LISTINGS and median.currency == listing.currency:
        ratio = listing.price / median.price if median.price else Decimal(1)
        if ratio < FAR_BELOW_MEDIAN_RATIO:
            ours = f"{median.price:.2f} {median.currency}"
            yield offence_finding(
                NAME,
                context,
                work,
                "price_median",
                BELOW_MEDIAN_PROBABILITY,
                ours=ours,
                theirs=_offered_price(listing),
                count=median.count,
            )


def _compare_list_price(listing: Listing, work: Work, context: Context, price: Decimal) -> Iterator[Finding]:
    ours = work.list_price or Decimal(1)
    ratio = _price_ratio(price, listing.currency, ours, work.currency)
    if ratio is None:
        return
    percent = round(100 * ratio) or "<1"
    prices: dict[str, Any] = {"ours": f"{ours:.2f} {work.currency}", "theirs": _offered_price(listing)}
    key, steps = _price_steps(listing, work)
    chance = next((chance for limit, chance in steps if ratio < limit), None)
    if chance is not None:
        if work_type(work) is WorkType.PROGRAM and not find_signals(listing, work, *PROGRAM_AREAS):
            chance *= UNNAMED_PROGRAM_FACTOR
        yield offence_finding(
            NAME, context, work, key, chance * intent_factor(listing, work), percent=percent, **prices
        )
    elif ratio >= MIN_FAIR_PRICE_RATIO:
        chance = 0.9 if ratio <= MAX_FAIR_PRICE_RATIO else 0.6
        yield offence_finding(
            NAME, context, work, "price_fair", chance, polarity=Polarity.AGAINST, percent=percent, **prices
        )


def _price_steps(listing: Listing, work: Work) -> tuple[str, tuple[tuple[Decimal, float], ...]]:
    """The ground, and its steps."""
    used_signals = find_signals(listing, work, "used")
    if work_type(work) in (WorkType.COURSE, WorkType.PROGRAM):
        return "price_low", () if used_signals or find_signals(listing, work, "original") else NO_USED_PRICE_STEPS
    is_new = (
        find_signals(listing, work, "new") or (listing.condition or "").casefold().replace(" ", "") in NEW_CONDITIONS
    )
    if is_new and not used_signals:
        return "price_low", NEW_PRICE_STEPS
    return "price_unstated", () if used_signals else UNSTATED_PRICE_STEPS


def _offered_price(listing: Listing) -> str:
    return f"{listing.price:.2f} {listing.currency}"


def _price_ratio(price: Decimal, currency: str | None, ours: Decimal, our_currency: str | None) -> Decimal | None:
    """The price as a share of ours; None where the currencies cannot be compared."""
    if currency == our_currency:
        return price / ours
    theirs, own = to_dollars(price, currency), to_dollars(ours, our_currency)
    return None if theirs is None or own is None else theirs / own
