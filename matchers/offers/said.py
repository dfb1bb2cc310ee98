"""What a listing says in the signs of this engine, leaving out what stands inside the work's own name.

A book called "PDF Explained" is no digital delivery because of its title.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from attrs import frozen

from crawler.items import Listing, Work
from matchers.offers.speech import Sign, Speech, speech_of
from matchers.titles.names import names_of

SHOWN = 4  # quotes in one reason
LONGEST_NAME = 400  # characters; of a longer name only so much is compared on either side of a sign


@frozen(kw_only=True)
class Said:
    """A sign as the listing writes it, and whether it stands in the title."""

    sign: Sign
    quote: str
    in_title: bool

    @property
    def probability(self) -> float:
        """That of the sign's area being true where it stands."""
        return self.sign.probability


def said(listing: Listing, work: Work, *areas: str) -> list[Said]:
    """The signs of these areas in title, text and condition, the surest first; each word once."""
    asked, about, known = _latest[0]
    if asked is not listing or about is not work:
        known = _by_area(listing.title, listing.text, listing.condition or "", _keys_of(work.title, work.aliases))
        _latest[0] = (listing, work, known)
    found = [one for area in areas for one in known.get(area, ())]
    return sorted(found, key=lambda one: -one.probability) if len(areas) > 1 else found


# What was found for the pair that was asked about last: every ground asks for it several times.
_latest: list[tuple[Listing | None, Work | None, Mapping[str, tuple[Said, ...]]]] = [(None, None, {})]


def says(listing: Listing, work: Work, *areas: str) -> bool:
    """Whether any sign of these areas is there."""
    return bool(said(listing, work, *areas))


def strength(words: list[Said]) -> float:
    """The chance that the area is true, of several signs as independent ones; 0.0 without any."""
    missed = 1.0
    for one in words:
        missed *= 1.0 - one.probability
    return 1.0 - missed


def quoted(words: list[Said]) -> str:
    """The first few of these signs for a reason."""
    return "、".join(list(dict.fromkeys(one.quote for one in words))[:SHOWN])


@lru_cache(maxsize=256)
def _by_area(title: str, text: str, condition: str, names: frozenset[str]) -> Mapping[str, tuple[Said, ...]]:
    """The signs of a listing by their area, the surest first, each word once."""
    found: dict[str, dict[str, Said]] = {}
    for place, part in enumerate((title, text, condition)):
        for one in _in_part(speech_of(part), names, place == 0) if part else ():
            found.setdefault(one.sign.area, {}).setdefault(one.sign.word, one)
    return {area: tuple(sorted(each.values(), key=lambda one: -one.probability)) for area, each in found.items()}


def _in_part(speech: Speech, names: frozenset[str], in_title: bool) -> Iterator[Said]:
    for sign in speech.signs:
        before = speech.key[max(0, sign.start - LONGEST_NAME) : sign.start].replace(" ", "")
        after = speech.key[sign.end : sign.end + LONGEST_NAME].replace(" ", "")
        inner = speech.key[sign.start : sign.end].replace(" ", "")
        if not _in_name(inner, before, after, names):
            yield Said(sign=sign, quote=speech.quote(sign), in_title=in_title)


@lru_cache(maxsize=4_096)
def _keys_of(title: str, aliases: tuple[str, ...]) -> frozenset[str]:
    """The keys of a work's names; every ground asks for them."""
    return frozenset(name.tight for name in names_of(0, Work(id="asked", title=title, aliases=aliases)))


def _in_name(inner: str, before: str, after: str, names: frozenset[str]) -> bool:
    """Whether what stands between `before` and `after` is a part of one of the names there."""
    for name in names:
        place = name.find(inner)
        while place >= 0:
            if before.endswith(name[:place]) and after.startswith(name[place + len(inner) :]):
                return True
            place = name.find(inner, place + 1)
    return False
