"""Too much for too little: 全套 500 本 9.9. Nobody sells five hundred genuine works for the price of a lunch."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crawler.items import Finding, Listing, Work
from matchers import Context
from matchers.offers.amounts import Amount, amounts
from matchers.offers.reported import offered
from matchers.offers.said import said, strength
from matchers.reasons import offends
from matchers.titles.reading import reading_of

NAME = "bundle"
MANY = 40  # pieces: more than any genuine set
SOME = 12  # pieces of a set that may be genuine at its price
HEAVY = 20  # gigabytes: no genuine work is sold by its weight
CHEAP = Decimal("0.08")  # of the list price for one piece: less than the paper costs
EXCESS, LARGE, WEIGHT, WORDS = 0.95, 0.75, 0.8, 0.5  # estimates


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding, by the largest amount."""
    found = [one for text in (listing.title, listing.text) for one in amounts(text) if not _is_in_name(one, work)]
    left = offered(listing, work)
    most = max(found, key=lambda one: (not one.is_size, one.number), default=None)
    sizes = [one for one in found if one.is_size and one.number >= HEAVY]
    if most and not most.is_size and most.number >= SOME:
        chance = _chance(most, listing, work)
        if chance:
            price = f"{listing.price} {listing.currency}" if listing.price is not None else "-"
            yield offends(NAME, context, work, "bundle_excess", chance * left, theirs=most.quote, price=price)
            return
    words = said(listing, work, "bundle")
    if sizes:
        yield offends(NAME, context, work, "bundle_size", WEIGHT * left, theirs=sizes[0].quote)
    elif words:
        yield offends(NAME, context, work, "bundle_words", WORDS * strength(words) * left, theirs=words[0].quote)


def _chance(amount: Amount, listing: Listing, work: Work) -> float:
    one = listing.price / amount.number if listing.price is not None else None
    usual = work.list_price if work.list_price and work.currency == listing.currency else Decimal(30)
    if one is not None and one < CHEAP * usual:
        return EXCESS
    if one is not None and one > 3 * CHEAP * usual:
        return 0.0
    return LARGE if amount.number >= MANY else 0.0


def _is_in_name(amount: Amount, work: Work) -> bool:
    """零基础油画48讲 is a course, not forty-eight of them."""
    quote = reading_of(amount.quote).tight
    return any(quote in reading_of(name).tight for name in (work.title, *work.aliases))
