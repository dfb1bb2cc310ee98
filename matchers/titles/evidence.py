"""How sure a sighting is: features of name and surroundings, and the map that makes a chance of them (weights.py).

A name says the more the longer it is and the less else stands in the text that is neither noise of sellers nor known of
the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from attrs import frozen

from crawler.text import fold
from matchers.titles.beside import beside
from matchers.titles.errors import error_features
from matchers.titles.names import NOTE, SHORTENED, Name
from matchers.titles.prospects import BENDS, LONG_TEXT, MAX_UNITS, NOTHING_ELSE
from matchers.titles.reading import Reading
from matchers.titles.sightings import Sighting
from matchers.titles.tokens import holds_han, told_bits
from matchers.titles.weights import bends, bent_at, crowded

SHORT = 2.5  # units of information under which a name needs a second reason: two characters are a coin toss
TINY = 1.6  # the same for names without Han characters: three letters
NEAR = 25  # places around a name in which a word of a derived work counts, where the text is long
_BENT = bent_at(**BENDS)
_OF = frozenset("的之")  # 沈岚的灯塔: the creator's


@frozen(kw_only=True)
class Mentions:
    """What the listing says about the work besides its name. `contradicted`: it names other creators."""

    creator: str | None = None
    publisher: str | None = None
    year: int | None = None
    contradicted: str | None = None

    def second_reason(self) -> bool:
        """Whether something but the name speaks for the work."""
        return bool(self.creator or self.publisher)


NOTHING = Mentions()


def features(sighting: Sighting, reading: Reading, mentions: Mentions) -> dict[str, float]:
    """Features by name, each about 0..1 but `units` (information in Han characters, at most 8) and `bits` (tens).

    Those that are 0 may be missing.
    """
    name, start, end = sighting.name, sighting.start, sighting.end
    rest, known = _rest(sighting, reading, mentions)
    is_short = name.units < SHORT
    crowd = crowded(sighting.crowd)
    values = {
        "units": min(name.units, MAX_UNITS),
        "bits": _bits_of(name.key),
        "rest": rest,
        "crowd": crowd,
        "crowd_rest": crowd * rest,
        **beside(reading, start, end, name.units, known),
    }
    values.update((feature, 1.0) for feature, holds in (
        ("short", is_short),
        ("framed", _is_framed(sighting, reading)),
        ("released", reading.is_slot(start, end)),
        ("all", rest < NOTHING_ELSE),
        ("leads", reading.noise.find(0, 0, start) < 0),
        ("disguised", sighting.disguised),
        ("broken", _torn(sighting, reading)),
        ("shortened", name.form == SHORTENED),
        ("noted", name.form == NOTE),
    ) if holds)  # fmt: skip
    if mentions is not NOTHING:
        values |= said_features(mentions)
        values["short_reasoned"] = float(is_short and mentions.second_reason())
    if name.form == SHORTENED and "behind_hard" in values and _begins_subtitle(reading, end):
        values["other_subtitle"] = 1.0
    if name.form == NOTE and "behind_aside" in values:
        values["other_note"] = 1.0
    if sighting.errors:
        values |= _wrong(sighting, reading, values)
    values.update(bends(_BENT, values))
    return values


def map_of(sighting: Sighting, values: Mapping[str, float]) -> str:
    """The map that a sighting is judged by: spelled exactly or not, script, whether unknown text touches it."""
    kind = "error" if sighting.errors else "exact"
    script = "han" if holds_han(sighting.name.tight) else "latin"
    return f"{kind}_{script}_touched" if "touched" in values else f"{kind}_{script}"


def _wrong(sighting: Sighting, reading: Reading, values: dict[str, float]) -> dict[str, float]:
    """What the one error, or the sound that alone agrees, adds."""
    return {
        "error": 1.0 / max(values["units"], 1.0),
        "error_all": float(not sighting.by_sound and "all" in values),
        "error_bits": values["bits"],
        **_error(sighting, reading),
        "sound": float(sighting.by_sound),
        "unlike": 1.0 - sighting.alike,
    }


def _error(sighting: Sighting, reading: Reading) -> dict[str, float]:
    """The kind of the error; none where only the sound agrees."""
    if sighting.by_sound:
        return {}
    return error_features(sighting.name.tight, sighting.start, sighting.end, reading)


def is_tiny(name: Name) -> bool:
    """Whether a name is so short that it needs a second reason: two Han characters, three letters."""
    return name.units < (SHORT if holds_han(name.tight) else TINY)


def said_features(mentions: Mentions) -> dict[str, float]:
    """What speaks for the work besides its name."""
    return {
        "creator": float(mentions.creator is not None),
        "publisher": float(mentions.publisher is not None),
        "year": float(mentions.year is not None),
    }


_bits_of = lru_cache(maxsize=8_192)(told_bits)


def _is_framed(sighting: Sighting, reading: Reading) -> bool:
    start, end = reading.span(sighting.start, sighting.end)
    before, after = reading.original[max(0, start - 1) : start], reading.original[end : end + 1]
    return bool(before and after) and before in '《〈「『【[“"' and after in '》〉」』】]”"'


def _rest(sighting: Sighting, reading: Reading, mentions: Mentions) -> tuple[float, list[tuple[int, int]]]:
    """The share of the text that is neither name nor noise nor creator, publisher or year; and where these stand.

    Of a long text only what is near the name.
    """
    first = max(0, sighting.start - LONG_TEXT)
    last = min(len(reading.tight), sighting.end + LONG_TEXT)
    left = reading.unknown
    unknown = left[last] - left[sighting.end] + left[sighting.start] - left[first]
    known: list[tuple[int, int]] = []
    if mentions is NOTHING:
        return unknown / (unknown + sighting.name.units), known
    for said in (mentions.creator, mentions.publisher, str(mentions.year) if mentions.year else None):
        key = fold(said).replace(" ", "") if said else ""
        place = reading.tight.find(key, first, last) if key else -1
        if place >= 0 and (place >= sighting.end or place + len(key) <= sighting.start):
            after = place + len(key) + (reading.tight[place + len(key) : place + len(key) + 1] in _OF)
            known.append((place, after))
            unknown -= left[after] - left[place]
    unknown = max(0.0, unknown)
    return unknown / (unknown + sighting.name.units), known


def _begins_subtitle(reading: Reading, place: int) -> bool:
    """Whether a colon or dash parts this place from the one before it."""
    first, last = reading.span(place - 1, place + 1)
    return any(character in ":：—–-" for character in reading.original[first + 1 : last - 1])


def _torn(sighting: Sighting, reading: Reading) -> bool:
    """Whether words part elsewhere than in the name, so that the match may run across words of another sentence."""
    if sighting.errors:
        return False
    return bool(reading.breaks(sighting.start, sighting.end) ^ sighting.name.breaks)
