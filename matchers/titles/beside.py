"""What stands beside a name: how it is parted from its neighbours, and how much unknown text touches it.

A name between sellers' words, punctuation or the ends of a text is the title; one that unknown words touch may be a
part of a longer title (Kingdom in The Lost Kingdom Returns). Brackets hold remarks, not parts of a title.
"""

from __future__ import annotations

from collections.abc import Sequence

from crawler.text import is_han
from matchers.titles.frequencies import bits
from matchers.titles.prospects import MOST_ELSEWHERE
from matchers.titles.reading import HARD, Reading

MOST_RUN = 8.0  # Han characters of unknown text beside a name; more says no more
SMALL_WORD = 8.0  # bits under which a word is a small one (of, the, and), which joins a name to its neighbour
FIRST, LAST = "before", "behind"

Spans = Sequence[tuple[int, int]]


def beside(reading: Reading, start: int, end: int, units: float, known: Spans) -> dict[str, float]:
    """Features of both sides of a name of these units at start..end.

    `known` are places of the text that say what is known of the work: creator, publisher, year. `touched` is 1 where
    unknown text touches the name.
    """
    asides = reading.asides
    if asides.find(1, start, end) >= 0:
        asides = bytearray(len(asides))
    before = _side(reading, start, known, asides, forward=False)
    behind = _side(reading, end, known, asides, forward=True)
    runs = before.pop("run_before", 0.0) + behind.pop("run_behind", 0.0)
    values = before | behind
    if runs:
        values["touched"] = 1.0
        values["segment"] = units / (units + runs)
    else:
        values["segment"] = 1.0
    left = reading.unknown
    elsewhere = left[-1] - left[end] + left[start]
    if elsewhere:
        aside = reading.aside_units if 1 in asides else 0.0
        values["aside"] = min(aside, MOST_RUN) / MOST_RUN
        values["elsewhere"] = min(max(0.0, elsewhere - aside), MOST_ELSEWHERE) / MOST_ELSEWHERE
    if reading.slot:
        first, last = reading.slot
        values["outside"] = float(start < first or last < end)
        values["heads_slot"] = float(start == first)
    return values


def touches(reading: Reading, start: int, end: int) -> bool:
    """Whether unknown text touches a name at start..end, as `beside` has it where nothing is known of the work."""
    return _joins(reading, start, start - 1) or _joins(reading, end, end)


def _joins(reading: Reading, place: int, beside: int) -> bool:
    tight = reading.tight
    if not 0 <= beside < len(tight) or reading.noise[beside] or reading.asides[beside]:
        return False
    border = reading.borders[place]
    if border == HARD:
        return False
    return not border or is_han(tight[place]) == is_han(tight[place - 1])


def _side(reading: Reading, place: int, known: Spans, asides: bytearray, *, forward: bool) -> dict[str, float]:
    """Features of one side: kind of border, units of the unknown run, the word that touches."""
    name = LAST if forward else FIRST
    beside = place if forward else place - 1
    if not 0 <= beside < len(reading.tight):
        return {}
    if reading.noise[beside]:
        return {f"{name}_noise": 1.0}
    if asides[beside]:
        return {f"{name}_aside": 1.0}
    if any(first <= beside < last for first, last in known):
        return {f"{name}_known": 1.0}
    border = reading.borders[place]
    # A title in two languages: the name in another script beside it is no part of a longer one.
    is_other_script = border and is_han(reading.tight[place]) != is_han(reading.tight[place - 1])
    if border == HARD or is_other_script:
        return {f"{name}_hard": 1.0}
    last = _run(reading, beside, asides, forward=forward)
    units = abs(reading.unknown[last] - reading.unknown[place])
    values = {
        f"{name}_soft" if border else f"{name}_joined": 1.0,
        f"{name}_run": min(units, MOST_RUN) / MOST_RUN,
        f"run_{name}": units,
    }
    word = _word(reading, beside, forward=forward)
    if word.isdigit():
        values[f"{name}_digits"] = 1.0
    elif word.isascii() and bits(word) < SMALL_WORD:
        values[f"{name}_small"] = 1.0
    return values


def _run(reading: Reading, beside: int, asides: bytearray, *, forward: bool) -> int:
    """Where the unknown text that begins beside a name ends: at noise, an aside, a hard border, an end."""
    if forward:
        ends = [mask.find(1, beside + 1) for mask in (reading.noise, asides)]
        ends.append(reading.borders.find(HARD, beside + 1))
        return min((place for place in ends if place >= 0), default=len(reading.tight))
    begins = [mask.rfind(1, 0, beside) + 1 for mask in (reading.noise, asides)]
    return max(0, *begins, reading.borders.rfind(HARD, 0, beside + 1))


def _word(reading: Reading, beside: int, *, forward: bool) -> str:
    """The word of the folded text that touches the name."""
    place, key = reading.places[beside], reading.key
    if forward:
        return key[place:].partition(" ")[0]
    return key[: place + 1].rpartition(" ")[2]
