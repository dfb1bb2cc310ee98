"""How much harm an offer is expected to do: how sure it is, how many it reaches, what the work is worth, its priority.

On a scale of twos: one more is twice the harm. Reach and worth count by their roots, since a platform's figures say
more of the platform than of the loss. All weights are estimates, and order only: the number is shown to nobody.
"""

from __future__ import annotations

from decimal import Decimal
from math import log2

from crawler.items import Listing, ListingKind, Work
from matchers.money import in_dollars

LEAST = 0.001  # chance of what is all but certain to be innocent
WANTS, VIEWS, STOCK, FILES = 0.3, 0.01, 0.05, 0.5  # sales that one of each is thought to be worth
SHARE = 20  # sales that an open share is thought to be worth: it costs nothing
REACH, WORTH = 0.5, 0.25  # exponents
USUAL = Decimal(10)  # dollars, of a work whose price nobody states
MOST_FILES = 200


def harm(identity: float, offence: float, listing: Listing, work: Work) -> float:
    """The expected harm of an offer of a work, without its age."""
    chance = max(LEAST, identity * offence)
    priority = max(0, work.priority)
    return round(
        log2(chance) + REACH * log2(1 + people(listing)) + WORTH * log2(1 + _worth(work)) + log2(1 + priority), 4
    )


def people(listing: Listing) -> float:
    """About how many sales the offer's figures stand for."""
    reach = listing.reach
    found = (reach.sales or 0) + WANTS * (reach.wants or 0) + VIEWS * (reach.views or 0) + STOCK * (reach.stock or 0)
    if listing.kind is ListingKind.SHARE or listing.links:
        found += SHARE
    return found + FILES * min(MOST_FILES, len(listing.files))


def _worth(work: Work) -> float:
    price = in_dollars(work.list_price, work.currency) if work.list_price else None
    return float(price if price is not None else USUAL)
