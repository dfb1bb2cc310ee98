"""Check whether a licence covers an offer by platform, seller, territory and day. An unset field covers everything.

Where the offer itself states nothing, it depends on the field: a licence for one seller never covers an unnamed seller,
while an unstated territory contradicts nothing, since most platforms show none.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from crawler.items import Licence
from crawler.text import fold


class LicenceState(StrEnum):
    """How a licence applies to one offer on one day."""

    COVERING = "covering"
    ENDED = "ended"  # everything but the day fits: it covered this offer until `until`
    NOT_BEGUN = "not_begun"
    OTHER = "other"  # for another platform, seller or territory


def check_licence(
    licence: Licence, *, platform: str, host: str | None, seller: str | None, territory: str | None, day: date
) -> LicenceState:
    """How `licence` applies to an offer. `host` is that of the offer's address: a licence may name it or `platform`."""
    if not (
        _fits_platform(licence, platform, host)
        and _fits_seller(licence, seller)
        and _fits_territory(licence, territory)
    ):
        return LicenceState.OTHER
    if licence.since and day < licence.since:
        return LicenceState.NOT_BEGUN
    if licence.until and day > licence.until:
        return LicenceState.ENDED
    return LicenceState.COVERING


def _fits_platform(licence: Licence, platform: str, host: str | None) -> bool:
    if licence.platform is None:
        return True
    licensed_platform, offer_host = licence.platform.strip().casefold(), (host or "").casefold().rstrip(".")
    return licensed_platform == platform.casefold() or (
        "." in licensed_platform and (offer_host == licensed_platform or offer_host.endswith(f".{licensed_platform}"))
    )


def _fits_seller(licence: Licence, seller: str | None) -> bool:
    return licence.seller is None or (seller is not None and _compact_name(licence.seller) == _compact_name(seller))


def _fits_territory(licence: Licence, territory: str | None) -> bool:
    return (
        licence.territory is None or territory is None or _compact_name(licence.territory) == _compact_name(territory)
    )


def _compact_name(name: str) -> str:
    return fold(name).replace(" ", "")
