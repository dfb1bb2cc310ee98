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
from matchers import Context
from matchers.money import in_dollars
from matchers.offers.nature import Nature, nature
from matchers.offers.reported import offered
from matchers.offers.said import said
from matchers.reasons import offends

NAME = "price"
NEW = frozenset({"new", "brandnew", "newcondition", "https://schema.org/newcondition"})
GONE = frozenset({"out_of_stock", "sold_out", "soldout", "outofstock", "discontinued"})
# Shares of the list price below which a chance holds, for new and used or unstated copies. Estimates; what they are
# worth together with other grounds is fitted (weights.toml).
STEPS_NEW = ((Decimal("0.13"), 0.95), (Decimal("0.25"), 0.85), (Decimal("0.35"), 0.5))
STEPS_UNSTATED = ((Decimal("0.05"), 0.7), (Decimal("0.15"), 0.5), (Decimal("0.22"), 0.35))
STEPS_NO_USED = ((Decimal("0.1"), 0.95), (Decimal("0.25"), 0.8), (Decimal("0.4"), 0.5))
PROGRAM_SIGNS = ("crack", "file", "virtual", "drive", "handover", "account", "server", "bundle", "new")
UNTOLD = 0.6  # what is left of a program's low price where nothing says that it is the program, and not a mouse pad
FAIR = Decimal("0.38")  # from this share on the price is a genuine copy's
FAIR_MOST = Decimal("1.6")  # a collector's price is fair too, but says less
MEDIAN_LEAST = 5  # listings of the work on the platform that make a median
FAR_BELOW = Decimal("0.3")  # share of the median
BELOW_MEDIAN = 0.4  # estimate


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding against the list price, and one against the median of the platform."""
    if listing.price is None or listing.currency is None or (listing.availability or "").casefold() in GONE:
        return
    if work.list_price and work.currency and not said(listing, work, "gone"):
        yield from _against_list(listing, work, context, listing.price)
    median = context.medians.get((work.id, listing.platform))
    if median and median.count >= MEDIAN_LEAST and median.currency == listing.currency:
        share = listing.price / median.price if median.price else Decimal(1)
        if share < FAR_BELOW:
            ours = f"{median.price:.2f} {median.currency}"
            yield offends(
                NAME,
                context,
                work,
                "price_median",
                BELOW_MEDIAN,
                ours=ours,
                theirs=_theirs(listing),
                count=median.count,
            )


def _against_list(listing: Listing, work: Work, context: Context, price: Decimal) -> Iterator[Finding]:
    ours = work.list_price or Decimal(1)
    share = _share(price, listing.currency, ours, work.currency)
    if share is None:
        return
    percent = round(100 * share) or "<1"
    named: dict[str, Any] = {"ours": f"{ours:.2f} {work.currency}", "theirs": _theirs(listing)}
    key, steps = _steps(listing, work)
    chance = next((chance for limit, chance in steps if share < limit), None)
    if chance is not None:
        if nature(work) is Nature.PROGRAM and not said(listing, work, *PROGRAM_SIGNS):
            chance *= UNTOLD
        yield offends(NAME, context, work, key, chance * offered(listing, work), percent=percent, **named)
    elif share >= FAIR:
        chance = 0.9 if share <= FAIR_MOST else 0.6
        yield offends(NAME, context, work, "price_fair", chance, polarity=Polarity.AGAINST, percent=percent, **named)


def _steps(listing: Listing, work: Work) -> tuple[str, tuple[tuple[Decimal, float], ...]]:
    """The ground, and its steps."""
    used = said(listing, work, "used")
    if nature(work) in (Nature.COURSE, Nature.PROGRAM):
        return "price_low", () if used or said(listing, work, "original") else STEPS_NO_USED
    is_new = said(listing, work, "new") or (listing.condition or "").casefold().replace(" ", "") in NEW
    if is_new and not used:
        return "price_low", STEPS_NEW
    return "price_unstated", () if used else STEPS_UNSTATED


def _theirs(listing: Listing) -> str:
    return f"{listing.price:.2f} {listing.currency}"


def _share(price: Decimal, currency: str | None, ours: Decimal, our_currency: str | None) -> Decimal | None:
    """The price as a share of ours; None where the currencies cannot be compared."""
    if currency == our_currency:
        return price / ours
    theirs, own = in_dollars(price, currency), in_dollars(ours, our_currency)
    return None if theirs is None or own is None else theirs / own
