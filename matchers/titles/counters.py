"""Numbers that make it another work: a sequel, another volume, another season.

General, not a list of titles: a number right behind (or an ordinal right before) the name that the name does not have,
and a spelling error that is no error but another number. Years, prices, sizes and quantities are no counters.
"""

from __future__ import annotations

import re

from attrs import frozen

from crawler.text import is_han
from matchers.titles.numerals import SPELLED_OUT, VALUE, is_mark, number, units
from matchers.titles.reading import Reading
from matchers.titles.sightings import Sighting

_AFTER = re.compile(rf"(?P<ordinal>[第之])?(?P<value>{VALUE}) ?(?P<unit>[^\d\W]{{0,9}})")
_ENGLISH = re.compile(
    r"(?P<unit>part|pt|volume|vol|book|chapter|season|series|episode|no|s(?=\d)) ?" rf"(?P<value>{VALUE}|{SPELLED_OUT})"
)
_BEFORE = re.compile(r"第(?P<value>\d{1,2}|[一二三四五六七八九十]{1,3})(?P<unit>部|季|代|弹)$")
_FRACTION = re.compile(r"[.．:/]\d{1,3}(?!\d)")
_RANGE = re.compile(r"\s?[-–—~～至到]\s?\d")
_EPISODE = re.compile(r"s?\d{1,4} ?[ex]\d{1,3}")
_NO_COUNTER = re.compile(r"[¥￥$€£×*]\s{0,2}$|(?<![^\W\d])[xX]\s{0,2}$")
_WITHOUT_SEASONS = frozenset({"book", "film", "movie", "app", "course", "textbook", "software", "game", "music"})


@frozen(kw_only=True)
class Counter:
    """A number in the listing that the name lacks, which makes it another work."""

    kind: str
    theirs: str


def foreign_counter(sighting: Sighting, reading: Reading, kind: str) -> Counter | None:
    """The number beside (or, for a name with an error, inside) a sighting that tells of another work, if there is one.

    `kind` is the work's, folded; "" where unknown.
    """
    changed = _changed_mark(sighting, reading) if sighting.errors else ""
    if changed:
        return Counter(kind="other_number", theirs=changed)
    return _behind(sighting, reading, kind) or _before(sighting, reading)


def _changed_mark(sighting: Sighting, reading: Reading) -> str:
    """What stands there, if it differs from the name in a numeral or volume word, else ""."""
    ours, theirs = sighting.name.tight, reading.tight[sighting.start : sighting.end]
    shorter = min(len(ours), len(theirs))
    same = next((place for place in range(shorter) if ours[place] != theirs[place]), shorter)
    tail = next((place for place in range(shorter - same) if ours[-1 - place] != theirs[-1 - place]), shorter - same)
    lost, found = ours[same : len(ours) - tail], theirs[same : len(theirs) - tail]
    digit_for_han = (lost.isdigit() and not found.isascii()) or (found.isdigit() and not lost.isascii())
    if not digit_for_han and not (is_mark(lost, ours, same) and is_mark(found, theirs, same)):
        return ""
    is_same_value = lost and found and number(lost) == number(found) is not None
    return "" if is_same_value else theirs


def _behind(sighting: Sighting, reading: Reading, kind: str) -> Counter | None:
    place = sighting.end
    if place >= len(reading.tight) or _is_no_counter(reading, place) or (reading.slot and reading.slot[1] == place):
        return None
    start = reading.places[place]
    rest = reading.key[start : start + 32]
    if _EPISODE.match(rest):
        return None
    found = _ENGLISH.match(rest) or _AFTER.match(rest)
    if not found or (number(found["value"]) or 0) <= 1:
        return None
    end = reading.place_of(start + found.end("value") - 1) + 1
    if _goes_on(reading, end) or reading.splits_word(end):
        return None
    unit = _unit(reading, end, found["unit"]) if found.re is _AFTER else found["unit"]
    role = units().get(unit, "")
    counter = _english(found["unit"], reading.borders[place] > 0, kind) if found.re is _ENGLISH else None
    if found.re is _AFTER:
        counter = _counter(found, role, _stands_alone(found, reading, place, end), kind)
        end += len(unit)
    return Counter(kind=counter, theirs=reading.quote(place, end)) if counter else None


def _counter(found: re.Match[str], role: str, alone: bool, kind: str) -> str | None:
    """What a number of 2 or more behind the name makes of it, by the role of its unit."""
    value = found["value"]
    if role == "":
        is_code = value.isdigit() and (len(value) >= 3 or value.startswith("0"))
        return "sequel" if alone and not is_code else None
    if role == "volume" and found["ordinal"]:
        return "volume"
    if role == "season" and kind in _WITHOUT_SEASONS:
        return "season"
    return "sequel" if role == "sequel" else None


def _english(word: str, is_apart: bool, kind: str) -> str | None:
    if word == "no" and not is_apart:
        return None
    if word in ("season", "series", "s", "episode") and kind not in _WITHOUT_SEASONS:
        return None
    return "sequel"


def _before(sighting: Sighting, reading: Reading) -> Counter | None:
    found = _BEFORE.search(reading.tight[max(0, sighting.start - 6) : sighting.start])
    if not found or (number(found["value"]) or 0) <= 1:
        return None
    shown = reading.quote(sighting.start - len(found.group()), sighting.start)
    return Counter(kind="sequel", theirs=shown)


def _stands_alone(found: re.Match[str], reading: Reading, place: int, end: int) -> bool:
    """Whether a bare number ends there and counts the name, not the noun behind it (10 in 执行力10项法则)."""
    value = found["value"]
    ends = reading.borders[end] > 0 or bool(reading.noise[end])
    if found["ordinal"]:
        return True
    if is_han(value[0]):
        return ends and not reading.borders[place]
    return ends or len(value) == 1 or not value.isdigit() or not is_han(reading.tight[end])


def _unit(reading: Reading, place: int, text: str) -> str:
    """The longest known unit at the beginning of `text`, which stands at `place`; "" where there is none.

    A unit touches its number (but "2 GB") and is neither the beginning of a longer word nor of a seller's phrase.
    """
    taken = next((spot.end - spot.start for spot in reading.words if spot.start == place), 1)
    for length in range(len(text), taken - 1, -1):
        unit = text[:length]
        if unit not in units() or reading.splits_word(place + length):
            continue
        if not reading.borders[place] or (unit.isascii() and length > 1):
            return unit
    return ""


def _is_no_counter(reading: Reading, place: int) -> bool:
    start = reading.origins[place]
    return _NO_COUNTER.search(reading.original[max(0, start - 4) : start]) is not None


def _goes_on(reading: Reading, end: int) -> bool:
    """Whether a number goes on in the original: a price, a rating or a version behind a point, or a range."""
    last = reading.origins[end - 1] + 1
    return _FRACTION.match(reading.original, last) is not None or _RANGE.match(reading.original, last) is not None
