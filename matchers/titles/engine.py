"""Which registered titles do these texts name, how surely, and what speaks against each?

Built once over the works; texts are best looked up many at once (`warm`). Names of one or two characters need a second
reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from attrs import frozen

from crawler.items import Listing, Work
from crawler.text import fold
from matchers.titles.arrays import Arrays
from matchers.titles.choice import chosen
from matchers.titles.evidence import SHORT, Mentions, features, is_tiny, map_of, said_features
from matchers.titles.index import NameIndex
from matchers.titles.likeness import Resemblance
from matchers.titles.loose import LooseIndex
from matchers.titles.mentions import Stated, mentions_of
from matchers.titles.names import Name, first_name
from matchers.titles.reach import PRODUCT_MAP
from matchers.titles.reading import Reading, reading_of
from matchers.titles.rivals import Claim, against
from matchers.titles.school import SameBook, SchoolIndex, is_other_book
from matchers.titles.sightings import Seen, Sighting
from matchers.titles.vetoes import Veto, by_others, told, vetoes_of
from matchers.titles.weights import LEAST, LEAST_BARE, odds, probability

UNREASONED = 0.38  # most that a name of one or two characters reaches without a second reason
# The same where nothing but noise stands beside the name. Of 770 such pairs of the benchmark .89 were right, but its
# registries are small: among many works more namesakes wait. So a person looks.
ALONE = 0.6
# Kinds of works whose names shops put in their own words (brand, model, extras): a likeness of words says more there.
PRODUCTS = frozenset({"product", "goods", "device", "toy"})
SURE = 0.8  # where a name that is spelled out is as sure as this, no text is compared word by word


@frozen(kw_only=True)
class Candidate:
    """A work (its position in the sequence) that a text names. `span` are offsets into texts[text].

    `channel`: spelled, loose or school; `map`: the map of weights.toml that made a chance of the features.
    """

    work: int
    name: Name
    channel: str
    map: str
    text: int
    span: tuple[int, int]
    quote: str
    errors: int
    by_sound: bool
    probability: float
    mentions: Mentions
    rivals: int
    vetoes: tuple[Veto, ...]
    features: dict[str, float]


@frozen(kw_only=True)
class _Draft:
    """A sighting with all that is known about it but its rivals."""

    sighting: Sighting
    mentions: Mentions
    vetoes: tuple[Veto, ...]
    features: dict[str, float]
    map: str
    odds: float

    def claim(self) -> Claim:
        """The places it claims, and with which odds."""
        left = self.odds
        for veto in self.vetoes:
            left *= 1.0 - veto.probability
        return Claim(self.sighting.name.work, self.sighting.start, self.sighting.end, left)


class TitleEngine:
    """Built once over works (retired ones left out), asked often; what it keeps of a text only saves time."""

    def __init__(self, works: Sequence[Work], arrays: Arrays | None = None) -> None:
        self.works = works
        self._index = NameIndex(works, arrays)
        self._products = np.array([_is_product(work) for work in works], dtype=bool)
        self._loose = LooseIndex(self._index, self._products)
        self._schools = SchoolIndex(works)
        self._stated = Stated(works)

    def find(self, texts: Sequence[str], listing: Listing | None = None) -> list[Candidate]:
        """The works that `texts` name, best first, each once a text. The listing's other fields are second reasons."""
        found = [
            candidate
            for number, text in enumerate(texts)
            if text
            for candidate in self._in_text(number, reading_of(text), listing)
        ]
        return sorted(found, key=lambda candidate: (-candidate.probability, candidate.work, candidate.text))

    def warm(self, asked: Iterable[tuple[str, Listing | None]]) -> None:
        """Looks many texts (each with the listing it will be asked with) up at once, so that `find` is quicker for each
        of them; changes no answer.
        """
        read = [(reading_of(text), listing) for text, listing in asked if text]
        readings = list(dict.fromkeys(reading for reading, _ in read))
        self._index.warm(readings)
        named = {reading for reading in readings if self._is_named(reading)}
        speaking = dict.fromkeys(
            (reading, self._stated.may_speak(reading, listing)) for reading, listing in read if reading not in named
        )
        self._loose.warm(list(speaking))

    def bare(self, text: str, listing: Listing | None = None) -> list[Candidate]:
        """The works whose bare names (editions.py) stand in the text as they are; they rival each other alone."""
        reading = reading_of(text)
        seen = self._index.looked_up(reading).bare if text else []
        return list(self._spelled(0, seen, reading, listing)) if seen else []

    def _is_named(self, reading: Reading) -> bool:
        """Whether a telling name is all of the text but sellers' words: then words will hardly be compared."""
        return any(
            not seen.errors and seen.end - seen.start >= reading.core and self._index.units(seen.number) >= SHORT
            for seen in self._index.seen(reading)
        )

    def _in_text(self, number: int, reading: Reading, listing: Listing | None) -> Iterator[Candidate]:
        best: dict[int, Candidate] = {}
        for candidate in self._spelled(number, self._index.seen(reading), reading, listing):
            _keep(best, candidate)
        for book in self._schools.find(reading.original):
            _keep(best, self._school_book(number, book, reading))
        is_title = number == 0 or listing is None
        if is_title and not any(_rank(candidate)[0] >= SURE for candidate in best.values()):
            known = {one.work for one in best.values() if one.vetoes or (one.channel == "spelled" and not one.errors)}
            for one in self._loose.find(reading, self._stated.may_speak(reading, listing)):
                likely = None if one.name.work in known else self._resembling(number, one, reading, listing)
                if likely:
                    _keep(best, likely)
        yield from best.values()

    def _spelled(
        self, number: int, everything: list[Seen], reading: Reading, listing: Listing | None
    ) -> Iterator[Candidate]:
        kept = chosen(everything, reading, self._index)
        if not kept:
            return
        long_ones = {seen.start for seen in kept if not seen.errors and self._index.units(seen.number) >= SHORT}
        alone = len(long_ones) <= 1
        speaks = self._stated.may_speak(reading, listing)
        drafts = [
            self._draft(seen, reading, listing, alone)
            for seen in kept
            if not seen.is_hopeless or (speaks and self._index.stated[seen.number])
        ]
        spans: dict[tuple[int, int, int], set[int]] = {}
        for draft in drafts:
            spans.setdefault(_span(draft), set()).add(draft.sighting.name.work)
        for draft, others in zip(drafts, against([draft.claim() for draft in drafts]), strict=True):
            candidate = _settled(number, draft, reading, others, len(spans[_span(draft)]) - 1)
            if candidate:
                yield candidate

    def _draft(self, seen: Seen, reading: Reading, listing: Listing | None, alone: bool) -> _Draft:
        sighting = self._index.sighting(seen, reading)
        work = self.works[sighting.name.work]
        mentions = mentions_of(work, reading, sighting, listing, self._stated, alone)
        values = features(sighting, reading, mentions)
        judge = map_of(sighting, values)
        right = odds(judge, values)
        is_hopeless = right < LEAST / (1.0 - LEAST)  # then nothing is said of it, nor of what speaks against it
        return _Draft(
            sighting=sighting,
            mentions=mentions,
            vetoes=() if is_hopeless else tuple(vetoes_of(sighting, reading, work, mentions)),
            features=values,
            map=judge,
            odds=right,
        )

    def _resembling(self, number: int, one: Resemblance, reading: Reading, listing: Listing | None) -> Candidate | None:
        work = self.works[one.name.work]
        if is_tiny(one.name) or is_other_book(work.title, reading.original):
            return None
        whole = Sighting(name=one.name, start=0, end=1, errors=1)
        mentions = mentions_of(work, reading, whole, listing, self._stated, True)
        values = one.features | said_features(mentions)
        judge = PRODUCT_MAP if self._products[one.name.work] else one.map
        chance = probability(judge, values)
        if chance < (min(LEAST, LEAST_BARE) if one.is_bare else LEAST):
            return None
        vetoes = (*told(one.name, reading), *by_others(work, mentions))
        return _of_whole_text(number, ("loose", judge), one.name, reading, chance, values, vetoes, mentions)

    def _school_book(self, number: int, book: SameBook, reading: Reading) -> Candidate:
        name = first_name(book.work, self.works[book.work])
        chance = probability("school", book.features)
        vetoes = tuple(told(name, reading))
        return _of_whole_text(number, ("school", "school"), name, reading, chance, book.features, vetoes, Mentions())


