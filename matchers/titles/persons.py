"""Who else is named beside a title: a run of characters of its own that looks like a person's name.

A foreign name with its middle dot, or two to four characters that begin with a common surname (surnames.csv), standing
apart from title, sellers' words and publisher. Asked only where the work's own creators are not named.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

from crawler.text import is_han
from matchers.titles.reading import Reading
from matchers.titles.sightings import Sighting

_DOTTED = re.compile(r"[\u4e00-\u9fff]{1,6}(?:[·・•・][\u4e00-\u9fff]{1,6}){1,3}$")
LONGEST = 4  # characters of a Chinese or Japanese name


def stranger(sighting: Sighting, reading: Reading, known: str) -> str | None:
    """The first run that looks like a person who is not `known` (a folded text of what the work's own fields say)."""
    for start, end in _runs(sighting, reading):
        quote = reading.quote(start, end).strip()
        key = reading.tight[start:end]
        if key in known or not all(map(is_han, key)):
            continue
        if _DOTTED.fullmatch(quote) or (len(key) <= LONGEST and _begins_with_surname(key)):
            return quote
    return None


def _runs(sighting: Sighting, reading: Reading) -> list[tuple[int, int]]:
    """Stretches between gaps, noise and the sighting; a middle dot is no gap."""
    runs: list[tuple[int, int]] = []
    begin = None
    for place in range(len(reading.tight) + 1):
        outside = place < len(reading.tight) and not (sighting.start <= place < sighting.end)
        taken = outside and not reading.noise[place]
        if begin is not None and (not taken or (reading.borders[place] and not _dotted(reading, place))):
            runs.append((begin, place))
            begin = None
        if taken and begin is None:
            begin = place
    return [(first, last) for first, last in runs if last - first > 1]


def _dotted(reading: Reading, place: int) -> bool:
    first, last = reading.span(place - 1, place + 1)
    return any(dot in reading.original[first:last] for dot in "·・•・")


def _begins_with_surname(key: str) -> bool:
    return (len(key) <= 3 and key[0] in _surnames()) or key[:2] in _surnames()


@cache
def _surnames() -> frozenset[str]:
    text = (resources.files("matchers.titles") / "surnames.csv").read_text(encoding="utf-8")
    return frozenset(name for row in csv.DictReader(text.splitlines()) for name in row["surnames"].split())
