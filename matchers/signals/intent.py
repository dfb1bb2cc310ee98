"""The intent of a listing: does it offer the work, ask for it, or report what others do with it?

News of a raid, a warning or a request for a file are about the offences of others; two signals of news or a warning
outweigh words of handover, which such news is full of, and so does a warning in the title of a post that tells a story
and hands nothing over (hearsay.py). A coupon, a study guide or an installation service is delivered
at once and costs a hundredth of the work, which says nothing about the work. A link, or a way to hand over a file in a
post, is an offer whatever else is said; so are words of copying beside merchandise.
"""

from __future__ import annotations

import re

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold
from matchers.signals.hearsay import is_told, makes_no_offer, tells_a_story
from matchers.signals.listing_signals import compact_names, find_signals, signal_strength
from matchers.signals.text_signals import COPY_AREAS as PIRACY_AREAS
from matchers.signals.text_signals import find_text_signals
from matchers.titles.title_names import strip_mark

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
FILE_AREAS = ("file", "drive", "rip", "handover")  # what is sold is a file
# What joins an extra to what is sold, and what may stand between: plus the full solutions manual, +配套伴奏.
_JOINER_RE = re.compile(
    r"(?:[+＋&]|\b(?:and|plus|with|incl|including|includes)\b|另?[附送赠含带]|[和及与])"
    r"\s{0,2}(?:[a-z'’]{1,12} ){0,3}[\u4e00-\u9fff]{0,3}$",
    re.IGNORECASE,
)
MAX_JOINER_CHARS = 48  # before an extra that are searched for what joins it
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
        _is_strong_in_title(listing, work, BESIDE_WORK_AREAS)
        and not _is_strong(listing, work, COPY_AREAS)
        and not is_joined_extra(listing, work)
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
    if makes_no_offer(listing) and (_warns_in_title(listing) or _is_told_of_others(listing)):
        return True
    return (is_question(listing) or _is_strong(listing, work, TALK_AREAS)) and not _is_strong(
        listing, work, OFFER_AREAS
    )


def _warns_in_title(listing: Listing) -> bool:
    """Whether the title warns and the post tells a story: sellers too write what they are afraid of."""
    return tells_a_story(listing) and any(
        signal.area == "warning" for signal in find_text_signals(listing.title).signals
    )


def _is_told_of_others(listing: Listing) -> bool:
    """Whether most words of piracy are in passages about someone else."""
    told = [
        is_told(text, text_signals.analysis.fold_map.origins[signal.start])
        for text in (listing.title, listing.text)
        for text_signals in (find_text_signals(text),)
        for signal in text_signals.signals
        if signal.area in PIRACY_AREAS
    ]
    return sum(told) * 2 > len(told)


def is_joined_extra(listing: Listing, work: Work) -> bool:
    """Whether what is beside the work is sold together with its file, joined to it by a plus or an "and": NAME pdf plus
    solutions manual, NAME flac+伴奏.

    In the title the work is named before what joins them; in the description the title says that it is a file. What is
    listed behind the first extra is joined by the same word. Without a file it is merchandise.
    """
    beside = find_signals(listing, work, *BESIDE_WORK_AREAS)
    files = find_signals(listing, work, *FILE_AREAS) if beside else []
    in_title = any(signal.in_title for signal in beside)
    if not (files if in_title else any(signal.in_title for signal in files)):
        return False
    text = listing.title if in_title else listing.text
    fold_map = find_text_signals(text).analysis.fold_map
    first = min(
        fold_map.original_span(signal.signal.start, signal.signal.end)[0]
        for signal in beside
        if signal.in_title is in_title
    )
    joiner = _JOINER_RE.search(text, max(0, first - MAX_JOINER_CHARS), first)
    if joiner is None or not in_title:
        return joiner is not None
    named = fold(text[: joiner.start()]).replace(" ", "")
    bare_name = strip_mark(work.title)
    names = compact_names(work.title, (*work.aliases, bare_name[0]) if bare_name else work.aliases)
    return any(name in named for name in names)


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
