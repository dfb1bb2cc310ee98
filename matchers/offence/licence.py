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
from crawler.urls import url_host
from matchers.findings import offence_finding
from matchers.matcher import Context
from matchers.signals.work_type import WorkType, work_type
from registry.company_names import CompanyMatch, compare_companies
from registry.licences import LicenceState, check_licence

NAME = "licence"
COVERED_PROBABILITY = 0.99
OUT_OF_TERM_PROBABILITY = 0.9  # the term is a fact; that the seller has no newer licence is what may be wrong
OWN_OFFER_PROBABILITY = 0.95
MIN_CREATOR_CHARS = 2  # characters of a creator's name that is compared with a seller's


def judge(listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
    """At most one finding: licensed, own offer, or out of term."""
    day = (listing.seen_at or context.now).date()
    own_party = _own_party(listing, work)
    if own_party:
        yield offence_finding(
            NAME,
            context,
            work,
            "licence_own",
            OWN_OFFER_PROBABILITY,
            polarity=Polarity.AGAINST,
            ours=own_party,
            theirs=_offering_name(listing),
        )
        return
    licences = (*work.licences, *context.official_licences.get(work.owner or work.publisher or "", ()))
    licence_states = [(licence, _licence_state(licence, listing, day)) for licence in licences]
    covering = next(
        (licence for licence, licence_state in licence_states if licence_state is LicenceState.COVERING), None
    )
    make_finding = partial(offence_finding, NAME, context, work, theirs=_offering_name(listing))
    specific_states = [
        (licence, licence_state) for licence, licence_state in licence_states if licence.seller or licence.platform
    ]
    end_days = [
        licence.until
        for licence, licence_state in specific_states
        if licence_state is LicenceState.ENDED and licence.until
    ]
    start_days = [
        licence.since
        for licence, licence_state in specific_states
        if licence_state is LicenceState.NOT_BEGUN and licence.since
    ]
    if covering is not None:
        until = covering.until or "∞"
        yield make_finding(
            "licence_covers",
            COVERED_PROBABILITY,
            polarity=Polarity.AGAINST,
            ours=_describe_licence(covering),
            until=until,
        )
    elif end_days:
        yield make_finding("licence_ended", OUT_OF_TERM_PROBABILITY, ours=str(max(end_days)))
    elif start_days:
        yield make_finding("licence_not_begun", OUT_OF_TERM_PROBABILITY, ours=str(min(start_days)))


def _licence_state(licence: Licence, listing: Listing, day: date) -> LicenceState:
    """How a licence stands to the offer, under the seller's name or number."""
    state_for = partial(
        check_licence,
        licence,
        platform=listing.platform,
        host=url_host(listing.url),
        territory=listing.territory,
        day=day,
    )
    by_name, by_number = state_for(seller=listing.seller), state_for(seller=listing.seller_id)
    return by_number if by_name is LicenceState.OTHER else by_name


def _own_party(listing: Listing, work: Work) -> str | None:
    """The work's publisher, owner or maker who offers it himself; of a share only who shares it is known, not who he
    is.
    """
    if listing.kind is ListingKind.SHARE:
        return None
    offering = [name for name in (listing.seller, _app_publisher(listing)) if name]
    companies = [party for party in (work.publisher, work.owner) if party]
    makers = (
        []
        if work_type(work) is WorkType.PRINT
        else [creator for creator in work.creators if len(creator) >= MIN_CREATOR_CHARS]
    )
    for party in (*companies, *makers):
        if any(compare_companies(party, name) is CompanyMatch.SAME for name in offering):
            return party
    authors = {fold(creator): creator for creator in work.creators if len(creator) >= MIN_CREATOR_CHARS}
    return next((authors[fold(name)] for name in offering if fold(name) in authors), None)


def _app_publisher(listing: Listing) -> str | None:
    return listing.publisher if listing.kind is ListingKind.APP else None


def _offering_name(listing: Listing) -> str:
    return listing.seller or listing.publisher or listing.platform


def _describe_licence(licence: Licence) -> str:
    term = f"{licence.since or ''}..{licence.until or ''}" if licence.since or licence.until else None
    return " / ".join(filter(None, (licence.platform, licence.seller, licence.territory, term)))
