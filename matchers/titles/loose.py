"""Texts that say a name in another order, with words left out or put in: whole texts are compared word by word.

Names that share telling words with the text are compared both ways: how much of the name (in bits) the text says, and
how much of the text, sellers' noise apart, the name says. Model numbers and other numbers count by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen
from rapidfuzz import fuzz

from crawler.text import is_han
from matchers.titles.index import SALTS, TOKEN, NameIndex
from matchers.titles.names import Name
from matchers.titles.reading import Reading
from matchers.titles.tokens import number_of, weight, words_of
from matchers.titles.windows import Places, codes_of, hashes_of, sums_of

MOST_HOLDERS = 400  # names with one word: a commoner one finds nothing that the rarer ones of a text do not
MOST_COMPARED = 2  # names for one text: the likest, and the one that it must be ahead of
LONGEST_TEXT = 240  # places: longer texts are no titles
LEAST_SHARED = 0.34  # of the weight of a name that its telling words must bring
# Of said and covers together. On the benchmark 13 of some 3,000 right pairs at .18 and more lie under it.
LEAST_ALIKE = 0.9
# A text that is nothing but a short Han title may be the name under another translation: there the likest name is
# considered, however unsure (regional film titles, F1 .57 to .61). Places; shares as above.
BARE, BARE_SHARED, BARE_ALIKE = 16, 0.15, 0.5
GLUED = 0.1  # what words torn or glued together may add to it
MOST_KNOWN = 1_024  # texts whose words are kept looked up
_DIGIT = re.compile(r"\d")
_ARTICLES = frozenset({"the", "a", "an"})
MOST_SHARED, MUCH = 6, 60.0  # words in common, and bits of a text that a name lacks: more says no more
MODEL = 3  # characters of a word with letters and digits that is taken for a model number


@frozen(kw_only=True)
class Resemblance:
    """A name that the whole of a text resembles, with features between 0 and 1 and the map that judges them.

    `is_bare`: the text is nothing but a short Han title.
    """

    name: Name
    map: str
    is_bare: bool
    features: dict[str, float]

    @property
    def strength(self) -> float:
        """For ranking among the resemblances of one text."""
        return self.features["said"] + self.features["covers"] + self.features["ratio"]


class LooseIndex:
    """The telling words of all names."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index
        self._table = index.arrays.tables[TOKEN]
        self._known: dict[str, tuple[_Said, list[int]]] = {}

    def find(self, reading: Reading) -> list[Resemblance]:
        """The names most like the text, the likest first."""
        if not reading.tight or len(reading.tight) > LONGEST_TEXT:
            return []
        known = self._known.get(reading.folded.text)
        said = known[0] if known else _Said(reading)
        numbers = known[1] if known else self._looked_up([said])[0]
        compared = (_compared(self._index.name(number), said) for number in numbers)
        ranked = sorted((one for one in compared if one), key=lambda one: (-one.strength, one.name.work))
        return list(_with_margins(ranked))

    def warm(self, readings: Sequence[Reading]) -> None:
        """Looks up the words of many texts at once; changes no answer."""
        said = [_Said(reading) for reading in readings if 0 < len(reading.tight) <= LONGEST_TEXT]
        for one, numbers in zip(said, self._looked_up(said), strict=True):
            self._known[one.key] = (one, numbers)
        while len(self._known) > MOST_KNOWN:
            self._known.pop(next(iter(self._known)))

    def _looked_up(self, texts: Sequence[_Said]) -> list[list[int]]:
        """For each text the names that share the most of its telling words."""
        words = [word for said in texts for word in said.weights]
        if not words:
            return [[] for _ in texts]
        sizes = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        places = np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(begins, sizes)
        starts = np.zeros(len(words), dtype=np.int64)
        hashes = hashes_of(sums_of(codes_of("".join(words)), places), begins, begins + sizes, SALTS[TOKEN], starts)
        counts = self._table.counts(hashes)
        rare = np.flatnonzero((counts > 0) & (counts <= MOST_HOLDERS))
        rows, numbers = self._table.find(hashes[rare])
        owners = np.repeat(np.arange(len(texts)), [len(said.weights) for said in texts])[rare][rows]
        weights = np.array([worth for said in texts for worth in said.weights.values()])[rare][rows]
        pairs, places = np.unique(owners.astype(np.int64) << 32 | numbers.astype(np.int64), return_inverse=True)
        names = pairs & 0xFFFFFFFF
        shared = np.bincount(places, weights=weights) / np.maximum(self._index.arrays.information[names], 1.0)
        is_bare = np.array([said.is_bare for said in texts], dtype=bool)
        kept = np.flatnonzero(shared >= np.where(is_bare[pairs >> 32], BARE_SHARED, LEAST_SHARED))
        alike = self._alike(texts, pairs[kept] >> 32, names[kept])
        order = np.argsort(-alike, kind="stable")
        least = np.where(is_bare[pairs[kept] >> 32], BARE_ALIKE, LEAST_ALIKE)
        order = kept[order[alike[order] >= least[order] - GLUED]]
        found: list[list[int]] = [[] for _ in texts]
        for owner, number in zip((pairs[order] >> 32).tolist(), names[order].tolist(), strict=True):
            if len(found[owner]) < MOST_COMPARED:
                found[owner].append(number)
        return found

    def _alike(self, texts: Sequence[_Said], owners: Places, names: Places) -> npt.NDArray[np.float64]:
        """How much each of these texts and names say of each other: said and covers together, all at once."""
        arrays = self._index.arrays
        begins, ends = arrays.word_starts[names], arrays.word_starts[names + 1]
        counts = ends - begins
        rows = np.repeat(np.arange(len(names)), counts)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begins, counts)
        keys = owners[rows] << 32 | arrays.words[places].astype(np.int64)
        if not len(names):
            return np.zeros(0)
        spoken = np.array([owner << 32 | number for owner, said in enumerate(texts) for number in said.numbers])
        worth = np.array([worth for said in texts for worth in said.covering])
        order = np.argsort(spoken, kind="stable")
        spoken, worth = spoken[order], worth[order]
        slots = np.minimum(np.searchsorted(spoken, keys), len(spoken) - 1)
        hit = spoken[slots] == keys
        told = np.bincount(rows[hit], weights=arrays.weights[places[hit]], minlength=len(names))
        covered = np.bincount(rows[hit], weights=worth[slots[hit]], minlength=len(names))
        totals = np.array([said.bare.total for said in texts])[owners]
        alike: npt.NDArray[np.float64] = told / np.maximum(arrays.information[names], 1.0)
        alike += covered / np.maximum(totals, 1.0)
        return alike


