"""A listing is of the work's own kind: an app beside an app, a season beside a series, a crack beside a program.

The name alone cannot tell a word of one work from the same word on a candle. What stands around it can: who
sells a "season 1 DVD-R" under the name of a series sells that series.
"""

from __future__ import annotations

import re

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold, is_han
from matchers.offers.nature import Nature, nature
from matchers.offers.said import said, strength
from matchers.titles.frequencies import RARE_WORD, bits
from matchers.titles.reading import reading_of

SHORTEST = 7  # letters of a coined word
MOST_WORDS = 2  # of a name that is coined, numbers aside
# Odds that the identity of a coined word gains. Estimates; five title sets of bench/titles.py stayed as they were.
OWN_TRADE = 15.0  # signs of an offence that only works of this nature suffer, or an app under the name of an app
SAME_KIND = 6.0  # a plain word of the trade
SURE = 0.5  # strength of such signs
SURER = 0.8  # where the name is made of common words
BESIDE = ("merch", "own", "service")
_NUMBER = re.compile(r"\d{1,4}")
SIGNS = {
    Nature.PROGRAM: ("crack", "server", "account"),
    Nature.SHOW: ("rip", "stream", "burned", "account"),
    Nature.COURSE: ("course",),
    Nature.PRINT: ("copy",),
}
_TRADE = {
    Nature.PROGRAM: re.compile(
        r"\b(?:apps?|apk|software|plug-?in|vst|licen[cs]e|windows|win|mac|macos|android|ios|ipad|pc|steam|games?|version"
        r"|v\d{1,3}(?:\.\d{1,3}){0,3}|x64|subscription|premium|activation)\b|软件|手游|单机|安卓|苹果|插件|字体",
        re.IGNORECASE,
    ),
    Nature.SHOW: re.compile(
        r"\b(?:seasons?|s\d{1,2}(?:e\d{1,3})?|episodes?|series|dvds?|blu-?ray|movie|film|album|lp|vinyl|mp3|flac|cd"
        r"|uhd|4k|soundtrack)\b|电影|电视剧|全集|第?\d{1,4}集|专辑|黑胶",
        re.IGNORECASE,
    ),
    Nature.COURSE: re.compile(r"\b(?:course|class|lessons?|videos?|workshop|bootcamp|masterclass)\b|课程|网课", re.I),
    Nature.PRINT: re.compile(
        r"\b(?:books?|paperback|hardcover|hardback|novel|textbook|edition|epub|pdf|kindle|isbn)\b|小说|教材|绘本", re.I
    ),
}


def gain(listing: Listing, work: Work, name: str) -> float:
    """By how much the odds grow of the work that is named so; 1.0 where nothing is known of the listing's kind."""
    if said(listing, work, *BESIDE):
        return 1.0
    if not _is_coined(name):
        return SAME_KIND if strength(said(listing, work, *SIGNS[nature(work)])) >= SURER else 1.0
    kind = nature(work)
    is_app = listing.kind is ListingKind.APP and kind is Nature.PROGRAM
    if is_app or strength(said(listing, work, *SIGNS[kind])) >= SURE:
        return OWN_TRADE
    return SAME_KIND if _TRADE[kind].search(f"{listing.title}\n{listing.text}") else 1.0


def is_numbered_otherwise(listing: Listing, work: Work, name: str) -> bool:
    """Whether a number behind the name is none of the work's, where the work has one: Draft 2019 is not Draft 2026.

    Behind a name that ends with its number stands a point release.
    """
    ours = {number for one in (work.title, *work.aliases) for number in _NUMBER.findall(one)}
    behind = (
        re.search(re.escape(fold(name)) + r" ?v?(\d{1,4})", fold(listing.title))
        if ours and not name[-1:].isdigit()
        else None
    )
    return behind is not None and behind.group(1) not in ours


def _is_coined(name: str) -> bool:
    """Whether a long Latin word that general text does not know is all of the name, or most of it."""
    words = [word for word in reading_of(name).folded.text.split() if not word.isdigit()]
    rare = [word for word in words if len(word) >= SHORTEST and not is_han(word[0]) and bits(word) >= RARE_WORD]
    return bool(rare) and len(words) <= MOST_WORDS
