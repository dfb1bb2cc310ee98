"""The outlet itself is the offence: it only passes on copies, or the listing is a list of file hosts to download from.

Repackers, shadow libraries, stores of changed apps and their like say no more than a title and a version. What they are
is known from public lists (matchers/signals/outlets.csv), or because a person confirmed what the store showed
(`swordnet outlets`). Where people only ask or report there, it counts as little as other words of piracy do.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from crawler.items import Finding, Listing, ListingKind, Polarity, Work
from crawler.urls import url_host
from matchers.findings import make_finding, make_phrase
from matchers.matcher import ConfirmedOutlet, Context, Ground, OffenceMatcher
from matchers.signals.intent import intent_factor
from matchers.signals.outlets import COPY_KINDS, Outlet, OutletKind, file_hosts, matching_outlets, title_tag

LISTED_PROBABILITY = 0.97  # estimates: an outlet that a public list names, or that a person confirmed
UNVERIFIED_PROBABILITY = 0.75  # an outlet whose source nobody looked up
TAG_PROBABILITY = 0.9  # a title signed by a group: it may be quoted
TORRENT_INDEX_PROBABILITY = 0.85  # free works are indexed too
HOST_PROBABILITY = 0.9  # a link to a file host, or several hosts in a list
MAX_QUOTED_HOSTS = 4  # in one reason
OUTLET_COPIES = Ground("outlet_copies", Polarity.FOR, 4.0)
OUTLET_CONFIRMED = Ground("outlet_confirmed", Polarity.FOR, 4.0)
OUTLET_HOSTS = Ground("outlet_hosts", Polarity.FOR, 2.5)


@frozen(kw_only=True)
class _Match:
    """An outlet of copies with the listing's words for it."""

    outlet: Outlet
    quote: str
    probability: float


class Matcher(OffenceMatcher):
    """Outlets of copies by platform, address, seller or signed title, and lists of file hosts."""

    name = "outlet"
    grounds = (OUTLET_COPIES, OUTLET_CONFIRMED, OUTLET_HOSTS)

    def judge(self, listing: Listing, work: Work, context: Context) -> Iterator[Finding]:
        """At most one finding for the outlet and one for file hosts."""
        confirmed, match, hosts = confirmed_outlet(listing, context), _copy_outlet(listing), _download_hosts(listing)
        if not (confirmed or match or hosts):
            return
        factor = intent_factor(listing, work)
        if confirmed is not None:
            ours = f"#{confirmed.id} {confirmed.by} {confirmed.at.date()}: {confirmed.reason}".removesuffix(": ")
            strength = LISTED_PROBABILITY * factor
            yield make_finding(self.name, work, OUTLET_CONFIRMED, strength, ours=ours, theirs=confirmed.value)
        elif match is not None:
            yield make_finding(
                self.name,
                work,
                OUTLET_COPIES,
                match.probability * factor,
                ours=match.outlet.source,
                theirs=match.quote,
                kind=make_phrase(f"outlet_{match.outlet.kind.value}"),
            )
        if hosts:
            theirs = "、".join(hosts[:MAX_QUOTED_HOSTS])
            yield make_finding(self.name, work, OUTLET_HOSTS, HOST_PROBABILITY * factor, theirs=theirs)


def confirmed_outlet(listing: Listing, context: Context) -> ConfirmedOutlet | None:
    """The outlet of this listing that a person confirmed: its seller, its host or its platform."""
    if not context.outlets:
        return None
    host = url_host(listing.url)
    keys = [("seller", listing.platform, name) for name in (listing.seller_id, listing.seller) if name]
    keys += [("host", "", host), ("host", "", host.removeprefix("www.")), ("platform", "", listing.platform)]
    return next((context.outlets[key] for key in keys if key in context.outlets), None)


def _copy_outlet(listing: Listing) -> _Match | None:
    outlet, quote = next(matching_outlets(listing), (None, ""))
    if outlet is not None and outlet.kind in COPY_KINDS:
        is_index = outlet.kind is OutletKind.TORRENT_INDEX
        listed_probability = TORRENT_INDEX_PROBABILITY if is_index else LISTED_PROBABILITY
        probability = listed_probability if outlet.is_verified else UNVERIFIED_PROBABILITY
        return _Match(outlet=outlet, quote=quote, probability=probability)
    tag = title_tag(listing.title)
    return None if tag is None else _Match(outlet=tag[0], quote=tag[1], probability=TAG_PROBABILITY)


def _download_hosts(listing: Listing) -> tuple[str, ...]:
    """File hosts as the listing's place or in its text; none beside shares and links, which have own grounds."""
    if listing.kind is ListingKind.SHARE or listing.links:
        return ()
    outlet, quote = next(matching_outlets(listing), (None, ""))
    if outlet is not None and outlet.kind is OutletKind.FILE_HOST:
        return (quote,)
    return file_hosts(listing.text)
