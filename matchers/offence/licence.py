"""A licence covers the offer, has ended or has not begun; the work's publisher, owner or maker needs none.

A covering licence makes a match "licensed" (a finding against). A licence of exactly this seller or platform that has
ended, has not begun, or is for another territory than the offer's is a ground for an offence. Where nothing tells the
territory of the offer, a licence limited to one makes it a case for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from crawler.items import Finding, Licence, Listing, ListingKind, Polarity, Work
from crawler.text import fold
from matchers.findings import make_finding, make_phrase
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.outlets import COPY_KINDS, OutletKind, seller_kind, storefront_territory
from matchers.signals.work_type import WorkType, work_type
from matchers.titles.phonetics import syllable
from registry.company_names import CompanyMatch, compare_companies, is_domain_of
from registry.licences import LicenceState, check_licence
from registry.territories import HintKind, TerritoryHint, find_hints, match_territory

COVERED_PROBABILITY = 0.99
OUT_OF_TERM_PROBABILITY = 0.9  # the term is a fact; the seller may have a newer licence that nobody registered
OWN_OFFER_PROBABILITY = 0.95
OUTSIDE_PROBABILITY = 0.9  # an address, a currency, a seller's name; estimates
WEAKLY_OUTSIDE_PROBABILITY = 0.4  # only the language of the text
UNKNOWN_TERRITORY_PROBABILITY = 0.5
MODIFIED_NAME_RE = re.compile(r"\+\+|\+\s*$")  # a name with plus signs behind it, which folding drops
MIN_CREATOR_CHARS = 2  # characters of a creator's name that is compared with a seller's
LICENCE_COVERS = Ground("licence_covers", Polarity.AGAINST, -4.0)
LICENCE_OWN = Ground("licence_own", Polarity.AGAINST, -4.0)
LICENCE_ENDED = Ground("licence_ended", Polarity.FOR, 8.0)
LICENCE_NOT_BEGUN = Ground("licence_not_begun", Polarity.FOR, 8.0)


LICENCE_OTHER_TERRITORY = Ground("licence_other_territory", Polarity.FOR, 3.0)
# The decision is a review whatever the sum says (matchers/decision.py); the weight is that of a doubt.
LICENCE_TERRITORY_UNKNOWN = Ground("licence_territory_unknown", Polarity.FOR, 0.5)


class Matcher(OffenceMatcher):
    """The licences of the work and of its owner's official shops."""

    name = "licence"
    grounds = (
        LICENCE_COVERS,
        LICENCE_OWN,
        LICENCE_ENDED,
        LICENCE_NOT_BEGUN,
        LICENCE_OTHER_TERRITORY,
        LICENCE_TERRITORY_UNKNOWN,
    )

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding: offered by the work's own party, licensed, out of term, or outside the territory."""
        finding = partial(make_finding, self.name, work, theirs=_offering_name(listing))
        day = (listing.seen_at or context.now).date()
        licences = (*work.licences, *context.official_licences.get(work.owner or work.publisher or "", ()))
        hints = _territory_hints(listing, work) if any(licence.territory for licence in licences) else []
        states = [(licence, _licence_state(licence, listing, hints, day)) for licence in licences]
        outside = _outside_licence(states)
        own_party = _own_party(listing, work)
        if own_party and not (outside and outside.seller):
            yield finding(LICENCE_OWN, OWN_OFFER_PROBABILITY, ours=own_party)
        elif covering := _first_in_state(states, LicenceState.COVERING):
            yield finding(LICENCE_COVERS, COVERED_PROBABILITY, ours=_describe_licence(covering))
        elif unknown := _first_in_state(states, LicenceState.TERRITORY_UNKNOWN):
            yield finding(LICENCE_TERRITORY_UNKNOWN, UNKNOWN_TERRITORY_PROBABILITY, ours=unknown.territory or "")
        elif end_day := _last_end(states):
            yield finding(LICENCE_ENDED, OUT_OF_TERM_PROBABILITY, ours=str(end_day))
        elif start_day := _first_start(states):
            yield finding(LICENCE_NOT_BEGUN, OUT_OF_TERM_PROBABILITY, ours=str(start_day))
        elif outside and outside.territory and (hint := match_territory(outside.territory, hints, is_named=True).hint):
            yield finding(
                LICENCE_OTHER_TERRITORY,
                OUTSIDE_PROBABILITY if hint.excludes else WEAKLY_OUTSIDE_PROBABILITY,
                ours=outside.territory,
                how=make_phrase(f"hint_{hint.kind.value}"),
                quote=hint.quote,
            )


