"""Texts that say a name in another order, with words left out or put in: whole texts are compared word by word.

Names that share telling words with the text are looked up for many texts at once; the likest are compared
(likeness.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from matchers.titles.arrays import SALTS, TOKEN
from matchers.titles.index import NameIndex
from matchers.titles.joined import counted_in
from matchers.titles.likeness import (
    BARE_ALIKE,
    LEAST_ALIKE,
    MODEL,
    MOST_SHARED,
    MUCH_TOLD,
    Resemblance,
    Said,
    compared,
    with_margins,
)
from matchers.titles.reach import GLUED, SPACES, Mask, Shares, most_log_odds
from matchers.titles.reading import Reading
from matchers.titles.tokens import run_of_letters
from matchers.titles.weights import CROWD, LEAST, LEAST_BARE
from matchers.titles.windows import Places, codes_of, hashes_of, sums_of

MOST_HOLDERS = 400  # names with one word: a commoner one finds nothing that the rarer ones of a text do not
MOST_HELD = 350  # names with any of a text's words that are looked at, those with its rarest words first
MOST_COMPARED = 2  # names for one text: the likest, and the one that it must be ahead of
LONGEST_TEXT = 240  # places: longer texts are no titles
LEAST_SHARED = 0.34  # of the weight of a name that its telling words must bring
BARE_SHARED = 0.15  # the same where the text is nothing but a short title
MOST_KNOWN = 4_096  # texts whose words are kept looked up
_ROW_BITS, _NAME_BITS = 22, 27  # of a number that holds a row, a name and a text: four million, 134 million


_LONG_WORD = run_of_letters(MODEL + 1)  # one that may be glued to others
_ARTICLE = re.compile("a|the")


class Likely(NamedTuple):
    """The names that are likest a text, and how many share something telling with it."""

    numbers: list[int]
    crowd: int


class LooseIndex:
    """The telling words of all names."""

    def __init__(self, index: NameIndex, is_product: npt.NDArray[np.bool_]) -> None:
        self._index = index
        self._is_product = is_product
        self._table = index.arrays.tables[TOKEN]
        self._known: dict[tuple[str, bool], tuple[Said, Likely]] = {}

    def find(self, reading: Reading, speaks: bool) -> list[Resemblance]:
        """The names most like the text, the likest first. `speaks`: a creator, a publisher or a year may speak for one,
        too.
        """
        if not reading.tight or len(reading.tight) > LONGEST_TEXT:
            return []
        known = self._known.get((reading.key, speaks))
        said = known[0] if known else Said(reading)
        found = known[1] if known else self._looked_up([said], [speaks])[0]
        likely = (compared(self._index.name(number), said, found.crowd) for number in found.numbers)
        ranked = sorted((one for one in likely if one), key=lambda one: (-one.strength, one.name.work))
        return list(with_margins(ranked))

    def warm(self, asked: Sequence[tuple[Reading, bool]]) -> None:
        """Looks up the words of many texts at once, each as `find` will be asked; changes no answer."""
        asked = [(reading, speaks) for reading, speaks in asked if 0 < len(reading.tight) <= LONGEST_TEXT]
        said, speaks = [Said(reading) for reading, _ in asked], [speaks for _, speaks in asked]
        for one, spoken, likely in zip(said, speaks, self._looked_up(said, speaks), strict=True):
            self._known[one.key, spoken] = (one, likely)
        while len(self._known) > MOST_KNOWN:
            self._known.pop(next(iter(self._known)))

    def _looked_up(self, texts: Sequence[Said], speaks: Sequence[bool]) -> list[Likely]:
        """For each text the names that share the most of its telling words."""
        words = [word for said in texts for word in said.weights]
        if not words:
            return [Likely([], 0) for _ in texts]
        sizes = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        places = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(begins, sizes)
        starts = np.zeros(len(words), dtype=np.int64)
        hashes = hashes_of(sums_of(codes_of("".join(words)), places), begins, begins + sizes, SALTS[TOKEN], starts)
        counts = self._table.counts(hashes)
        owners = np.repeat(np.arange(len(texts)), [len(said.weights) for said in texts])
        rare = _rarest(owners, counts)
        rows, numbers = self._table.find(hashes[rare])
        owners = owners[rare][rows]
        weights = np.array([worth for said in texts for worth in said.weights.values()])[rare][rows]
        owners, names, shared = _summed(owners, numbers.astype(np.int64), weights)
        shared /= np.maximum(self._index.arrays.information[names], 1.0)
        is_bare = np.array([said.is_bare for said in texts], dtype=bool)
        kept = np.flatnonzero(shared >= np.where(is_bare[owners], BARE_SHARED, LEAST_SHARED))
        owners, names = owners[kept], names[kept]
        crowds = np.bincount(owners, minlength=len(texts))
        told, covered = self._alike(texts, owners, names)
        alike = told + covered
        order = np.lexsort((-alike, owners))
        order = order[alike[order] >= np.where(is_bare[owners[order]], BARE_ALIKE, LEAST_ALIKE) - GLUED]
        order = order[counted_in(owners[order]) < MOST_COMPARED]
        owners, names = owners[order], names[order]
        is_supported = self._index.stated[names] & np.array(speaks, dtype=bool)[owners]
        tells = self._can_tell(texts, owners, names, (told[order], covered[order]), crowds, is_supported)
        found: list[list[int]] = [[] for _ in texts]
        for owner, number in zip(owners[tells].tolist(), names[tells].tolist(), strict=True):
            found[owner].append(number)
        return [Likely(numbers, crowd) for numbers, crowd in zip(found, crowds.tolist(), strict=True)]

    def _can_tell(
        self,
        texts: Sequence[Said],
        owners: Places,
        names: Places,
        shares: tuple[Shares, Shares],
        crowds: Places,
        is_supported: Mask,
    ) -> Mask:
        """Which of these names belong to texts where at least one name can come to what is reported."""
        arrays = self._index.arrays
        works = arrays.works[names]
        sizes = (arrays.starts[names + 1] - arrays.starts[names]).astype(np.float64)
        letters = [self._index.tight(number) for number in names.tolist()]
        asked = [texts[owner].letters for owner in owners.tolist()]
        lengths = np.array([max(1, len(text)) for text in asked], dtype=np.float64)
        ratio = np.array([fuzz.ratio(name, text) / 100 for name, text in zip(letters, asked, strict=True)])
        said, covers = shares
        glued = GLUED * _may_be_glued(letters, asked)
        first, last = _edges_agree(letters, asked)
        strength = said + covers + ratio
        other = np.zeros(len(names))
        both = np.flatnonzero((owners[1:] == owners[:-1]) & (works[1:] != works[:-1]))
        alike = np.array([BARE_ALIKE if each.is_bare else LEAST_ALIKE for each in texts])[owners]
        rival = np.where(said + covers > alike, strength, 0.0)  # else it may not be compared at all
        other[both], other[both + 1] = rival[both + 1], rival[both]
        known = {
            "said": said,
            "covers": covers,
            "ratio": ratio,
            "sorted": 2.0 * np.minimum(sizes, lengths) / (sizes + lengths),
            "glued": glued,
            "ahead": np.clip(strength + 2 * glued + 2 * SPACES - other, 0.0, 1.0),
            "crowd": np.log1p(crowds[owners]) / CROWD,
            "information": np.minimum(1.0, (said + glued) * arrays.information[names] / MUCH_TOLD),
            "shared": np.minimum(1.0, (arrays.word_starts[names + 1] - arrays.word_starts[names]) / MOST_SHARED),
            "same_first": first,
            "same_last": last,
        }
        is_latin = np.array([name.isascii() for name in letters], dtype=bool)
        least = np.array([LEAST_BARE if each.is_bare else LEAST for each in texts])
        reach = most_log_odds(known, is_supported, is_latin, self._is_product[works])
        tells = reach >= np.log(least / (1.0 - least))[owners]
        return np.isin(owners, owners[tells])

    def _alike(self, texts: Sequence[Said], owners: Places, names: Places) -> tuple[Shares, Shares]:
        """How much of each of these names its text says, and how much of the text the name does, all at once."""
        arrays = self._index.arrays
        begins, ends = arrays.word_starts[names], arrays.word_starts[names + 1]
        counts = ends - begins
        rows = np.repeat(np.arange(len(names)), counts)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begins, counts)
        keys = owners[rows] << 32 | arrays.words[places].astype(np.int64)
        if not len(names):
            return np.zeros(0), np.zeros(0)
        asked = np.unique(owners).tolist()
        spoken = np.array([owner << 32 | number for owner in asked for number in texts[owner].numbers])
        worth = np.array([worth for owner in asked for worth in texts[owner].covering])
        order = np.argsort(spoken, kind="stable")
        spoken, worth = spoken[order], worth[order]
        slots = np.minimum(np.searchsorted(spoken, keys), len(spoken) - 1)
        hit = spoken[slots] == keys
        told = np.bincount(rows[hit], weights=arrays.weights[places[hit]], minlength=len(names))
        covered = np.bincount(rows[hit], weights=worth[slots[hit]], minlength=len(names))
        totals = np.zeros(len(texts))
        totals[asked] = [texts[owner].bare.total for owner in asked]
        totals = totals[owners]
        return told / np.maximum(arrays.information[names], 1.0), covered / np.maximum(totals, 1.0)


def _may_be_glued(names: Sequence[str], texts: Sequence[str]) -> Mask:
    """Where words may stand torn or glued to others: in name or text there is a long one."""
    pairs = zip(names, texts, strict=True)
    return np.array([bool(_LONG_WORD.search(name) or _LONG_WORD.search(text)) for name, text in pairs], dtype=bool)


def _edges_agree(names: Sequence[str], texts: Sequence[str]) -> tuple[Shares, Shares]:
    """Where the first and the last word of name and text may be the same, articles apart: their letters are."""
    pairs = list(zip(names, texts, strict=True))
    first = [name[:1] == text[:1] or bool(_ARTICLE.match(name) or _ARTICLE.match(text)) for name, text in pairs]
    return np.array(first, dtype=np.float64), np.array(
        [name[-1:] == text[-1:] for name, text in pairs], dtype=np.float64
    )


def _rarest(owners: Places, counts: Places) -> Places:
    """Rows of each text's words that are worth looking up: the rarest, until so many names hold them."""
    rows = np.flatnonzero((counts > 0) & (counts <= MOST_HOLDERS))
    rows = rows[np.lexsort((counts[rows], owners[rows]))]
    sums = np.cumsum(counts[rows])
    firsts = np.flatnonzero(np.diff(owners[rows], prepend=-1))
    before = np.repeat(sums[firsts] - counts[rows][firsts], np.diff(np.append(firsts, len(rows))))
    found: Places = rows[(sums - before <= MOST_HELD) | (sums - before == counts[rows])]
    return found


def _summed(
    owners: Places, names: Places, weights: npt.NDArray[np.float64]
) -> tuple[Places, Places, npt.NDArray[np.float64]]:
    """Each pair of owner and name once, and the sum of its weights.

    One number for owner, name and row is sorted at once, which takes a fifth of the time of sorting by keys.
    """
    if not len(names):
        return owners, names, weights
    packed = owners << (_ROW_BITS + _NAME_BITS) | names << _ROW_BITS | np.arange(len(names), dtype=np.int64)
    packed.sort()
    rows, pairs = packed & ((1 << _ROW_BITS) - 1), packed >> _ROW_BITS
    firsts = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]]))
    pairs = pairs[firsts]
    return pairs >> _NAME_BITS, pairs & ((1 << _NAME_BITS) - 1), np.add.reduceat(weights[rows], firsts)