def _is_product(work: Work) -> bool:
    return work.kind is not None and _is_kind_of_product(work.kind)


@lru_cache(maxsize=256)
def _is_kind_of_product(kind: str) -> bool:
    return fold(kind) in PRODUCTS


def _settled(number: int, draft: _Draft, reading: Reading, others: float, rivals: int) -> Candidate | None:
    """The candidate with its probability, by the odds of `others`; None under LEAST.

    No weight can carry the rule for short names without a second reason.
    """
    sighting, values = draft.sighting, draft.features
    is_unreasoned = is_tiny(sighting.name) and not draft.mentions.second_reason()
    most = (ALONE if "all" in values else UNREASONED) if is_unreasoned else 1.0
    chance = most * draft.odds / (draft.odds + math.exp(others))
    if chance < LEAST:
        return None
    span = reading.span(sighting.start, sighting.end)
    return Candidate(
        work=sighting.name.work,
        name=sighting.name,
        channel="spelled",
        map=draft.map,
        text=number,
        span=span,
        quote=reading.original[span[0] : span[1]],
        errors=sighting.errors,
        by_sound=sighting.by_sound,
        probability=chance,
        mentions=draft.mentions,
        rivals=rivals,
        vetoes=draft.vetoes,
        features=values | {"against": others},
    )


def _of_whole_text(
    number: int,
    channel: tuple[str, str],
    name: Name,
    reading: Reading,
    chance: float,
    values: dict[str, float],
    vetoes: tuple[Veto, ...],
    mentions: Mentions,
) -> Candidate:
    return Candidate(
        work=name.work,
        name=name,
        channel=channel[0],
        map=channel[1],
        text=number,
        span=(0, len(reading.original)),
        quote=reading.original,
        errors=int(channel[0] == "loose"),
        by_sound=False,
        probability=chance,
        mentions=mentions,
        rivals=0,
        vetoes=vetoes,
        features=values,
    )


def _keep(best: dict[int, Candidate], candidate: Candidate) -> None:
    known = best.get(candidate.work)
    if known is None or _rank(candidate) > _rank(known):
        best[candidate.work] = candidate


def _rank(candidate: Candidate) -> tuple[float, float]:
    left = 1.0
    for veto in candidate.vetoes:
        left *= 1.0 - veto.probability
    return candidate.probability * left, candidate.probability


def _span(draft: _Draft) -> tuple[int, int, int]:
    return draft.sighting.start, draft.sighting.end, draft.sighting.errors
