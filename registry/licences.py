"""Check whether a licence covers an offer by platform, seller, territory and day. An unset field covers everything.

A licence for one seller never covers an unnamed seller, and one for a territory covers no offer elsewhere. Most offers
state no territory; it is inferred (registry/territories.py), and where nothing tells it, it is not known whether the
licence covers the offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from crawler.items import Licence
from crawler.text import fold
from crawler.urls import url_host, url_port
from registry.territories import TerritoryFit, TerritoryHint, match_territory, without_territory


class LicenceState(StrEnum):
    """How a licence applies to one offer on one day."""

    COVERING = "covering"
    ENDED = "ended"  # everything but the day fits: it covered this offer until `until`
    NOT_BEGUN = "not_begun"
    TERRITORY_UNKNOWN = "territory_unknown"  # everything else fits; where it is offered is not known
    OTHER_TERRITORY = "other_territory"  # for this platform and seller, but not where it is offered
    OTHER = "other"  # for another platform or seller


def check_licence(
    licence: Licence,
    *,
    platform: str,
    url: str,
    seller: str | None,
    territory_hints: Sequence[TerritoryHint],
    day: date,
) -> LicenceState:
    """How `licence` applies to an offer at `url`. A licence names its platform, or the host of its addresses: with or
    without www, a port, or as a whole address.
    """
    if not (_fits_platform(licence, platform, url) and _fits_seller(licence, seller)):
        return LicenceState.OTHER
    fit = _territory_fit(licence, territory_hints)
    if fit is TerritoryFit.OUTSIDE:
        return LicenceState.OTHER_TERRITORY
    if licence.since and day < licence.since:
        return LicenceState.NOT_BEGUN
    if licence.until and day > licence.until:
        return LicenceState.ENDED
    return LicenceState.COVERING if fit is TerritoryFit.INSIDE else LicenceState.TERRITORY_UNKNOWN


def _territory_fit(licence: Licence, hints: Sequence[TerritoryHint]) -> TerritoryFit:
    if licence.territory is None:
        return TerritoryFit.INSIDE
    return match_territory(licence.territory, hints, bool(licence.seller or licence.platform)).fit


def _fits_platform(licence: Licence, platform: str, url: str) -> bool:
    if licence.platform is None:
        return True
    licensed = licence.platform.strip().casefold()
    if licensed in (platform.casefold(), platform.casefold().removeprefix("www.")):
        return True
    site = licensed if "://" in licensed else f"//{licensed}"
    try:
        has_port = urlsplit(site).port is not None
    except ValueError:  # a name with a colon
        return False
    site = site if "://" in site else f"http:{site}"
    host, offer_host = url_host(site).removeprefix("www."), url_host(url)
    is_same_host = offer_host == host or offer_host.endswith(f".{host}")
    is_host = "." in host or ":" in host or has_port
    return bool(host) and is_host and is_same_host and (not has_port or url_port(url) == url_port(site))


def _fits_seller(licence: Licence, seller: str | None) -> bool:
    """Whether it is the licensed seller; under a licence for a territory the name may have one at its end (NAME_UK)."""
    if licence.seller is None or seller is None:
        return licence.seller is None
    names = [seller, without_territory(seller)] if licence.territory else [seller]
    return any(_compact_name(licence.seller) == _compact_name(name) for name in names)


def _compact_name(name: str) -> str:
    return fold(name).replace(" ", "")
