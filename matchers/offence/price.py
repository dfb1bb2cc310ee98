"""A new copy far below the list price, in the same currency: nobody sells the genuine one for that."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.reasons import offends
from matchers.spoken import INNOCENT, is_second_hand, said

NAME = "price"
NEW = frozenset({"new", "newcondition", "https://schema.org/newcondition"})
STEPS = ((Decimal("0.15"), 0.7), (Decimal("0.35"), 0.5))  # share of the list price below which the chance holds
UNSTATED = 0.6  # what is left of the chance where nothing says that the copy is new: it may be a used one
GONE = frozenset({"out_of_stock", "sold_out", "soldout", "outofstock", "discontinued"})


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """One finding, by how far the price lies below the list price."""
    if listing.price is None or not work.list_price or listing.currency is None or listing.currency != work.currency:
        return
    if (listing.availability or "").casefold() in GONE or is_second_hand(listing, work):
        return
    ratio = listing.price / work.list_price
    chance = next((chance for limit, chance in STEPS if ratio < limit), None)
    if chance is not None:
        is_new = said(listing, work, INNOCENT, "new") or (listing.condition or "").casefold() in NEW
        chance *= 1.0 if is_new else UNSTATED
        yield offends(
            NAME,
            context,
            work,
            "price_low",
            chance,
            ours=f"{work.list_price:.2f} {work.currency}",
            theirs=f"{listing.price:.2f} {listing.currency}",
            percent=round(100 * ratio),
        )
