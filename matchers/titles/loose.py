"""Texts that say a name in another order, with words left out or put in: whole texts are compared word by word.

Names that share telling words with the text are compared both ways: how much of the name (in bits) the text says, and
how much of the text, sellers' noise apart, the name says. Model numbers and other numbers count by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen
from rapidfuzz import fuzz

from crawler.text import is_han
from matchers.titles.index import SALTS, TOKEN, NameIndex
from matchers.titles.names import Name
from matchers.titles.reading import Reading
from matchers.titles.tokens import weight, words_of
from matchers.titles.windows import codes_of, hashes_of, sums_of

MOST_HOLDERS = 400  # names with one word: a commoner one finds nothing that the rarer ones of a text do not
MOST_COMPARED = 4  # names for one text
LONGEST_TEXT = 240  # places: longer texts are no titles
LEAST_SHARED = 0.34  # of the weight of a name that its telling words must bring
MOST_KNOWN = 1_024  # texts whose words are kept looked up
MODEL = 3  # characters of a word with letters and digits that is taken for a model number


@frozen(kw_only=True)
class Resemblance:
    """A name that the whole of a text resembles, with features between 0 and 1."""

    name: Name
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
        found = [_compared(self._index.name(number), said) for number in numbers]
        ranked = sorted(found, key=lambda one: (-one.strength, one.name.work))
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
        kept = np.flatnonzero(shared >= LEAST_SHARED)
        found: list[list[int]] = [[] for _ in texts]
        order = kept[np.argsort(-shared[kept], kind="stable")]
        for owner, number in zip((pairs[order] >> 32).tolist(), names[order].tolist(), strict=True):
            if len(found[owner]) < MOST_COMPARED:
                found[owner].append(number)
        return found


class _Said:
    """The words of a text and their weights, those of sellers' noise apart."""

    def __init__(self, reading: Reading) -> None:
        key = reading.folded.text
        self.key = key
        self.tight = reading.tight
        self.core = _without_noise(reading)
        self.words = words_of(key)
        self.weights = {word: weight(word) for word in self.words}
        self.telling = {word: weight(word) for word in words_of(self.core)} or self.weights


def _compared(name: Name, said: _Said) -> Resemblance:
    key = name.key
    ours = {word: weight(word) for word in words_of(key)}
    in_text = {word: worth for word, worth in ours.items() if word in said.weights or _stands(word, said.tight)}
    in_name = {word: worth for word, worth in said.telling.items() if word in ours or _stands(word, name.tight)}
    core = said.core or key
    total = sum(ours.values())
    said_share = sum(in_text.values()) / max(total, 1.0)
    covers = sum(in_name.values()) / max(sum(said.telling.values()), 1.0)
    models = {word for word in ours if is_model(word)}
    their_models = {word for word in said.telling if is_model(word)}
    numbers = {word for word in ours if word.isdigit()}
    their_numbers = {word for word in said.telling if word.isdigit()}
    han = float(any(map(is_han, name.tight)))
    return Resemblance(
        name=name,
        features={
            "said": said_share,
            "covers": covers,
            "both": said_share * covers,
            "ratio": fuzz.ratio(key, core) / 100,
            "sorted": fuzz.token_sort_ratio(key, core) / 100,
            "information": min(1.0, sum(in_text.values()) / 80),
            "model_agrees": float(any(word in in_text for word in models)),
            "model_differs": float(bool(models and their_models) and not any(word in in_text for word in models)),
            "number_lost": float(bool(numbers - in_text.keys())),
            "number_new": float(bool(their_numbers - in_name.keys())),
            "all_words": float(said_share > 0.995),
            "all_text": float(covers > 0.995),
            "han": han,
            "han_ratio": han * fuzz.ratio(name.tight, core.replace(" ", "")) / 100,
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
    kept, place = [], 0
    for character in reading.folded.text:
        if character == " ":
            kept.append(" ")
            continue
        kept.append(" " if reading.noise[place] else character)
        place += 1
    return " ".join("".join(kept).split())


def _with_margins(ranked: list[Resemblance]) -> Iterator[Resemblance]:
    """Each with how far it is ahead of (or behind) the best other work's."""
    for one in ranked:
        others = [other.strength for other in ranked if other.name.work != one.name.work]
        ahead = one.strength - max(others, default=0.0)
        features = one.features | {"ahead": max(0.0, min(1.0, ahead)), "behind": max(0.0, min(1.0, -ahead))}
        yield Resemblance(name=one.name, features=features)
