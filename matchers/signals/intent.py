"""The intent of a listing: does it offer the work, ask for it, or report what others do with it?

News of a raid, a warning or a request for a file are about the offences of others; two signals of news or a warning
outweigh words of handover, which such news is full of. A coupon, a study guide or an installation service is delivered
at once and costs a hundredth of the work, which says nothing about the work. A link, or a way to hand over a file in a
post, is an offer whatever else is said; so are words of copying beside merchandise.
"""

from __future__ import annotations

import re

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold
from matchers.signals.listing_signals import find_signals, signal_strength

# The beginning of a title whose writer wants the work; a break, a measure word or the work's name follows it.
_REQUEST_RE = re.compile(
    r"^[\W_]{0,4}(?:(?:高价|诚|诚心|长期|重金|有偿|大量)?(?:求购|收购|求收|收|求)|跪求|急求|徵求|征求|徵|征|蹲一?个?"
    r"|wtb|iso|wanted|looking for|in search of|searching for|request(?! (?:filled|done|fulfilled|granted)))(?![a-z])",
    re.IGNORECASE,
)


_REQUEST_END_RE = re.compile(r"^[\s:：\]】)）,，\-–—《「\[]|^(?:一|几)?[本套份个册张]")


TALK_AREAS = ("news", "warning", "request", "question", "library")
REPORT_AREAS = ("news", "warning")
MIN_REPORT_SIGNALS = 2  # different signals of REPORT_AREAS that outweigh a handover
OFFER_AREAS = ("handover", "stream", "account")
BESIDE_WORK_AREAS = ("merch", "own")
COPY_AREAS = ("copy", "counterfeit", "drive", "crack", "account", "burned")
SERVICE_AREAS = ("service",)
MIN_SIGNAL_STRENGTH = 0.8  # for such signals to count
REPORT_FACTOR = 0.25  # share of strength that words of piracy keep in a report or request; an estimate
BESIDE_WORK_FACTOR = 0.4  # the same where they are about something beside the work; an estimate


def intent_factor(listing: Listing, work: Work) -> float:
    """The share of their strength (0..1) that words of piracy keep in this listing."""
    if listing.links:
        return 1.0
    if is_report_or_request(listing, work):
        return REPORT_FACTOR
    if _is_strong_in_title(listing, work, SERVICE_AREAS) or (
        _is_strong_in_title(listing, work, BESIDE_WORK_AREAS) and not _is_strong(listing, work, COPY_AREAS)
    ):
        return BESIDE_WORK_FACTOR
    return 1.0


def is_report_or_request(listing: Listing, work: Work) -> bool:
    """Whether the listing asks for the work, or reports what others do with it."""
    if is_request(listing, work):
        return True
    if not is_discussion(listing):
        return False
    if len(find_signals(listing, work, *REPORT_AREAS)) >= MIN_REPORT_SIGNALS:
        return True
    return (is_question(listing) or _is_strong(listing, work, TALK_AREAS)) and not _is_strong(
        listing, work, OFFER_AREAS
    )


def _is_strong(listing: Listing, work: Work, areas: tuple[str, ...]) -> bool:
    return signal_strength(find_signals(listing, work, *areas)) >= MIN_SIGNAL_STRENGTH


def _is_strong_in_title(listing: Listing, work: Work, areas: tuple[str, ...]) -> bool:
    return (
        signal_strength([signal for signal in find_signals(listing, work, *areas) if signal.in_title])
        >= MIN_SIGNAL_STRENGTH
    )


def is_question(listing: Listing) -> bool:
    """Whether the title ends like a question."""
    return listing.title.rstrip(" 。.!！~～").endswith(("?", "？", "吗", "呢", "么"))


def is_request(listing: Listing, work: Work) -> bool:
    """Whether the title begins by asking for the work. Such a listing may have a price: what its writer would pay."""
    match = _REQUEST_RE.match(listing.title)
    if not match or fold(listing.title).startswith(fold(work.title)):
        return False
    remainder = listing.title[match.end() :]
    return bool(_REQUEST_END_RE.match(remainder)) or any(
        fold(remainder).startswith(fold(name)) for name in (work.title, *work.aliases)
    )


def is_discussion(listing: Listing) -> bool:
    """Whether people talk there rather than sell: a post without a price."""
    return listing.kind is ListingKind.POST and listing.price is None
