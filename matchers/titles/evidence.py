"""How sure a sighting is: a few features of name and surroundings, and a logistic map with its weights in data.

A name says the more the longer it is and the less else stands in the text that is neither noise of sellers nor known of
the work. `weights.toml` holds the weights, where they were fitted, and on what.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from attrs import frozen

from crawler.text import fold, is_han
from matchers.titles.errors import error_features
from matchers.titles.frequencies import total_bits
from matchers.titles.index import Sighting
from matchers.titles.names import Name
from matchers.titles.reading import Reading

SHORT = 2.5  # units of information under which a name needs a second reason: two characters are a coin toss
TINY = 1.6  # the same for names without Han characters: three letters
MAX_UNITS = 8.0
NOTHING_ELSE = 0.1  # share of the text that is neither name nor noise
NEAR = 25  # places around a name in which a word of a derived work counts, where the text is long
LONG_TEXT = 80  # places
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_PARTS = re.compile(rf"[{_HAN}]{{1,4000}}|[^\s{_HAN}]{{1,200}}")


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


def features(sighting: Sighting, reading: Reading, mentions: Mentions, has_creators: bool) -> dict[str, float]:
    """Features by name, each about 0..1 but `units` (information in Han characters, at most 8) and `bits` (tens)."""
    name = sighting.name
    units = min(name.units, MAX_UNITS)
    rest = _rest(sighting, reading, mentions)
    unsaid = float(has_creators and mentions.creator is None)
    return {
        "units": units,
        "bits": min(8.0, total_bits(words_or_characters(name)) / 10),
        "short": float(name.units < SHORT),
        "latin": float(not any(map(is_han, name.tight))),
        "begins": float(_is_border(reading, sighting.start, forward=False)),
        "ends": float(_is_border(reading, sighting.end, forward=True)),
        "framed": float(_is_framed(sighting, reading)),
        "rest": rest,
        "glued": float(_glued(reading, sighting.start, -1) + _glued(reading, sighting.end, 1)),
        "latin_rest": rest * float(not any(map(is_han, name.tight))),
        "bare_rest": rest * float(not any(reading.noise)),
        "glued_bits": float(_glued(reading, sighting.start, -1) or _glued(reading, sighting.end, 1))
        * max(0.0, 8.0 - total_bits(words_or_characters(name)) / 10),
        "released": float(reading.slot == (sighting.start, sighting.end)),
        "all": float(rest < NOTHING_ELSE),
        "unsaid": unsaid,
        "unsaid_rest": unsaid * rest,
        "leads": float(reading.noise.find(0, 0, sighting.start) < 0),
        "error": sighting.errors / max(units, 1.0),
        "error_all": float(sighting.errors and not sighting.by_sound and rest < NOTHING_ELSE),
        "error_bits": float(sighting.errors) * min(8.0, total_bits(words_or_characters(name)) / 10),
        **error_features(sighting, reading),
        "sound": float(sighting.by_sound),
        "unlike": 1.0 - sighting.alike,
        "disguised": float(sighting.disguised),
        "broken": float(_torn(sighting, reading)),
        "shortened": float(name.shortened),
        **said_features(mentions),
        "short_reasoned": float(name.units < SHORT and mentions.second_reason()),
    }


def is_tiny(name: Name) -> bool:
    """Whether a name is so short that it needs a second reason: two Han characters, three letters."""
    return name.units < (SHORT if any(map(is_han, name.tight)) else TINY)


def said_features(mentions: Mentions) -> dict[str, float]:
    """What speaks for the work besides its name."""
    return {
        "creator": float(mentions.creator is not None),
        "publisher": float(mentions.publisher is not None),
        "year": float(mentions.year is not None),
    }


def probability(channel: str, values: Mapping[str, float]) -> float:
    """The share of right ones among pairs of this channel (spelled, loose, school) with such features."""
    weights = channels()[channel]
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def doubt(kind: str) -> float:
    """The share that a veto of this kind takes away: of pairs that were right without it, so many are not."""
    return channels()["vetoes"][kind]


def words_or_characters(name: Name) -> list[str]:
    """What the frequencies of a name are counted over: Latin words and Han characters."""
    found: list[str] = []
    for part in _PARTS.findall(name.key):
        found.extend(part if is_han(part[0]) else [part])
    return found


def _is_border(reading: Reading, place: int, *, forward: bool) -> bool:
    """Whether a name may well begin or end here: a gap, a change of script, or a word of sellers beside it."""
    if place in reading.gaps:
        return True
    beside = place if forward else place - 1
    if reading.noise[beside]:
        return True
    return is_han(reading.tight[place - 1]) != is_han(reading.tight[place])


def _glued(reading: Reading, place: int, step: int) -> bool:
    """Whether a word that is no noise follows there with nothing but a space (for Han, nothing) between."""
    beside = place if step > 0 else place - 1
    if not 0 <= beside < len(reading.tight) or reading.noise[beside]:
        return False
    first, last = reading.span(place - 1, place + 1)
    between = reading.original[first + 1 : last - 1]
    return not between if is_han(reading.tight[beside]) else not between.strip(" ._")


def _is_framed(sighting: Sighting, reading: Reading) -> bool:
    start, end = reading.span(sighting.start, sighting.end)
    before, after = reading.original[max(0, start - 1) : start], reading.original[end : end + 1]
    return bool(before and after) and before in '《〈「『【[“"' and after in '》〉」』】]”"'


def _rest(sighting: Sighting, reading: Reading, mentions: Mentions) -> float:
    """The share of the text that is neither name nor noise nor creator nor publisher; long texts near the name only."""
    first = max(0, sighting.start - LONG_TEXT)
    last = min(len(reading.tight), sighting.end + LONG_TEXT)
    known = bytearray(reading.noise)
    known[sighting.start : sighting.end] = b"\x01" * (sighting.end - sighting.start)
    for said in (mentions.creator, mentions.publisher, str(mentions.year) if mentions.year else None):
        key = fold(said).replace(" ", "") if said else ""
        place = reading.tight.find(key) if key else -1
        if place >= 0:
            known[place : place + len(key)] = b"\x01" * len(key)
    unknown = sum(_units(reading.tight[place]) for place in range(first, last) if not known[place])
    return unknown / (unknown + sighting.name.units)


def _units(character: str) -> float:
    return 1.0 if is_han(character) else 0.4


def _torn(sighting: Sighting, reading: Reading) -> bool:
    """Whether words part elsewhere than in the name, so that the match may run across words of another sentence."""
    if sighting.errors:
        return False
    return bool(reading.breaks(sighting.start, sighting.end) ^ sighting.name.breaks)


@cache
def channels() -> dict[str, dict[str, float]]:
    """The weights of each channel."""
    text = (resources.files("matchers.titles") / "weights.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return {
        channel: {name: float(value) for name, value in read[channel].items()}
        for channel in read
        if channel != "source"
    }