class _Words:
    """The words of a name or text and their weights; model numbers and other numbers among them."""

    def __init__(self, key: str) -> None:
        words = words_of(key)
        self.weights = {word: weight(word) for word in words}
        self.first = next((word for word in words if word not in _ARTICLES), "")
        self.last = words[-1] if words else ""
        self.total = sum(self.weights.values())
        numbered = [word for word in self.weights if _DIGIT.search(word)]
        self.models = [word for word in numbered if is_model(word)]
        self.digits = [word for word in numbered if word.isdigit()]


class _Said:
    """A text: all its words, and those that are no sellers' noise."""

    def __init__(self, reading: Reading) -> None:
        self.key = reading.folded.text
        self.tight = reading.tight
        self.core = _without_noise(reading) or self.key
        self.is_bare = self.core == self.key and len(self.tight) <= BARE and any(map(is_han, self.tight))
        self.bare = _Words(self.core)
        self.weights = self.bare.weights
        if self.core != self.key:
            self.weights = {word: weight(word) for word in words_of(self.key)}
        if not self.bare.total:
            self.bare = _Words(self.key)
        self.numbers = [number_of(word) for word in self.weights]
        self.covering = [self.bare.weights.get(word, 0.0) for word in self.weights]


_words = lru_cache(maxsize=8_192)(_Words)


def _compared(name: Name, said: _Said) -> Resemblance | None:
    """How far name and text say the same; None where too little."""
    ours = _words(name.key)
    in_text = {word: worth for word, worth in ours.weights.items() if word in said.weights or _stands(word, said.tight)}
    in_name = {
        word: worth for word, worth in said.bare.weights.items() if word in ours.weights or _stands(word, name.tight)
    }
    told = sum(in_text.values())
    said_share, covers = told / max(ours.total, 1.0), sum(in_name.values()) / max(said.bare.total, 1.0)
    if said_share + covers < (BARE_ALIKE if said.is_bare else LEAST_ALIKE):
        return None
    agrees = any(word in in_text for word in ours.models)
    han = is_han(name.tight[0]) or any(map(is_han, name.tight))
    return Resemblance(
        name=name,
        map="loose_han" if han else "loose_latin",
        is_bare=said.is_bare,
        features={
            "said": said_share,
            "covers": covers,
            "both": said_share * covers,
            "ratio": fuzz.ratio(name.key, said.core) / 100,
            "sorted": fuzz.token_sort_ratio(name.key, said.core) / 100,
            "information": min(1.0, told / 80),
            "model_agrees": float(agrees),
            "model_differs": float(bool(ours.models and said.bare.models) and not agrees),
            "number_lost": float(any(word not in in_text for word in ours.digits)),
            "number_new": float(any(word not in in_name for word in said.bare.digits)),
            "all_words": float(said_share > 0.995),
            "all_text": float(covers > 0.995),
            "same_first": float(ours.first == said.bare.first),
            "same_last": float(ours.last == said.bare.last),
            "shared": min(len(in_text), MOST_SHARED) / MOST_SHARED,
            "new": min(1.0, (said.bare.total - sum(in_name.values())) / MUCH),
            "han_ratio": fuzz.ratio(name.tight, said.core.replace(" ", "")) / 100 if han else 0.0,
        },
    )


def is_model(word: str) -> bool:
    """Whether a word is a model number: letters and digits, or five digits and more."""
    if word.isdigit():
        return len(word) > 4
    return len(word) > MODEL and any(map(str.isdigit, word)) and not is_han(word[0])


def _stands(word: str, tight: str) -> bool:
    """Whether a longer word stands in a key without spaces, torn or glued to others (cdp ce375, cdpce375)."""
    return len(word) > MODEL and word in tight


def _without_noise(reading: Reading) -> str:
    """The folded text without the words of sellers."""
    if not reading.is_noisy:
        return reading.folded.text
    kept = list(reading.folded.text)
    for place, noisy in zip(reading.places, reading.noise, strict=True):
        if noisy:
            kept[place] = " "
    return " ".join("".join(kept).split())


def _with_margins(ranked: list[Resemblance]) -> Iterator[Resemblance]:
    """Each with how far it is ahead of (or behind) the best other work's."""
    for one in ranked:
        others = [other.strength for other in ranked if other.name.work != one.name.work]
        ahead = one.strength - max(others, default=0.0)
        features = one.features | {"ahead": max(0.0, min(1.0, ahead)), "behind": max(0.0, min(1.0, -ahead))}
        yield evolve(one, features=features)
