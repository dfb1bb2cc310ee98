"""Of all names that stand in a text, those that come into question: the longest wins (三国 inside 三国演义).

A name inside a longer one, inside a seller's word (书店 in 新华书店) or inside a foreign person's name is none.
"""

from __future__ import annotations

from collections.abc import Collection

from matchers.titles.evidence import SHORT
from matchers.titles.index import MOST_WRONG, NameIndex
from matchers.titles.mentions import is_part_of_person
from matchers.titles.reading import Reading
from matchers.titles.sightings import Seen


def chosen(everything: Collection[Seen], reading: Reading, index: NameIndex) -> list[Seen]:
    """Exact ones first, then those with an error: those between words first, of them those whose first and last
    characters agree, of them the longest.
    """
    if not everything:
        return []
    order = sorted(everything, key=lambda seen: _order(seen, reading, index))
    kept: list[Seen] = []
    wrong = 0
    for seen in order:
        if wrong >= MOST_WRONG:
            break
        if any(_is_hidden(seen, longer, reading, index) for longer in kept) or _is_part_of_noise(seen, reading):
            continue
        if _cuts_noise(seen, reading) or index.is_misread(seen, reading):
            continue
        if index.units(seen.number) < SHORT and is_part_of_person(reading, seen.start, seen.end):
            continue
        kept.append(seen)
        wrong += seen.errors
    return kept


def _order(seen: Seen, reading: Reading, index: NameIndex) -> tuple[int, int, int, int, int]:
    if not seen.errors:
        return (0, 0, 0, seen.start - seen.end, seen.start)
    noise, borders = reading.noise, reading.borders
    torn = (not borders[seen.start] and not noise[seen.start - 1]) + (not borders[seen.end] and not noise[seen.end])
    ours, theirs = index.tight(seen.number), reading.tight
    wrong_edges = (ours[0] != theirs[seen.start]) + (ours[-1] != theirs[seen.end - 1])
    return (1, torn, wrong_edges, seen.start - seen.end, seen.start)


def _is_part_of_noise(seen: Seen, reading: Reading) -> bool:
    length = seen.end - seen.start
    return any(
        spot.start <= seen.start and seen.end <= spot.end and spot.end - spot.start > length for spot in reading.words
    )


def _cuts_noise(seen: Seen, reading: Reading) -> bool:
    """Whether an end of it parts letters and digits of a seller's word (4 of 4k), or any such word where all of it is
    noise (新全套 in 9成新 全套).
    """
    places = [
        place for place in (seen.start, seen.end) if 0 < place < len(reading.tight) and not reading.borders[place]
    ]
    noise, sellers = reading.noise, reading.sellers
    if any(noise[place - 1] and noise[place] and reading.tight[place - 1 : place + 1].isascii() for place in places):
        return True
    is_sellers = sellers.find(0, seen.start, seen.end) < 0  # all of it: outside its slot a release name is noise too
    return is_sellers and any(sellers[place - 1] and sellers[place] for place in places)


def _is_hidden(seen: Seen, longer: Seen, reading: Reading, index: NameIndex) -> bool:
    if longer.errors or (seen.errors and longer.is_hopeless):
        return False  # what comes to nothing itself says nothing against a name with an error: Prisoner in Th Prisoner
    overlap = min(seen.end, longer.end) - max(seen.start, longer.start)
    if overlap <= 0:
        return False
    length, other = seen.end - seen.start, longer.end - longer.start
    if seen.errors and 2 * overlap >= length and other >= length - 2 and not _goes_on(seen, longer, reading):
        return True
    if overlap < length:
        return False
    if seen.disguised and not longer.disguised:
        return True
    return other > length or (seen.errors > 0 and index.work(seen.number) == index.work(longer.number))


def _goes_on(seen: Seen, exact: Seen, reading: Reading) -> bool:
    """Whether a name with an error goes on where an exact one ends in the midst of Han: 日本性 in 日本性日至."""
    torn_before = seen.start < exact.start and not reading.borders[exact.start] and not reading.noise[exact.start - 1]
    torn_behind = exact.end < seen.end and not reading.borders[exact.end] and not reading.noise[exact.end]
    return torn_before or torn_behind
