"""Estimates the expected harm of an offer from its probability, its reach, and the work's price and priority.

On a log2 scale: one more is twice the harm. Reach and price count by their roots, since a platform's figures say more
about the platform than about the loss. All weights are estimates and only order hits: the number is shown to nobody.
"""

from __future__ import annotations

from decimal import Decimal
from math import log2

from crawler.items import Listing, ListingKind, Work
from matchers.exchange_rates import to_dollars

MIN_CHANCE = 0.001  # floor for offers that are almost certainly innocent
SALES_PER_WANT, SALES_PER_VIEW, SALES_PER_STOCK_ITEM, SALES_PER_FILE = (
    0.3,
    0.01,
    0.05,
    0.5,
)  # sales that one of each is estimated to stand for
SALES_PER_OPEN_SHARE = 20  # sales that an open share is estimated to stand for: it is free
REACH_EXPONENT, WORTH_EXPONENT = 0.5, 0.25
DEFAULT_PRICE_DOLLARS = Decimal(10)  # of a work without a known price
MAX_COUNTED_FILES = 200


def expected_harm(identity: float, offence: float, listing: Listing, work: Work) -> float:
    """The expected harm of an offer of a work, not counting its age."""
    chance = max(MIN_CHANCE, identity * offence)
    priority = max(0, work.priority)
    return round(
        log2(chance)
        + REACH_EXPONENT * log2(1 + estimate_sales(listing))
        + WORTH_EXPONENT * log2(1 + _price_in_dollars(work))
        + log2(1 + priority),
        4,
    )


def estimate_sales(listing: Listing) -> float:
    """The number of sales that the offer's figures are estimated to stand for."""
    reach = listing.reach
    sales = (
        (reach.sales or 0)
        + SALES_PER_WANT * (reach.wants or 0)
        + SALES_PER_VIEW * (reach.views or 0)
        + SALES_PER_STOCK_ITEM * (reach.stock or 0)
    )
    if listing.kind is ListingKind.SHARE or listing.links:
        sales += SALES_PER_OPEN_SHARE
    return sales + SALES_PER_FILE * min(MAX_COUNTED_FILES, len(listing.files))


def _price_in_dollars(work: Work) -> float:
    price = to_dollars(work.list_price, work.currency) if work.list_price else None
    return float(price if price is not None else DEFAULT_PRICE_DOLLARS)