def _first_in_state(states: Sequence[tuple[Licence, LicenceState]], wanted: LicenceState) -> Licence | None:
    return next((licence for licence, state in states if state is wanted), None)


def _outside_licence(states: Sequence[tuple[Licence, LicenceState]]) -> Licence | None:
    """A licence of exactly this seller or platform for another territory."""
    return next(
        (
            licence
            for licence, state in states
            if (licence.seller or licence.platform) and state is LicenceState.OTHER_TERRITORY
        ),
        None,
    )


def _territory_hints(listing: Listing, work: Work) -> list[TerritoryHint]:
    """What tells where an offer is made; the names of the work are no words of the seller's language."""
    text = f"{listing.title}\n{listing.text}"
    for name in sorted((work.title, *work.aliases, *work.creators), key=len, reverse=True):
        text = text.replace(name, " ")
    hints = find_hints(
        platform=listing.platform,
        url=listing.url,
        territory=listing.territory,
        seller=listing.seller,
        currency=listing.currency,
        text=text,
    )
    storefront = storefront_territory(listing)
    if storefront is None:
        return hints
    country, quote = storefront
    hint = TerritoryHint(kind=HintKind.STOREFRONT, territories=frozenset({country}), quote=quote)
    place = sum(earlier.kind is HintKind.STATED for earlier in hints)
    return [*hints[:place], hint, *hints[place:]]


def _last_end(states: Sequence[tuple[Licence, LicenceState]]) -> date | None:
    """The day on which the last licence of exactly this seller or platform ended."""
    days = [
        licence.until
        for licence, state in states
        if (licence.seller or licence.platform) and state is LicenceState.ENDED and licence.until
    ]
    return max(days, default=None)


def _first_start(states: Sequence[tuple[Licence, LicenceState]]) -> date | None:
    """The day on which the first licence of exactly this seller or platform will begin."""
    days = [
        licence.since
        for licence, state in states
        if (licence.seller or licence.platform) and state is LicenceState.NOT_BEGUN and licence.since
    ]
    return min(days, default=None)


def _licence_state(licence: Licence, listing: Listing, hints: Sequence[TerritoryHint], day: date) -> LicenceState:
    """Whether a licence covers the offer, by the seller's name or else by the seller's number."""
    state_for = partial(
        check_licence,
        licence,
        platform=listing.platform,
        url=listing.url,
        territory_hints=hints,
        day=day,
    )
    by_name, by_number = state_for(seller=listing.seller), state_for(seller=listing.seller_id)
    return by_number if by_name is LicenceState.OTHER else by_name


def _own_party(listing: Listing, work: Work) -> str | None:
    """The work's publisher, owner or maker who makes the offer; None where the name of who offers proves nothing."""
    if listing.kind is ListingKind.SHARE:
        return None
    party = _named_party(listing, work)
    return party if party and _is_name_credible(listing, work, party) else None


def _named_party(listing: Listing, work: Work) -> str | None:
    """The party of the work that bears the name of whoever offers."""
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


def _is_name_credible(listing: Listing, work: Work, party: str) -> bool:
    """Whether the name of who offers is that party's own statement.

    An outlet of copies names the maker of what it copies, and so does whoever keeps a list of apps, or a mirror. The
    developer beside an app is the one who offers it in a store where developers have accounts, and on a site whose
    domain is the party's name; in a list for side loading only if the app has the exact name.
    """
    seller = seller_kind(listing, work)
    kind = seller.kind if seller else None
    if kind is OutletKind.SIDE_LOADING_LIST:
        names = {fold(name) for name in (work.title, *work.aliases)}
        return fold(listing.title) in names and not MODIFIED_NAME_RE.search(listing.title)
    if kind in COPY_KINDS:
        return False
    return (
        listing.kind is not ListingKind.APP or kind is OutletKind.APP_STORE or is_domain_of(party, listing.url, _pinyin)
    )


def _pinyin(name: str) -> str:
    return "".join(map(syllable, name))


def _app_publisher(listing: Listing) -> str | None:
    return listing.publisher if listing.kind is ListingKind.APP else None


def _offering_name(listing: Listing) -> str:
    return listing.seller or listing.publisher or listing.platform


def _describe_licence(licence: Licence) -> str:
    term = f"{licence.since or ''}..{licence.until or ''}" if licence.since or licence.until else None
    return " / ".join(filter(None, (licence.platform, licence.seller, licence.territory, term)))
