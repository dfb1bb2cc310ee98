"""What a listing says in words of a lexicon, leaving out what stands inside the work's own name.

A book called "PDF Explained" is no digital delivery because of its title.
"""

from __future__ import annotations

from functools import lru_cache

from attrs import frozen

from crawler.items import Listing, Work
from matchers.lexicon import Word, lexicon
from matchers.titles.names import names_of
from matchers.titles.reading import Reading, reading_of

GROUNDS = "grounds.csv"
INNOCENT = "innocent.csv"
SHOWN = 4  # words quoted in one reason


@frozen(kw_only=True)
class Said:
    """A word of the lexicon, quoted as the listing writes it."""

    word: Word
    quote: str


def said(listing: Listing, work: Work, file: str, *areas: str) -> list[Said]:
    """The words of these areas in title, text and condition, the surest first; each word once."""
    names = _keys_of(work.title, work.aliases)
    found: dict[str, Said] = {}
    for text in (listing.title, listing.text, listing.condition or ""):
        for one, before, after in _spotted(text, file):
            if one.word.area in areas and not _in_name(one.quote, before, after, names):
                found.setdefault(one.word.text, one)
    return sorted(found.values(), key=lambda one: -one.word.probability)


@lru_cache(maxsize=512)
def _keys_of(title: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """The keys of a work's names; every ground asks for them."""
    return frozenset(name.tight for name in names_of(0, Work(id="asked", title=title, aliases=aliases)))


def quoted(words: list[Said]) -> str:
    """The first few of these words for a reason."""
    return "、".join(dict.fromkeys(one.quote for one in words[:SHOWN]))


def is_second_hand(listing: Listing, work: Work) -> list[Said]:
    """The words that make it a used copy; empty where nothing says so."""
    return said(listing, work, INNOCENT, "secondhand")


@lru_cache(maxsize=512)
def _spotted(text: str, file: str) -> tuple[tuple[Said, str, str], ...]:
    """The words of a text, each with the key before and behind it."""
    reading = reading_of(text)
    key = reading.folded.text
    return tuple(
        (
            Said(word=spot.word, quote=_quote(reading, spot.start, spot.end)),
            key[: spot.start].replace(" ", ""),
            key[spot.end :].replace(" ", ""),
        )
        for spot in lexicon("matchers.offence", file).find(key)
    )


def _quote(reading: Reading, start: int, end: int) -> str:
    first, last = reading.folded.original(start, end)
    return reading.original[first:last]


def _in_name(quote: str, before: str, after: str, names: frozenset[str]) -> bool:
    """Whether the word between `before` and `after` is a part of one of the names there."""
    inner = reading_of(quote).tight
    for name in names:
        place = name.find(inner)
        while place >= 0:
            if before.endswith(name[:place]) and after.startswith(name[place + len(inner) :]):
                return True
            place = name.find(inner, place + 1)
    return False
