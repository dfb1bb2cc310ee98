"""Where registered names stand in a text, also with a wrong, missing, extra or swapped character, or by their sound.

A name with at most k errors contains one of its k + 1 pieces unchanged (pigeonhole). Pieces, short whole names, names
with their middle swapped, pinyin spellings and telling words are kept by their hash in tables on numpy arrays, so all
stretches of many texts are looked up and compared at once. The index holds no objects for names: it is built once per
registry version, saved, and opened by mapping its files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from crawler.items import Work
from matchers.titles.arrays import BARE_FROM, PLAIN, SALTS, SOUND, Arrays
from matchers.titles.beside import touches
from matchers.titles.compare import Crowd, Names, Pieces, Standing
from matchers.titles.editions import bare_names
from matchers.titles.errors import error_features
from matchers.titles.joined import Joined, counted, counted_in, inside, joined
from matchers.titles.names import INVERTED, Name, first_name, names_of
from matchers.titles.patterns import arrays_of
from matchers.titles.prospects import HOPELESS, MAPS, most_of_error, of_error, prospects
from matchers.titles.reading import HARD, Reading
from matchers.titles.sightings import Looked, Seen, Sighting
from matchers.titles.sound import MOST_UNITS, heard
from matchers.titles.surroundings import Mask, Shares, Surroundings
from matchers.titles.views import View
from matchers.titles.windows import Codes, Places, codes_of, hashes_of, sums_of

TINY_HAN, TINY_LETTERS = 2, 3  # characters of names that need a second reason
# Names that share characters with a stretch of text, from which on a name that unknown text touches there is no work
# offered, if nothing but the name speaks for it: of 1,400 such pairs with an error and of 1,000 others none was right.
CROWDED_WRONG, CROWDED = 8, 64
MOST_WRONG = 8  # names with an error in one text: among so many that stand as near, none is the one
_FIRST_HAN = 0x3005


class _Stood(NamedTuple):
    """A name at start..end of a view. `is_crowded`: among so many others that, touched by unknown text, it is none.
    `most`: log odds that it can come to at most, by the map of this place in MAPS.
    """

    number: int
    view: int
    start: int
    end: int
    errors: int
    crowd: int
    is_bare: bool
    is_crowded: bool
    map: int
    most: float


class NameIndex:
    """All names of a registry."""

    def __init__(self, works: Sequence[Work], arrays: Arrays | None = None) -> None:
        self._works = works
        self.arrays = arrays or arrays_of(works)
        self._names = Names(self.arrays.codes, self.arrays.starts)
        supported = np.array([bool(work.creators or work.publisher) for work in works], dtype=bool)
        self.supported = supported[self.arrays.works]
        self.stated = (
            self.supported | np.array([work.year is not None for work in works], dtype=bool)[self.arrays.works]
        )
        self._known: WeakKeyDictionary[Reading, Looked] = WeakKeyDictionary()  # as long as the reading is kept
        self._name = lru_cache(maxsize=4096)(self._made)

    def name(self, number: int) -> Name:
        """The name with this number."""
        return self._name(number)

    def tight(self, number: int) -> str:
        """The folded name without spaces, at a fraction of the cost of the name."""
        codes = self.arrays.codes[self.arrays.starts[number] : self.arrays.starts[number + 1]]
        return codes.tobytes().decode("utf-32-le", "replace")

    def work(self, number: int) -> int:
        """The position of a name's work."""
        return int(self.arrays.works[number])

    def units(self, number: int) -> float:
        """How much a name says, in Han characters."""
        return float(self.arrays.units[number])

    def is_misread(self, seen: Seen, reading: Reading) -> bool:
        """Whether a name with its article behind (Garden, The) stands there only because the next words begin so."""
        if not self.arrays.nths[seen.number] or seen.end == len(reading.tight) or reading.noise[seen.end]:
            return False
        name = self._name(seen.number)
        article = seen.end - len(name.tight) + max(name.breaks, default=0)
        return name.form == INVERTED and HARD not in (reading.borders[seen.end], reading.borders[article])

    def seen(self, reading: Reading) -> list[Seen]:
        """Every name in the text that begins and ends between words."""
        return self.looked_up(reading).names

    def looked_up(self, reading: Reading) -> Looked:
        """The same, and the bare names."""
        known = self._known.get(reading)
        if known is None:
            self.warm([reading])
            known = self._known[reading]
        return known

    def sighting(self, seen: Seen, reading: Reading) -> Sighting:
        """The same with the name itself."""
        name = self._name(seen.number)
        alike = 1.0
        if seen.by_sound:
            alike = LCSseq.similarity(name.tight, reading.tight[seen.start : seen.end]) / len(name.tight)
        return Sighting(
            name=name,
            start=seen.start,
            end=seen.end,
            errors=seen.errors,
            disguised=seen.disguised,
            by_sound=seen.by_sound,
            alike=alike,
            crowd=seen.crowd,
        )

    def warm(self, readings: Sequence[Reading]) -> None:
        """Looks many texts up at once, which is cheaper than one after the other; changes no answer."""
        self._known.update(zip(readings, self._looked_up(readings), strict=True))

    def _looked_up(self, readings: Sequence[Reading]) -> list[Looked]:
        found: list[dict[tuple[int, int, int], Seen]] = [{} for _ in readings]
        bare: list[list[Seen]] = [[] for _ in readings]
        texts = joined(readings)
        if not texts.views:
            return [Looked([], []) for _ in readings]
        stood, crowd = self._spelled(texts)
        owners = texts.owners.tolist()
        for one in stood:
            view, owner = texts.views[one.view], owners[one.view]
            seen = self._seen(one, view, readings[owner])
            if seen and one.is_bare:
                bare[owner].append(seen)
            elif seen:
                found[owner].setdefault((seen.number, seen.start, seen.end), seen)
        for owner, seen in self._heard(texts, crowd):
            found[owner].setdefault((seen.number, seen.start, seen.end), seen)
        return [Looked(list(names.values()), plain) for names, plain in zip(found, bare, strict=True)]

    def _seen(self, one: _Stood, view: View, reading: Reading) -> Seen | None:
        """A name of a view at its places in the text; None where the text itself spells it there, it is only a part, or
        its error leaves nothing.
        """
        first, last = one.start, one.end
        if view.places is not None:
            first, last = view.places[one.start], view.places[one.end - 1] + 1
            if view.text[one.start : one.end] == reading.tight[first:last]:
                return None
        if one.is_crowded and touches(reading, first, last):
            return None
        most = one.most
        if one.errors and most < math.inf:
            judge = MAPS[one.map]
            kind = error_features(self.tight(one.number), first, last, reading)
            most += of_error(judge, kind) - most_of_error(judge)
        is_hopeless = most < HOPELESS
        if is_hopeless and one.errors and not self.stated[one.number]:
            return None
        return Seen(one.number, first, last, one.errors, view.disguised, False, one.crowd, is_hopeless)

    def _spelled(self, texts: Joined) -> tuple[Iterator[_Stood], Crowd]:
        """Every name in the views that begins and ends between words; and the crowd of all others."""
        starts, ends = inside(texts.begins, texts.sizes, self.arrays.lengths)
        places = texts.places()
        hashes = hashes_of(sums_of(texts.codes, places), starts, ends, SALTS[PLAIN], places[starts])
        rows, entries = self.arrays.tables[PLAIN].find(hashes)
        pieces = Pieces(
            numbers=(entries >> np.uint32(2)).astype(np.int64), kinds=entries & np.uint32(3), places=starts[rows]
        )
        found, crowd = self._names.standing(pieces, texts)
        is_bare = self.arrays.nths[found.numbers] >= BARE_FROM
        views = np.searchsorted(texts.begins, found.starts, side="right") - 1
        cores = np.array([reading.core for reading in texts.readings], dtype=np.int64)[texts.owners][views]
        is_lost = self._are_lost(found.numbers, texts.codes[found.starts], cores) | (is_bare & (found.errors > 0))
        kept = np.flatnonzero(~is_lost)
        kept = kept[np.lexsort((found.errors[kept], views[kept]))]
        found, views, is_bare = found.only(kept), views[kept], is_bare[kept]
        moved = texts.begins[views]
        # A name with one error has one of its own halves beside it.
        beside = np.maximum(0, crowd.over(found.starts, found.ends) - found.errors)
        most = np.where(found.errors > 0, CROWDED_WRONG, CROWDED)
        is_crowded = (beside >= most) & ~self.supported[found.numbers]
        around = Surroundings(texts)
        maps, most = self._prospects(found, beside, views, texts, around)
        is_lost = is_crowded & around.touched(found.starts, found.ends)
        is_hopeless = (most < HOPELESS) & ~self.stated[found.numbers]
        is_behind = self._are_behind(found, texts.owners[views], texts, around)
        is_lost |= (found.errors > 0) & (is_hopeless | is_behind)
        rows = np.flatnonzero(~is_lost)
        spans = (found.starts - moved, found.ends - moved)
        columns = (found.numbers, views, *spans, found.errors, beside, is_bare, is_crowded, maps, most)
        return map(_Stood._make, zip(*(column[rows].tolist() for column in columns), strict=True)), crowd

    def _are_behind(self, found: Standing, owners: Places, texts: Joined, around: Surroundings) -> Mask:
        """Which names stand behind so many with an error in one text that none of those is the one: between words come
        first, then those whose first and last characters agree, then the longest.
        """
        codes, starts = self.arrays.codes, self.arrays.starts
        first, last = starts[found.numbers], starts[found.numbers + 1] - 1
        edges = (codes[first] != texts.codes[found.starts]).astype(np.int64)
        edges += codes[last] != texts.codes[found.ends - 1]
        torn = around.torn(found.starts, found.ends)
        order = np.lexsort((found.starts, found.starts - found.ends, edges, torn, found.errors == 0, owners))
        behind = np.zeros(len(order), dtype=bool)
        behind[order] = counted_in(owners[order]) >= MOST_WRONG
        return behind

    def _prospects(
        self, found: Standing, crowd: Places, views: Places, texts: Joined, around: Surroundings
    ) -> tuple[Places, Shares]:
        """Map and highest log odds of each name; infinite for what stands there in disguise."""
        arrays, numbers = self.arrays, found.numbers
        units, bits = arrays.units[numbers].astype(np.float64), arrays.bits[numbers].astype(np.float64)
        name = (units, bits, arrays.is_han[numbers], arrays.is_cut[numbers])
        at = (found.starts, found.ends, views)
        maps, most = prospects().most_log_odds(name, found.errors, crowd, around, at)
        is_plain = np.array([view.places is None for view in texts.views], dtype=bool)[views]
        return maps, np.where(is_plain, most, np.inf)

    def _heard(self, texts: Joined, crowd: Crowd) -> Iterator[tuple[int, Seen]]:
        """(reading, name) of every name that what stands there sounds like, between words."""
        for owner, number, first, last in self._sounding(texts.readings):
            cuts = texts.cuts[owner]
            if cuts[first] or cuts[last]:
                continue
            begin = texts.begins[texts.firsts[owner]]
            beside = int(crowd.over(begin + first, begin + last))
            is_crowded = beside >= CROWDED_WRONG and not self.supported[number]
            if not (is_crowded and touches(texts.readings[owner], first, last)):
                yield owner, Seen(number, first, last, 1, False, True, beside)

    def _are_lost(self, numbers: Places, firsts: Codes, cores: Places) -> npt.NDArray[np.bool_]:
        """Which names of two Han characters or three letters can have no second reason and do not stand alone."""
        sizes = self.arrays.starts[numbers + 1] - self.arrays.starts[numbers]
        is_tiny = sizes <= np.where(firsts >= _FIRST_HAN, TINY_HAN, TINY_LETTERS)
        lost: npt.NDArray[np.bool_] = is_tiny & (cores > sizes + 1) & ~self.supported[numbers]
        return lost

    def _sounding(self, readings: Sequence[Reading]) -> Iterator[tuple[int, int, int, int]]:
        """(reading, name, start, end) of every name that sounds like what stands there."""
        said = heard([reading.tight for reading in readings])
        if said is None:
            return
        starts, ends = inside(said.begins, said.sizes, tuple(range(2, MOST_UNITS + 1)))
        codes = codes_of(said.letters)
        letters = counted(said.edges[said.begins + said.sizes] - said.edges[said.begins])
        first, last = said.edges[starts], said.edges[ends]
        hashes = hashes_of(sums_of(codes, letters), first, last, SALTS[SOUND], letters[first])
        rows, entries = self.arrays.tables[SOUND].find(hashes)
        first, last = starts[rows], ends[rows]
        owners = said.owners[np.searchsorted(said.begins, first, side="right") - 1]
        columns = (owners, entries, said.places[first], said.places[last - 1] + said.widths[last - 1])
        yield from zip(*(column.tolist() for column in columns), strict=True)

    def _made(self, number: int) -> Name:
        position, nth = int(self.arrays.works[number]), int(self.arrays.nths[number])
        if nth == 0:
            return first_name(position, self._works[position])
        if nth >= BARE_FROM:
            return list(bare_names(position, self._works[position]))[nth - BARE_FROM]
        return next(name for place, name in enumerate(names_of(position, self._works[position])) if place == nth)
