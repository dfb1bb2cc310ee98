"""How sure a sighting is: a few features of name and surroundings, and a logistic map with its weights in data.

A name says the more the longer it is and the less else stands in the text that is neither noise of sellers nor known of
the work. `weights.toml` holds the weights, where they were fitted, and on what.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
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
MOST_LOG_ODDS = 30.0
_HAN = "\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
_ANY_HAN = re.compile(f"[{_HAN}]")
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


NOTHING = Mentions()


def features(sighting: Sighting, reading: Reading, mentions: Mentions) -> dict[str, float]:
    """Features by name, each about 0..1 but `units` (information in Han characters, at most 8) and `bits` (tens)."""
    name, start, end = sighting.name, sighting.start, sighting.end
    units = min(name.units, MAX_UNITS)
    rest = _rest(sighting, reading, mentions)
    told = told_bits(name.key)
    is_latin = not _ANY_HAN.search(name.tight)
    glued = _glued(reading, start, -1) + _glued(reading, end, 1)
    values = {
        "units": units,
        "bits": told,
        "short": float(name.units < SHORT),
        "latin": float(is_latin),
        "begins": float(_is_border(reading, start, forward=False)),
        "ends": float(_is_border(reading, end, forward=True)),
        "framed": float(_is_framed(sighting, reading)),
        "rest": rest,
        "glued": float(glued),
        "latin_rest": rest * is_latin,
        "bare_rest": 0.0 if reading.is_noisy else rest,
        "glued_bits": (8.0 - told) if glued else 0.0,
        "released": float(reading.slot == (start, end)),
        "all": float(rest < NOTHING_ELSE),
        "leads": float(reading.noise.find(0, 0, start) < 0),
        "disguised": float(sighting.disguised),
        "broken": float(_torn(sighting, reading)),
        "shortened": float(name.shortened),
        **said_features(mentions),
        "short_reasoned": float(name.units < SHORT and mentions.second_reason()),
    }
    return values | _wrong(sighting, reading, values) if sighting.errors else values


def _wrong(sighting: Sighting, reading: Reading, values: dict[str, float]) -> dict[str, float]:
    """What the one error, or the sound that alone agrees, adds."""
    return {
        "error": 1.0 / max(values["units"], 1.0),
        "error_all": float(not sighting.by_sound and values["all"] > 0),
        "error_bits": values["bits"],
        **error_features(sighting, reading),
        "sound": float(sighting.by_sound),
        "unlike": 1.0 - sighting.alike,
    }


def is_tiny(name: Name) -> bool:
    """Whether a name is so short that it needs a second reason: two Han characters, three letters."""
    return name.units < (SHORT if _ANY_HAN.search(name.tight) else TINY)


def said_features(mentions: Mentions) -> dict[str, float]:
    """What speaks for the work besides its name."""
    return {
        "creator": float(mentions.creator is not None),
        "publisher": float(mentions.publisher is not None),
        "year": float(mentions.year is not None),
    }


def odds(channel: str, values: Mapping[str, float]) -> float:
    """Right ones to wrong ones among pairs of this channel (spelled, loose, school) with such features."""
    weights = channels()[channel]
    total = weights["bias"]
    for name, value in values.items():
        if value:
            total += weights.get(name, 0.0) * value
    return math.exp(max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, total)))


def probability(channel: str, values: Mapping[str, float]) -> float:
    """The share of right ones among them."""
    right = odds(channel, values)
    return right / (1.0 + right)


def doubt(kind: str) -> float:
    """The share that a veto of this kind takes away: of pairs that were right without it, so many are not."""
    return channels()["vetoes"][kind]


@lru_cache(maxsize=8_192)
def told_bits(key: str) -> float:
    """The information of a name's words and Han characters in tens of bits, at most 8."""
    found: list[str] = []
    for part in _PARTS.findall(key):
        found.extend(part if is_han(part[0]) else [part])
    return min(8.0, total_bits(found) / 10)


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
    left = reading.unknown
    unknown = left[last] - left[sighting.end] + left[sighting.start] - left[first]
    for said in (mentions.creator, mentions.publisher, str(mentions.year) if mentions.year else None):
        key = fold(said).replace(" ", "") if said else ""
        place = reading.tight.find(key, first, last) if key else -1
        if place >= 0 and (place >= sighting.end or place + len(key) <= sighting.start):
            unknown -= left[place + len(key)] - left[place]
    unknown = max(0.0, unknown)
    return unknown / (unknown + sighting.name.units)


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
