"""What stands in a title beside the name of a work: if all of it is sellers' words, the name is the work's.

"MealTide subscription unlocker" says little by a name of one word, but nothing else in it is anything but an offer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.items import Finding, Listing, Polarity, Question, Work
from crawler.text import is_han
from matchers import Context
from matchers.offers.speech import Speech, speech_of
from matchers.reasons import identified
from matchers.weigh import chance_of
from matchers.weights import shipped

NAME = "rest"
# Odds that the identity gains. Of title_exact findings without doubts over seven title sets (bench/titles.py), 191 had
# nothing but signs beside the name: of those stated .2 to .4, .74 were right (23), of .4 to .6, .96 (68).
# With the calibrated chance of matchers/weights.toml and over all sets: 124 pairs, stated .86, right .86.
GAIN = 6.0
MOST = 0.9  # identity that may be reached so
UNKNOWN = 1.0  # words (a Han character is one) beside the name that may be unknown
NAMED = ("title_exact", "title_exact_reasoned")
_WORD = re.compile(r"[^ ]{1,80}")
_LITTLE = re.compile(
    "the|an?|of|by|and|for|with|in|on|to|from|or|w|s|is|it|my|your|all|watch|season|episode|movie|film|book|app|game"
)
_LITTLE_HAN = frozenset("的了等含送带及与和版有是著")


def rest(listing: Listing, work: Work, findings: Sequence[Finding], context: Context) -> Finding | None:
    """The finding that joins those of the title; None where there is none to help or something stands against it."""
    about = [one for one in findings if one.question is Question.IDENTITY]
    if len(about) != 1 or about[0].ground not in NAMED or about[0].polarity is Polarity.AGAINST:
        return None
    chance = chance_of(about[0], context.weights or shipped())
    wanted = min(MOST, GAIN * chance / (1.0 - chance + GAIN * chance))
    if chance >= MOST or not _is_sellers(speech_of(listing.title), about[0].theirs):
        return None
    return identified(
        NAME,
        context,
        work,
        "rest_sellers_words",
        (wanted - chance) / (1.0 - chance),
        ours=about[0].ours,
        theirs=listing.title,
    )


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
