"""A licence covers the offer, has ended or has not begun; the work's publisher, owner or maker needs none.

A covering licence makes a match "licensed" (a finding against). A licence of exactly this seller or platform that has
ended, or has not begun, is a ground for an offence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from crawler.items import Finding, Licence, Listing, ListingKind, Polarity, Work
from crawler.text import fold
from crawler.urls import url_host
from matchers.findings import make_finding
from matchers.matcher import Context, Ground, OffenceMatcher
from matchers.signals.outlets import COPY_KINDS, OutletKind, seller_kind
from matchers.signals.work_type import WorkType, work_type
from registry.company_names import CompanyMatch, compare_companies
from registry.licences import LicenceState, check_licence

COVERED_PROBABILITY = 0.99
OUT_OF_TERM_PROBABILITY = 0.9  # the term is a fact; the seller may have a newer licence that nobody registered
OWN_OFFER_PROBABILITY = 0.95
MODIFIED_NAME_RE = re.compile(r"\+\+|\+\s*$")  # a name with plus signs behind it, which folding drops
MIN_CREATOR_CHARS = 2  # characters of a creator's name that is compared with a seller's
LICENCE_COVERS = Ground(
    "licence_covers",
    Polarity.AGAINST,
    -4.0,
    en="{theirs} holds a licence ({ours})",
    zh="{theirs}已获授权（{ours}）",
)
LICENCE_OWN = Ground(
    "licence_own",
    Polarity.AGAINST,
    -4.0,
    en="{theirs} is the work's own side ({ours})",
    zh="{theirs}即权利方（{ours}）",
)
LICENCE_ENDED = Ground(
    "licence_ended",
    Polarity.FOR,
    5.0,
    en="the licence of {theirs} ended on {ours}",
    zh="{theirs}的授权已于 {ours} 到期",
)
LICENCE_NOT_BEGUN = Ground(
    "licence_not_begun",
    Polarity.FOR,
    5.0,
    en="the licence of {theirs} begins only on {ours}",
    zh="{theirs}的授权 {ours} 才开始",
)


class Matcher(OffenceMatcher):
    """The licences of the work and of its owner's official shops."""

    name = "licence"
    grounds = (LICENCE_COVERS, LICENCE_OWN, LICENCE_ENDED, LICENCE_NOT_BEGUN)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding: offered by the work's own party, licensed, or out of term."""
        finding = partial(make_finding, self.name, context, work, theirs=_offering_name(listing))
        own_party = _own_party(listing, work)
        if own_party:
            yield finding(LICENCE_OWN, OWN_OFFER_PROBABILITY, ours=own_party)
            return
        day = (listing.seen_at or context.now).date()
        licences = (*work.licences, *context.official_licences.get(work.owner or work.publisher or "", ()))
        states = [(licence, _licence_state(licence, listing, day)) for licence in licences]
        covering = next((licence for licence, state in states if state is LicenceState.COVERING), None)
        if covering is not None:
            yield finding(LICENCE_COVERS, COVERED_PROBABILITY, ours=_describe_licence(covering))
        elif end_day := _last_end(states):
            yield finding(LICENCE_ENDED, OUT_OF_TERM_PROBABILITY, ours=str(end_day))
        elif start_day := _first_start(states):
            yield finding(LICENCE_NOT_BEGUN, OUT_OF_TERM_PROBABILITY, ours=str(start_day))


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


def _licence_state(licence: Licence, listing: Listing, day: date) -> LicenceState:
    """Whether a licence covers the offer, by the seller's name or else by the seller's number."""
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
    """The work's publisher, owner or maker who makes the offer; None where the name of who offers proves nothing."""
    if listing.kind is ListingKind.SHARE or not _is_name_credible(listing, work):
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


def _is_name_credible(listing: Listing, work: Work) -> bool:
    """Whether the name of who offers is that party's own statement.

    An outlet of copies names the maker of what it copies, and whoever keeps a list of apps for side loading names the
    original's developer beside a changed app: there the developer's name counts only if the app has the exact name.
    """
    kind = seller_kind(listing, work)
    if kind is None or kind.kind not in (*COPY_KINDS, OutletKind.SIDE_LOADING_LIST):
        return True
    names = {fold(name) for name in (work.title, *work.aliases)}
    has_changed_name = MODIFIED_NAME_RE.search(listing.title) or fold(listing.title) not in names
    return kind.kind is OutletKind.SIDE_LOADING_LIST and not has_changed_name


def _app_publisher(listing: Listing) -> str | None:
    return listing.publisher if listing.kind is ListingKind.APP else None


def _offering_name(listing: Listing) -> str:
    return listing.seller or listing.publisher or listing.platform


def _describe_licence(licence: Licence) -> str:
    term = f"{licence.since or ''}..{licence.until or ''}" if licence.since or licence.until else None
    return " / ".join(filter(None, (licence.platform, licence.seller, licence.territory, term)))
