"""The title names who made the work, and its name torn apart (李沐晨 财务建模 直播 实战营) or without its beginning.

The name in one piece is the title matcher's business. Here all pieces of it must stand in their order, its numbers
among them, and no word that makes it a derived work. A name that lacks its end is another work of the same series.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from crawler.items import Finding, Listing, Work
from crawler.text import fold, is_han
from matchers import Context
from matchers.reasons import identified
from matchers.titles.names import information
from matchers.titles.reading import Reading, reading_of

NAME = "maker"
# Of titles over all title sets (bench/titles.py) that this module alone recognised, .12 of 26 were right while a name
# could lack its end or a number; none of those is left.
WHOLE = 0.85  # estimate
WITHOUT_BEGINNING = 0.6  # of 24 such pairs over all title sets 22 were right; less, as a few works made most of them
LEAST_SHARE = 0.55  # of the name's information, where its beginning is missing
SEVERAL = 0.5  # what is left where two works of the same maker fit equally well
LEAST_UNITS = 3.0  # of the pieces that stand there
TINY = 1e-9
SHORTEST_HAN, SHORTEST_LATIN = 2, 6  # characters of a maker's name
PIECE_HAN, PIECE_LATIN = 2, 3  # characters of a piece
_PARTS = re.compile(r"[a-z]+|\d+|[^a-z\d\s]+")
_NUMBER = re.compile(r"\d+")


class Matcher:
    """The works of every maker, found by the maker's name."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works: dict[str, list[tuple[Work, str]]] = defaultdict(list)
        for work in works:
            for maker in work.creators if work.retired_at is None else ():
                key = _tight(maker)
                if len(key) >= (SHORTEST_HAN if key and is_han(key[0]) else SHORTEST_LATIN):
                    self._works[key].append((work, fold(work.title)))
        self._keys = list(self._works)
        self._automaton = AhoCorasick(self._keys)

    def find(self, listing: Listing, context: Context) -> Iterator[Finding]:
        """A finding for each work most of whose name stands beside its maker."""
        if not self._keys:
            return
        reading = reading_of(listing.title)
        found = self._automaton.find_matches_as_indexes(reading.tight, overlapping=True)
        makers = {index: (start, end) for index, start, end in found}
        for index, (start, end) in makers.items():
            if not reading.cuts[start] and not reading.cuts[end]:
                rest = reading.tight[:start] + "\n" + reading.tight[end:]
                yield from self._of_maker(self._works[self._keys[index]], rest, reading, context)

    def _of_maker(
        self, works: Sequence[tuple[Work, str]], rest: str, reading: Reading, context: Context
    ) -> Iterator[Finding]:
        if any(spot.word.area != "noise" for spot in reading.words):
            return
        shares = [(_share(name, rest), work) for work, name in works if name.replace(" ", "") not in reading.tight]
        best = max((share for share, _ in shares), default=0.0)
        fitting = [work for share, work in shares if share == best and best >= LEAST_SHARE]
        for work in fitting:
            chance = WHOLE if best > 1.0 - TINY else WITHOUT_BEGINNING
            left = chance * (1.0 if len(fitting) == 1 else SEVERAL)
            percent = round(100 * best)
            yield identified(
                NAME,
                context,
                work,
                "maker_pieces",
                left,
                ours=work.title,
                theirs=reading.original,
                percent=percent,
                maker="、".join(work.creators),
            )


def _share(name: str, rest: str) -> float:
    """The share of a name's information whose pieces stand in `rest` in their order; 0.0 where more than its beginning
    is missing, or a number."""
    if not set(_NUMBER.findall(name)) <= set(_NUMBER.findall(rest)):
        return 0.0
    place, said = 0, 0.0
    for part in _PARTS.findall(name):
        start = 0
        while start < len(part):
            piece = _longest(part[start:], rest, place)
            if piece:
                place = rest.index(piece, place) + len(piece)
                said += information(piece)
            elif said:
                return 0.0
            start += len(piece) or 1
    whole = information(name.replace(" ", ""))
    return said / whole if said >= LEAST_UNITS and whole else 0.0


def _longest(part: str, rest: str, place: int) -> str:
    """The longest beginning of a part that stands in `rest` from `place` on; "" where it is too short for a piece."""
    least = PIECE_HAN if is_han(part[0]) else len(part) if part[0].isdigit() else PIECE_LATIN
    for end in range(len(part), least - 1, -1):
        if rest.find(part[:end], place) >= 0:
            return part[:end]
    return part[0] if place and rest.startswith(part[0], place) else ""  # 60讲: right behind what stands there


def _tight(name: str) -> str:
    return fold(name).replace(" ", "")
