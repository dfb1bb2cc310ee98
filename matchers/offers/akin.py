"""A listing is of the work's own kind: an app beside an app, a season beside a series, a crack beside a program.

The name alone cannot tell a word of one work from the same word on a candle. What stands around it can: who
sells a "season 1 DVD-R" under the name of a series sells that series.
"""

from __future__ import annotations

import re

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold, is_han
from matchers.offers.nature import WorkType, work_type
from matchers.offers.said import find_signals, signal_strength
from matchers.titles.frequencies import UNKNOWN_WORD_BITS, token_bits
from matchers.titles.reading import analyse

MIN_COINED_CHARS = 7  # letters of a coined word
MAX_COINED_WORDS = 2  # of a name that is coined, numbers aside
# Odds that the identity of a coined word gains. Estimates; five title sets of bench/titles.py stayed as they were.
OWN_TRADE_ODDS = 15.0  # signs of an offence that only works of this nature suffer, or an app under the name of an app
SAME_TYPE_ODDS = 6.0  # a plain word of the trade
MIN_COINED_STRENGTH = 0.5  # strength of such signs
MIN_COMMON_STRENGTH = 0.8  # where the name is made of common words
BESIDE_WORK_AREAS = ("merch", "own", "service")
_NUMBER_RE = re.compile(r"\d{1,4}")
OWN_TRADE_AREAS = {
    WorkType.PROGRAM: ("crack", "server", "account"),
    WorkType.SHOW: ("rip", "stream", "burned", "account"),
    WorkType.COURSE: ("course",),
    WorkType.PRINT: ("copy",),
}
_TRADE_WORD_RES = {
    WorkType.PROGRAM: re.compile(
        r"\b(?:apps?|apk|software|plug-?in|vst|licen[cs]e|windows|win|mac|macos|android|ios|ipad|pc|steam|games?|version"
        r"|v\d{1,3}(?:\.\d{1,3}){0,3}|x64|subscription|premium|activation)\b|软件|手游|单机|安卓|苹果|插件|字体",
        re.IGNORECASE,
    ),
    WorkType.SHOW: re.compile(
        r"\b(?:seasons?|s\d{1,2}(?:e\d{1,3})?|episodes?|series|dvds?|blu-?ray|movie|film|album|lp|vinyl|mp3|flac|cd"
        r"|uhd|4k|soundtrack)\b|电影|电视剧|全集|第?\d{1,4}集|专辑|黑胶",
        re.IGNORECASE,
    ),
    WorkType.COURSE: re.compile(r"\b(?:course|class|lessons?|videos?|workshop|bootcamp|masterclass)\b|课程|网课", re.I),
    WorkType.PRINT: re.compile(
        r"\b(?:books?|paperback|hardcover|hardback|novel|textbook|edition|epub|pdf|kindle|isbn)\b|小说|教材|绘本", re.I
    ),
}


def work_type_odds(listing: Listing, work: Work, name: str) -> float:
    """By how much the odds grow of the work that is named so; 1.0 where nothing is known of the listing's kind."""
    if find_signals(listing, work, *BESIDE_WORK_AREAS):
        return 1.0
    if not _is_coined_name(name):
        return (
            SAME_TYPE_ODDS
            if signal_strength(find_signals(listing, work, *OWN_TRADE_AREAS[work_type(work)])) >= MIN_COMMON_STRENGTH
            else 1.0
        )
    kind = work_type(work)
    is_app = listing.kind is ListingKind.APP and kind is WorkType.PROGRAM
    if is_app or signal_strength(find_signals(listing, work, *OWN_TRADE_AREAS[kind])) >= MIN_COINED_STRENGTH:
        return OWN_TRADE_ODDS
    return SAME_TYPE_ODDS if _TRADE_WORD_RES[kind].search(f"{listing.title}\n{listing.text}") else 1.0


def has_other_number(listing: Listing, work: Work, name: str) -> bool:
    """Whether a number behind the name is none of the work's, where the work has one: Draft 2019 is not Draft 2026.

    Behind a name that ends with its number stands a point release.
    """
    work_numbers = {number for work_name in (work.title, *work.aliases) for number in _NUMBER_RE.findall(work_name)}
    number_match = (
        re.search(re.escape(fold(name)) + r" ?v?(\d{1,4})", fold(listing.title))
        if work_numbers and not name[-1:].isdigit()
        else None
    )
    return number_match is not None and number_match.group(1) not in work_numbers


def _is_coined_name(name: str) -> bool:
    """Whether a long Latin word that general text does not know is all of the name, or most of it."""
    words = [word for word in analyse(name).fold_map.text.split() if not word.isdigit()]
    rare_words = [
        word
        for word in words
        if len(word) >= MIN_COINED_CHARS and not is_han(word[0]) and token_bits(word) >= UNKNOWN_WORD_BITS
    ]
    return bool(rare_words) and len(words) <= MAX_COINED_WORDS
