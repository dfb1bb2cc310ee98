"""A licence covers the offer, or it did until a day; and who publishes the work himself needs none.

A covering licence turns a match into "licensed" (a finding against). A licence of exactly this seller or platform that
has ended, or has not begun, is a ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from crawler.items import Finding, Licence, Listing, ListingKind, Polarity, Work
from crawler.text import fold
from crawler.urls import host
from matchers import Context
from matchers.offers.nature import Nature, nature
from matchers.reasons import offends
from registry.companies import Company, compared
from registry.licences import LicenceState, state

NAME = "licence"
COVERED = 0.99
OUT_OF_TERM = 0.9  # the term is a fact; that the seller has no newer licence is what may be wrong
OWN = 0.95
SHORTEST_NAME = 2  # characters of a creator's name that is compared with a seller's


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding: licensed, own offer, or out of term."""
    day = (listing.seen_at or context.now).date()
    own = _own_side(listing, work)
    if own:
        yield offends(
            NAME, context, work, "licence_own", OWN, polarity=Polarity.AGAINST, ours=own, theirs=_seller(listing)
        )
        return
    licences = (*work.licences, *context.official.get(work.owner or work.publisher or "", ()))
    stands = [(licence, _state(licence, listing, day)) for licence in licences]
    covering = next((licence for licence, how in stands if how is LicenceState.COVERING), None)
    found = partial(offends, NAME, context, work, theirs=_seller(listing))
    named = [(licence, how) for licence, how in stands if licence.seller or licence.platform]
    ended = [licence.until for licence, how in named if how is LicenceState.ENDED and licence.until]
    begins = [licence.since for licence, how in named if how is LicenceState.NOT_BEGUN and licence.since]
    if covering is not None:
        until = covering.until or "∞"
        yield found("licence_covers", COVERED, polarity=Polarity.AGAINST, ours=_described(covering), until=until)
    elif ended:
        yield found("licence_ended", OUT_OF_TERM, ours=str(max(ended)))
    elif begins:
        yield found("licence_not_begun", OUT_OF_TERM, ours=str(min(begins)))


def _state(licence: Licence, listing: Listing, day: date) -> LicenceState:
    """How a licence stands to the offer, under the seller's name or number."""
    asked = partial(
        state, licence, platform=listing.platform, host=host(listing.url), territory=listing.territory, day=day
    )
    by_name, by_number = asked(seller=listing.seller), asked(seller=listing.seller_id)
    return by_number if by_name is LicenceState.OTHER else by_name


def _own_side(listing: Listing, work: Work) -> str | None:
    """The work's publisher, owner or maker who offers it himself; of a share only who shares it is known, not who he
    is.
    """
    if listing.kind is ListingKind.SHARE:
        return None
    offering = [name for name in (listing.seller, _app_publisher(listing)) if name]
    sides = [side for side in (work.publisher, work.owner) if side]
    makers = [] if nature(work) is Nature.PRINT else [one for one in work.creators if len(one) >= SHORTEST_NAME]
    for side in (*sides, *makers):
        if any(compared(side, name) is Company.SAME for name in offering):
            return side
    authors = {fold(one): one for one in work.creators if len(one) >= SHORTEST_NAME}
    return next((authors[fold(name)] for name in offering if fold(name) in authors), None)


def _app_publisher(listing: Listing) -> str | None:
    return listing.publisher if listing.kind is ListingKind.APP else None


def _seller(listing: Listing) -> str:
    return listing.seller or listing.publisher or listing.platform


def _described(licence: Licence) -> str:
    term = f"{licence.since or ''}..{licence.until or ''}" if licence.since or licence.until else None
    return " / ".join(filter(None, (licence.platform, licence.seller, licence.territory, term)))
