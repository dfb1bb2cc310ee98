"""What words of piracy weigh in a listing: less where it only tells of them, or speaks of something beside the work.

News of a raid, a warning, someone asking for a file speak of others' offences; two signs of news or a warning outweigh
the words of a handover, which such news are full of. The coupon, the study guide and the
installing service are delivered at once and cost a hundredth of the work, and that says nothing of the work. A link,
or a way to hand over a file in a post, is an offer whatever else is said; so are the words of copying beside
merchandise.
"""

from __future__ import annotations

from crawler.items import Listing, Work
from matchers.offers.nature import asks, is_talk_place, seeks
from matchers.offers.said import said, strength

TELLING = ("news", "warning", "request", "question", "library")
REPORTING = ("news", "warning")
REPORTED = 2  # different signs of these that outweigh a handover
OFFERING = ("handover", "stream", "account")
BESIDE = ("merch", "own")
COPYING = ("copy", "counterfeit", "drive", "crack", "account", "burned")
SERVICE = ("service",)
SURE = 0.8  # strength from which on such signs count
TOLD = 0.25  # what is left of the words of piracy where they are told of; estimates
ASIDE = 0.4  # what is left where they are about something beside the work


def offered(listing: Listing, work: Work) -> float:
    """The share of their strength that words of piracy keep in this listing."""
    if listing.links:
        return 1.0
    if tells(listing, work):
        return TOLD
    if _in_title(listing, work, SERVICE) or (_in_title(listing, work, BESIDE) and not _strong(listing, work, COPYING)):
        return ASIDE
    return 1.0


def tells(listing: Listing, work: Work) -> bool:
    """Whether the listing asks for the work, or tells of what others do with it."""
    if seeks(listing, work):
        return True
    if not is_talk_place(listing):
        return False
    if len(said(listing, work, *REPORTING)) >= REPORTED:
        return True
    return (asks(listing) or _strong(listing, work, TELLING)) and not _strong(listing, work, OFFERING)


def _strong(listing: Listing, work: Work, areas: tuple[str, ...]) -> bool:
    return strength(said(listing, work, *areas)) >= SURE


def _in_title(listing: Listing, work: Work, areas: tuple[str, ...]) -> bool:
    return strength([one for one in said(listing, work, *areas) if one.in_title]) >= SURE
