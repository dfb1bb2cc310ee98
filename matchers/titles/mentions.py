"""What a listing says about a work besides its title: creator, publisher, year, or another creator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick
from rapidfuzz import fuzz

from crawler.items import Listing, ListingKind, Work
from crawler.text import fold, is_han
from matchers.titles.evidence import NOTHING, Mentions
from matchers.titles.reading import Reading
from matchers.titles.sightings import Sighting

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?![\dpk])")
_FOREIGN_NAME = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3}")
_PART = re.compile(r"[^\s·・.,，、/&;；|]{1,40}")
_CLAIM = re.compile(
    r"(?:作者|著者|导演|原作|主讲)\s{0,2}[:：]\s{0,2}(?P<behind>[^\s:：,，、。()（）【】《》]{2,16})"
    r"|(?<![《「『“])(?P<foreign>[\u4e00-\u9fff]{1,6}(?:[·・•][\u4e00-\u9fff]{1,6}){1,3})(?!\s{0,2}译)"
    r"|(?P<before>[^\s:：,，、。()（）【】《》]{2,16})\s{0,2}(?:著|执导)(?![名作])"
)
_DOTS = "·・•"
SIMILAR = 75.0  # token_set_ratio of two spellings of a person's name
MIN_NAME = 2  # letters of a part of a name that is worth comparing


class Stated:
    """All creators and publishers of the registry, to notice that a listing names one of them or somebody else's."""

    def __init__(self, works: Sequence[Work]) -> None:
        creators: set[str] = set()
        said: set[str] = set()
        for work in works:
            if work.retired_at is None and (work.creators or work.publisher):
                creators.update(map(_tight, work.creators))
                said.update(map(_tight, _spellings(work.creators)))
                said.add(_tight(work.publisher or ""))
        self._names = sorted(key for key in creators | said if len(key) > 1)
        self._are_telling = [
            key in creators and len(key) >= MIN_NAME + (0 if is_han(key[0]) else 3) for key in self._names
        ]
        self._automaton = AhoCorasick(self._names)
        self._asked: tuple[Reading | None, bool] = (None, False)

    def may_speak(self, reading: Reading, listing: Listing | None) -> bool:
        """Whether anything but a name may speak for a work: the listing or the text states a creator, a publisher or a
        year, be it another work's.
        """
        if listing is not None and (listing.creators or listing.publisher or listing.year):
            return True
        asked, found = self._asked
        if asked is not reading:
            found = bool(_YEAR.search(reading.original) or self._automaton.find_matches_as_indexes(reading.tight))
            self._asked = reading, found
        return found

    def others(self, reading: Reading, sighting: Sighting) -> Iterator[str]:
        """Folded names of registered creators that stand in the text outside the sighting, between word borders."""
        for number, start, end in self._automaton.find_matches_as_indexes(reading.tight, overlapping=True):
            if not self._are_telling[number] or (start < sighting.end and end > sighting.start):
                continue
            if _stands_apart(reading, start) and _stands_apart(reading, end):
                yield self._names[number]


def mentions_of(
    work: Work, reading: Reading, sighting: Sighting, listing: Listing | None, stated: Stated, alone: bool
) -> Mentions:
    """Second reasons for (and one against) a work, in the text around the sighting and in the listing's fields.

    Where several works are named (not `alone`), another creator in the text is no reason against one of them.
    """
    creator = (reading.mentions(_spellings(work.creators)) or _agreeing(work, listing)) if work.creators else None
    others = None
    if work.creators and not creator:
        others = _stated_other(listing) or (_claimed_other(work, reading, sighting, stated) if alone else None)
    publisher = work.publisher and (reading.mentions([work.publisher]) or _same_publisher(work, listing))
    year = work.year if work.year and _says_year(work.year, reading, sighting, listing) else None
    if not (creator or publisher or year or others):
        return NOTHING
    return Mentions(creator=creator, publisher=publisher or None, year=year, contradicted=others)


def is_same_person(one: str, other: str) -> bool:
    """Whether two spellings may name one person: a part in common, or much alike."""
    ours, theirs = _parts(one), _parts(other)
    if ours & theirs or _tight(one) in _tight(other) or _tight(other) in _tight(one):
        return True
    return fuzz.token_set_ratio(" ".join(sorted(ours)), " ".join(sorted(theirs))) >= SIMILAR


def is_part_of_person(reading: Reading, start: int, end: int) -> bool:
    """Whether these places are only a part of a foreign name written with a middle dot (凯特 in 凯特·米德尔顿)."""
    if not any(dot in reading.original for dot in _DOTS):
        return False
    start, end = reading.span(start, end)
    beside = (reading.original[start - 1 : start] if start else "", reading.original[end : end + 1])
    return any(
        found.start() <= start and end <= found.end() and any(dot and dot in _DOTS for dot in beside)
        for found in _FOREIGN_NAME.finditer(reading.original)
    )


def _spellings(creators: Sequence[str]) -> list[str]:
    """Full names, then the last part of each foreign one (·-parted or Latin) if it is telling by itself."""
    parts = [found[-1] for name in creators if len(found := _PART.findall(name)) > 1]
    return [*creators, *(part for part in parts if len(fold(part)) > MIN_NAME)]


def _agreeing(work: Work, listing: Listing | None) -> str | None:
    if listing is None:
        return None
    return next(
        (theirs for theirs in listing.creators for ours in work.creators if theirs and is_same_person(ours, theirs)),
        None,
    )


def _same_publisher(work: Work, listing: Listing | None) -> str | None:
    stated = listing.publisher if listing else None
    if not stated or not work.publisher:
        return None
    ours, theirs = _tight(work.publisher), _tight(stated)
    return stated if ours and theirs and (ours in theirs or theirs in ours) else None


def _says_year(year: int, reading: Reading, sighting: Sighting, listing: Listing | None) -> bool:
    if listing is not None and listing.year == year:
        return True
    start, end = reading.span(sighting.start, sighting.end)
    around = (reading.original[:start], reading.original[end:])
    return any(int(found) == year for text in around for found in _YEAR.findall(text))


def _stated_other(listing: Listing | None) -> str | None:
    """The creators that the listing's own field states. An app's other developer is an offence, not another work."""
    if listing is None or listing.kind is ListingKind.APP or not any(listing.creators):
        return None
    return "、".join(listing.creators)


def _claimed_other(work: Work, reading: Reading, sighting: Sighting, stated: Stated) -> str | None:
    """Another creator than the work's: claimed in the text, or one known from other works."""
    start, end = reading.span(sighting.start, sighting.end)
    for found in _CLAIM.finditer(reading.original):
        claimed = found["behind"] or found["foreign"] or found["before"]
        inside = found.start() < end and found.end() > start
        if not inside and not any(is_same_person(claimed, ours) for ours in work.creators):
            return claimed
    return next(stated.others(reading, sighting), None)


def _stands_apart(reading: Reading, place: int) -> bool:
    if reading.borders[place]:
        return True
    return bool(reading.noise[place - 1]) or bool(reading.noise[place])


def _parts(name: str) -> frozenset[str]:
    return frozenset(part for part in map(fold, _PART.findall(name)) if len(part) >= MIN_NAME)


def _tight(text: str) -> str:
    return fold(text).replace(" ", "")
