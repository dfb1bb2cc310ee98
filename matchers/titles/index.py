"""Where registered names stand in a text, also with a wrong, missing, extra or swapped character, or by their sound.

A name with at most k errors contains one of its k + 1 pieces unchanged (pigeonhole). Pieces, short whole names, names
with their middle swapped, pinyin spellings and telling words are kept by their hash in tables on numpy arrays, so all
stretches of a text are looked up at once; only what stands beside a found piece is compared. The index holds no
objects for names: it is built once per registry version, saved, and opened by mapping its files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from attrs import field, frozen
from rapidfuzz.distance import OSA, LCSseq

from crawler.items import Work
from crawler.text import is_han
from matchers.titles.names import Name, first_name, names_of
from matchers.titles.patterns import FIRST, SWAPPED, WHOLE, Arrays, arrays_of
from matchers.titles.reading import Reading
from matchers.titles.sound import MOST_UNITS, Heard, heard
from matchers.titles.windows import codes_of, hashes_of, sums_of

PLAIN, SOUND, TOKEN = "plain", "sound", "token"
SALTS = {PLAIN: 1, SOUND: 2, TOKEN: 3}
TINY_HAN, TINY_LETTERS = 2, 3  # characters of names that need a second reason
MOST_KNOWN = 2_048  # texts whose pieces are kept
_APART = "\x00\x00"
_Found = tuple[int, int, int, int]  # number of the name, place, kind of piece, length of the name
_Sounding = tuple[int, int, int]  # number of the name, first and last unit
_Places = npt.NDArray[np.int64]


@frozen(kw_only=True)
class Sighting:
    """A name at places start..end of a reading. `errors` is 1 with one edit and for what only sounds like the name.

    `disguised`: digits for letters or split characters; `alike`: the share of the name's characters that stand there.
    """

    name: Name
    start: int
    end: int
    errors: int = 0
    disguised: bool = False
    by_sound: bool = False
    alike: float = field(default=1.0, eq=False)


class NameIndex:
    """All names of a registry."""

    def __init__(self, works: Sequence[Work], arrays: Arrays | None = None) -> None:
        self._works = works
        self._arrays = arrays or arrays_of(works)
        self._plain = self._arrays.tables[PLAIN]
        self._sound = self._arrays.tables[SOUND]
        supported = [bool(work.creators or work.publisher) for work in works]
        self._supported = np.array(supported, dtype=bool)[self._arrays.works].tolist()
        self._known: dict[str, list[_Found]] = {}
        self._known_sounds: dict[str, list[_Sounding]] = {}
        self._name = lru_cache(maxsize=4096)(self._made)

    @property
    def arrays(self) -> Arrays:
        """What is kept on disk."""
        return self._arrays

    def name(self, number: int) -> Name:
        """The name with this number."""
        return self._name(number)

    def sightings(self, reading: Reading) -> Iterator[Sighting]:
        """Every name in the text that begins and ends between words; each once."""
        seen: set[tuple[int, int, int]] = set()
        core = reading.noise.count(0)
        for view in reading.views:
            for number, start, end, errors in self._in(view.text, core):
                first, last = view.place(start), view.place(end - 1) + 1
                if (number, first, last) in seen or reading.splits_word(first) or reading.splits_word(last):
                    continue
                if view.disguised and view.text[start:end] == reading.tight[first:last]:
                    continue
                seen.add((number, first, last))
                yield Sighting(name=self.name(number), start=first, end=last, errors=errors, disguised=view.disguised)
        yield from self._by_sound(reading, seen)

    def _is_lost(self, number: int, length: int, first: str, core: int) -> bool:
        """Whether a name of two Han characters or three letters can have no second reason, and does not stand alone."""
        if length > TINY_LETTERS or (length > TINY_HAN and is_han(first)):
            return False
        return core > length + 1 and not self._supported[number]

    def _in(self, text: str, core: int) -> Iterator[tuple[int, int, int, int]]:
        """(name, start, end, errors) of every name in a text, some more than once; `core` of it is no noise."""
        for number, place, kind, length in self._pieces(text):
            if kind == WHOLE:
                if not self._is_lost(number, length, text[place], core):
                    yield number, place, place + length, 0
                continue
            tight = self._tight(number)
            middle = length // 2
            if kind == SWAPPED:
                start = place - max(0, middle - 5)
                swapped = tight[: middle - 1] + tight[middle] + tight[middle - 1] + tight[middle + 1 :]
                if start >= 0 and text[start : start + length] == swapped:
                    yield number, start, start + length, 1
                continue
            found = _compared(tight, middle, kind, text, place)
            if found:
                yield number, *found

    def warm(self, texts: Sequence[Reading]) -> None:
        """Looks up the pieces of many texts at once, which is cheaper than one after the other; changes no answer."""
        views = list(dict.fromkeys(view.text for reading in texts for view in reading.views if view.text))
        for text, found in zip(views, self._looked_up(views), strict=True):
            self._known[text] = found
        said = {one.letters: one for one in map(heard, texts) if one}
        if said:
            self._known_sounds.update(zip(said, self._sounds_of(list(said.values())), strict=True))
        while len(self._known_sounds) > MOST_KNOWN:
            self._known_sounds.pop(next(iter(self._known_sounds)))
        while len(self._known) > MOST_KNOWN:
            self._known.pop(next(iter(self._known)))

    def _pieces(self, text: str) -> list[_Found]:
        known = self._known.get(text)
        return self._looked_up([text])[0] if known is None and text else known or []

    def _looked_up(self, texts: list[str]) -> list[list[_Found]]:
        """For each text the pieces in it that are worth comparing. Between two texts stand characters of no name."""
        if not texts:
            return []
        codes = codes_of(_APART.join(texts) + _APART)
        sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + len(_APART)
        begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        counted = np.arange(len(codes), dtype=np.int64) - np.repeat(begins[:-1], sizes)
        starts, ends = _windows(len(codes), self._arrays.lengths)
        if len(texts) > 1:
            inside = counted[starts] + (ends - starts) <= np.repeat(sizes, sizes)[starts] - len(_APART)
            starts, ends = starts[inside], ends[inside]
        hashes = hashes_of(sums_of(codes, counted), starts, ends, SALTS[PLAIN], counted[starts])
        rows, entries = self._plain.find(hashes)
        numbers, kinds, places = (entries >> np.uint32(2)).astype(np.int64), entries & np.uint32(3), starts[rows]
        likely = self._arrays.likely(codes, numbers, kinds, places)
        numbers, kinds, places = numbers[likely], kinds[likely], places[likely]
        owners = np.searchsorted(begins, places, side="right") - 1
        found: list[list[_Found]] = [[] for _ in texts]
        lengths = self._arrays.starts[numbers + 1] - self._arrays.starts[numbers]
        columns = (owners, numbers, places - begins[owners], kinds, lengths)
        for owner, number, place, kind, length in zip(*(column.tolist() for column in columns), strict=True):
            found[owner].append((number, place, kind, length))
        return found

    def _by_sound(self, reading: Reading, seen: set[tuple[int, int, int]]) -> Iterator[Sighting]:
        said = heard(reading)
        if said is None:
            return
        for number, start, end in self._heard(said):
            if (number, start, end) in seen or reading.splits_word(start) or reading.splits_word(end):
                continue
            seen.add((number, start, end))
            tight, there = self._tight(number), reading.tight[start:end]
            alike = LCSseq.similarity(tight, there) / len(tight)
            yield Sighting(name=self.name(number), start=start, end=end, errors=1, by_sound=True, alike=alike)

    def _heard(self, said: Heard) -> Iterator[tuple[int, int, int]]:
        known = self._known_sounds.get(said.letters)
        for number, first, last in self._sounds_of([said])[0] if known is None else known:
            yield number, said.places[first], said.places[last]

    def _sounds_of(self, texts: Sequence[Heard]) -> list[list[_Sounding]]:
        """For each text the names that sound like units first..last of it."""
        codes = codes_of("".join(said.letters for said in texts))
        firsts, lasts, owners = [], [], []
        for owner, said in enumerate(texts):
            units = len(said.edges) - 1
            first, last = _windows(units, tuple(range(2, min(units, MOST_UNITS) + 1)))
            firsts.append(first)
            lasts.append(last)
            owners.append(np.full(len(first), owner, dtype=np.int64))
        sizes = np.array([len(said.letters) for said in texts], dtype=np.int64)
        begins = np.cumsum(sizes) - sizes
        places = np.arange(len(codes), dtype=np.int64) - np.repeat(begins, sizes)
        edges = [np.array(said.edges, dtype=np.int64) for said in texts]
        starts = np.concatenate([edge[first] for edge, first in zip(edges, firsts, strict=True)])
        ends = np.concatenate([edge[last] for edge, last in zip(edges, lasts, strict=True)])
        owner_of = np.concatenate(owners)
        moved = begins[owner_of]
        hashes = hashes_of(sums_of(codes, places), starts + moved, ends + moved, SALTS[SOUND], starts)
        rows, entries = self._sound.find(hashes)
        found: list[list[_Sounding]] = [[] for _ in texts]
        columns = (owner_of[rows], entries, np.concatenate(firsts)[rows], np.concatenate(lasts)[rows])
        for owner, number, begin, end in zip(*(column.tolist() for column in columns), strict=True):
            found[owner].append((number, begin, end))
        return found

    def _tight(self, number: int) -> str:
        begin, end = self._arrays.starts[number], self._arrays.starts[number + 1]
        return bytes(self._arrays.codes[begin:end]).decode("utf-32-le")

    def _made(self, number: int) -> Name:
        position, nth = int(self._arrays.works[number]), int(self._arrays.nths[number])
        if nth == 0:
            return first_name(position, self._works[position])
        return next(name for place, name in enumerate(names_of(position, self._works[position])) if place == nth)


@lru_cache(maxsize=256)
def _windows(size: int, lengths: tuple[int, ...]) -> tuple[_Places, _Places]:
    """Starts and ends of all stretches of these lengths in a text of `size` characters."""
    fitting = [length for length in lengths if length <= size]
    starts = [np.arange(size - length + 1, dtype=np.int64) for length in fitting]
    ends = [places + length for places, length in zip(starts, fitting, strict=True)]
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *starts]), np.concatenate([empty, *ends])


def _compared(tight: str, middle: int, kind: int, text: str, place: int) -> tuple[int, int, int] | None:
    """(start, end, errors) of the name whose first or second half stands at `place`, with at most one error in all."""
    if kind == FIRST:
        if text[place : place + middle] != tight[:middle]:
            return None
        if text[place : place + len(tight)] == tight:
            return place, place + len(tight), 0
        found = _beside(tight[middle:], text, place + middle, 1)
        return (place, found, 1) if found is not None else None
    end = place + len(tight) - middle
    if text[place:end] != tight[middle:] or text[max(0, place - middle) : place] == tight[:middle]:
        return None
    found = _beside(tight[:middle], text, place, -1)
    return (found, end, 1) if found is not None else None


def _beside(rest: str, text: str, place: int, step: int) -> int | None:
    """Where the other half ends (or, with step -1, begins) beside `place` with exactly one error in it."""
    for length in (len(rest), len(rest) - 1, len(rest) + 1):
        first, last = (place, place + length) if step > 0 else (place - length, place)
        if first < 0 or last > len(text) or first >= last:
            continue
        if OSA.distance(rest, text[first:last], score_cutoff=1) == 1:
            return last if step > 0 else first
    return None
