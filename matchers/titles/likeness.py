"""How alike a text and a name are, word by word: how much of each the other says, weighed in bits.

Model numbers and other numbers count by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from attrs import evolve, frozen
from rapidfuzz import fuzz

from crawler.text import is_han
from matchers.titles.names import Name
from matchers.titles.once import once
from matchers.titles.reading import Reading
from matchers.titles.tokens import number_of, weight, words_of
from matchers.titles.weights import crowded

# Of said and covers together. On the benchmark 13 of some 3,000 right pairs at .18 and more lie under it.
LEAST_ALIKE = 0.9
# A text that is nothing but a short Han title may be the name under another translation: there the likest name is
# considered, however unsure (regional film titles, F1 .57 to .59). Places; a share as above.
BARE, BARE_ALIKE = 16, 0.5
MODEL = 3  # characters of a word with letters and digits that is taken for a model number
MOST_SHARED, MUCH = 6, 60.0  # words in common, and bits of a text that a name lacks: more says no more
MUCH_TOLD = 80.0  # the same for bits of a name that stand in the text
_ARTICLES = frozenset({"the", "a", "an"})
_DIGIT = re.compile(r"\d")
_CLEAN = re.compile(b"\x00+")


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


class Words:
    """The words of a name or text and their weights; model numbers and other numbers among them."""

    def __init__(self, key: str) -> None:
        words = words_of(key)
        self.weights = {word: weight(word) for word in words}
        self.first = next((word for word in words if word not in _ARTICLES), "")
        self.last = words[-1] if words else ""
        self.total = sum(self.weights.values())

    @once
    def models(self) -> list[str]:
        """Model numbers."""
        return [word for word in self._numbered if is_model(word)]

    @once
    def digits(self) -> list[str]:
        """Numbers that are nothing else."""
        return [word for word in self._numbered if word.isdigit()]

    @once
    def _numbered(self) -> list[str]:
        return [word for word in self.weights if _DIGIT.search(word)]


class Said:
    """A text: all its words, and those that are no sellers' noise."""

    def __init__(self, reading: Reading) -> None:
        self.key = reading.key
        self.tight = reading.tight
        self.is_bare = not reading.is_noisy and len(self.tight) <= BARE and any(map(is_han, self.tight))
        self.weights = {word: weight(word) for word in words_of(self.key)}
        self._reading = reading

    @once
    def core(self) -> str:
        """The folded text without sellers' words, or all of it where nothing else is there."""
        return _without_noise(self._reading) or self.key

    @once
    def letters(self) -> str:
        """The same without spaces."""
        return self.core.replace(" ", "")

    @once
    def bare(self) -> Words:
        """Its words."""
        found = Words(self.core)
        return found if found.total else Words(self.key)

    @once
    def numbers(self) -> list[int]:
        """The numbers of all words."""
        return [number_of(word) for word in self.weights]

    @once
    def covering(self) -> list[float]:
        """What each of all words counts, sellers' words nothing."""
        return [self.bare.weights.get(word, 0.0) for word in self.weights]


_words = lru_cache(maxsize=8_192)(Words)


def compared(name: Name, said: Said, crowd: int) -> Resemblance | None:
    """How far name and text say the same; None where too little. `crowd`: names that share something with the text."""
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
            "information": min(1.0, told / MUCH_TOLD),
            "model_agrees": float(agrees),
            "model_differs": float(bool(ours.models and said.bare.models) and not agrees),
            "number_lost": float(any(word not in in_text for word in ours.digits)),
            "number_new": float(any(word not in in_name for word in said.bare.digits)),
            "all_words": float(said_share > 0.995),
            "all_text": float(covers > 0.995),
            "same_first": float(ours.first == said.bare.first),
            "same_last": float(ours.last == said.bare.last),
            "crowd": crowded(crowd),
            "shared": min(len(in_text), MOST_SHARED) / MOST_SHARED,
            "new": min(1.0, (said.bare.total - sum(in_name.values())) / MUCH),
            "han_ratio": fuzz.ratio(name.tight, said.letters) / 100 if han else 0.0,
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
        return reading.key
    key, places = reading.key, reading.places
    runs = (found.span() for found in _CLEAN.finditer(reading.noise))
    return " ".join([key[places[first] : places[last - 1] + 1] for first, last in runs])


def with_margins(ranked: list[Resemblance]) -> Iterator[Resemblance]:
    """Each with how far it is ahead of (or behind) the best other work's."""
    for one in ranked:
        others = [other.strength for other in ranked if other.name.work != one.name.work]
        ahead = one.strength - max(others, default=0.0)
        features = one.features | {"ahead": max(0.0, min(1.0, ahead)), "behind": max(0.0, min(1.0, -ahead))}
        yield evolve(one, features=features)
