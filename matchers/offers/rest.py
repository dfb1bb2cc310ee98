"""What stands in a title beside the name of a work: if all of it is sellers' words, the name is the work's.

"MealTide subscription unlocker" says little by a name of one word, but nothing else in it is anything but an offer. The
title engine knows few of these words: it is asked again with the title without them, so that neither their number
(16 weights OTF) nor a word among them (同款内容) makes it another work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.items import Finding, Listing, ListingKind, Question, Work
from crawler.text import fold, is_han
from matchers import Context
from matchers.offers.akin import gain, is_numbered_otherwise
from matchers.offers.nature import Nature, nature
from matchers.offers.speech import EXTRA, Speech, speech_of
from matchers.reasons import identified
from matchers.weigh import SHARED, chance_of, identity_of
from matchers.weights import shipped
from registry.companies import Company, compared

NAME = "rest"
# Odds that the identity gains. Of title_exact findings without doubts over seven title sets (bench/titles.py), 191 had
# nothing but signs beside the name: of those stated .2 to .4, .74 were right (23), of .4 to .6, .96 (68).
# With the calibrated chance of matchers/weights.toml and over all sets: 124 pairs, stated .86, right .86.
GAIN = 6.0
MOST = 0.9  # identity that may be reached so
UNKNOWN = 1.0  # words (a Han character is one) beside the name that may be unknown
LEAST_GAIN = 0.02  # identity; less is not worth a reason
NAMED = ("title_exact", "title_exact_reasoned")
PARTS = frozenset({"veto_sequel", "veto_behind", "veto_before", "veto_other_number", "veto_season", "edition_other"})
_SELLING = re.compile(  # areas of signs that say how the work is sold, never which work it is
    "account|bundle|burned|copy|copyshop|counterfeit|course|crack|drive|file|handover"
    "|pirateshop|rip|server|stream|virtual|wholesale|disclaimer|new|shop|used|open|gone|preorder|original|print"
)
_WORD = re.compile(r"[^ ]{1,80}")
_LITTLE = re.compile(
    "the|an?|of|by|and|for|with|in|on|to|from|or|w|s|is|it|my|your|all|watch|season|episode|movie|film|book|app|game"
)
# What makes a command of a name, and what clones of apps put behind one.
_CALL = re.compile(r"^(?:watch|download|get|stream|read|listen to|buy)\b", re.IGNORECASE)
_APP_MARK = re.compile(
    r"(?:(?<=[\s:：\-－—(（·])|(?<=[^\x00-\x7f]))"
    r"(?:(?:19|20)\d\d|[2-9]|hd|pro|plus|lite|free|mobile|online|max|vip|premium|deluxe|gold|fast|new|手游|极速版|官方版"
    r"|正版|最新版|无广告版?|免费版|纯净版|国际版|破解版|福利版|满v版?|高清版|专业版|经典版|新版|助手版)"
    r"(?=$|[\s:：\-－—)）·])",
    re.IGNORECASE,
)
_LITTLE_HAN = frozenset("的了等含送带及与和版有是著")


def rest(
    listing: Listing, work: Work, findings: Sequence[Finding], again: Sequence[Finding], context: Context
) -> list[Finding]:
    """The findings about a work's identity, with one more and without what stood against the name, where that helps.

    `again` is what the title engine says of the title without sellers' words.
    """
    if _is_strangers_app(listing, work) or _is_minor_version(listing, work, findings):
        findings = [one for one in findings if one.ground not in PARTS]
        again = [one for one in again if one.ground not in PARTS]
    about = [one for one in findings if one.question is Question.IDENTITY]
    named = [one for one in about if one.ground in NAMED]
    if not about:
        return list(again)
    if len(named) != 1 or any(one.matcher != named[0].matcher or one.ground == SHARED for one in about):
        return list(findings)
    used = context.weights or shipped()
    before, chance = identity_of(about, used), chance_of(named[0], used)
    if before + LEAST_GAIN >= MOST:
        return list(findings)
    wanted = min(MOST, identity_of(again, used)) if not any(one.ground == SHARED for one in again) else 0.0
    key = "rest_sellers_words"
    if len(about) == 1:
        wanted, key = _alone(listing, work, named[0], chance, wanted)
    if wanted <= before + LEAST_GAIN:
        return list(findings)
    kept = [one for one in findings if one not in about] + named
    if wanted <= chance:
        return kept
    probability = (wanted - chance) / (1.0 - chance)
    ours, theirs = named[0].ours, listing.title
    return [*kept, identified(NAME, context, work, key, probability, ours=ours, theirs=theirs)]


def _alone(listing: Listing, work: Work, named: Finding, chance: float, wanted: float) -> tuple[float, str]:
    """The identity where nothing but the name speaks, by what stands beside it, and the key of its reason."""
    if is_numbered_otherwise(listing, work, named.ours):
        return 0.0, "rest_sellers_words"
    if _is_sellers(speech_of(listing.title), named.theirs):
        wanted = max(wanted, _gained(chance, GAIN))
    of_kind = _gained(chance, gain(listing, work, named.ours))
    return (of_kind, "rest_of_its_kind") if of_kind > wanted else (wanted, "rest_sellers_words")


def _gained(chance: float, odds: float) -> float:
    """A chance whose odds grow by a factor, at most MOST."""
    return min(MOST, odds * chance / (1.0 - chance + odds * chance))


def _is_minor_version(listing: Listing, work: Work, findings: Sequence[Finding]) -> bool:
    """Whether the title writes a program's name with the work's number and a point behind it: 4.2 of 4 is no sequel."""
    if nature(work) is not Nature.PROGRAM:
        return False
    numbered = [one.ours for one in findings if one.ground in NAMED and one.ours[-1:].isdigit()]
    title = fold(listing.title)
    return any(re.search(re.escape(fold(name)) + r"(?: |\.)\d{1,3}(?!\d)", title) for name in numbered)


def is_weak(findings: Sequence[Finding], context: Context) -> bool:
    """Whether the title names the work, and is not sure of it."""
    named = any(one.ground in NAMED for one in findings)
    return named and identity_of(findings, context.weights or shipped()) < MOST


def _is_strangers_app(listing: Listing, work: Work) -> bool:
    """Whether an app comes from another company than the work: its "second part" is a clone with a new ending."""
    if listing.kind is not ListingKind.APP:
        return False
    ours = [name for name in (work.publisher, work.owner, *work.creators) if name]
    theirs = listing.publisher or listing.seller
    return bool(ours and theirs) and all(compared(name, theirs or "") is Company.OTHER for name in ours)


def without_signs(listing: Listing, quotes: Sequence[str]) -> str:
    """The title with a bar for every sign of an offer, but for those that stand in one of these quotes."""
    title = listing.title
    speech = speech_of(title)
    gone = bytearray(len(title))
    for sign in speech.signs:
        if _SELLING.fullmatch(sign.area.removeprefix(EXTRA)):
            first, last = speech.reading.folded.original(sign.start, sign.end)
            gone[first:last] = b"\x01" * (last - first)
    marks = (_CALL, _APP_MARK) if listing.kind is ListingKind.APP else (_CALL,)
    for found in (found for mark in marks for found in mark.finditer(title)):
        gone[slice(*found.span())] = b"\x01" * len(found.group())
    for quote in quotes:
        start = title.find(quote)
        if start >= 0:
            gone[start : start + len(quote)] = bytes(len(quote))
    return "".join("|" if mark else letter for letter, mark in zip(title, gone, strict=True)) if any(gone) else title


def _is_sellers(speech: Speech, quote: str) -> bool:
    """Whether a sign stands beside the quote, and hardly a word that is none."""
    name = _marked(speech, quote)
    known = bytearray(name)
    signs = 0
    for sign in speech.signs:
        signs += not any(name[sign.start : sign.end])
        known[sign.start : sign.end] = b"\x01" * (sign.end - sign.start)
    for place, noisy in zip(speech.reading.places, speech.reading.noise, strict=True):
        known[place] |= noisy
    return signs > 0 and _unknown(speech.key, known) <= UNKNOWN


def _marked(speech: Speech, quote: str) -> bytearray:
    """1 for each character of the key that the quote holds."""
    start = speech.reading.original.find(quote)
    end = start + len(quote)
    return bytearray(start <= origin < end for origin in speech.reading.folded.origins)


def _unknown(key: str, known: bytearray) -> float:
    """How many words of the key are neither known nor little ones nor numbers."""
    count = 0.0
    for word in _WORD.finditer(key):
        places = [place for place in range(*word.span()) if not known[place]]
        letters = [key[place] for place in places if key[place].isalpha()]
        han = sum(is_han(letter) and letter not in _LITTLE_HAN for letter in letters)
        is_latin = any(not is_han(letter) for letter in letters)
        count += han + (is_latin and not _LITTLE.fullmatch(word.group()))
    return count
