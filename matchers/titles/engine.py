"""Which registered titles do these texts name, how surely, and what speaks against each?

The longest name wins where names overlap (三国 inside 三国演义). Names of one or two characters need a second reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from crawler.items import Listing, Work
from crawler.text import fold
from matchers.lexicon import Spotted
from matchers.titles.counters import foreign_counter
from matchers.titles.evidence import (
    LONG_TEXT,
    NEAR,
    SHORT,
    Mentions,
    doubt,
    features,
    is_tiny,
    probability,
    said_features,
)
from matchers.titles.index import NameIndex, Sighting
from matchers.titles.loose import LooseIndex, Resemblance
from matchers.titles.mentions import Stated, is_part_of_person, mentions_of
from matchers.titles.names import Name, first_name
from matchers.titles.patterns import Arrays
from matchers.titles.persons import stranger
from matchers.titles.reading import Reading, reading_of
from matchers.titles.school import SameBook, SchoolIndex

LEAST = 0.05  # candidates under it are not reported
UNREASONED = 0.38  # most that a name of one or two characters reaches without a second reason
# The same where nothing but noise stands beside the name. Of 770 such pairs of the benchmark .89 were right, but its
# registries are small: among many works more namesakes wait. So a person looks.
ALONE = 0.6
SURE = 0.8  # where a name that is spelled out is as sure as this, no text is compared word by word


@frozen(kw_only=True)
class Veto:
    """Why a sighting is another work. `kind` is sequel, season, volume, other_number, derived or other_creator."""

    kind: str
    ours: str
    theirs: str
    probability: float


@frozen(kw_only=True)
class Candidate:
    """A work (its position in the sequence) that a text names. `span` are offsets into texts[text]."""

    work: int
    name: Name
    channel: str
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


class TitleEngine:
    """Built once over works (retired ones left out), asked often; holds no state between questions."""

    def __init__(self, works: Sequence[Work], arrays: Arrays | None = None) -> None:
        self.works = works
        self._index = NameIndex(works, arrays)
        self._loose = LooseIndex(self._index)
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

    def warm(self, texts: Iterable[str]) -> None:
        """Looks many texts up at once, so that `find` is quicker for each of them; changes no answer."""
        readings = [reading_of(text) for text in texts if text]
        self._index.warm(readings)
        self._loose.warm(readings)

    def _in_text(self, number: int, reading: Reading, listing: Listing | None) -> Iterator[Candidate]:
        best: dict[int, Candidate] = {}
        for candidate in self._spelled(number, reading, listing):
            _keep(best, candidate)
        for book in self._schools.find(reading.original):
            _keep(best, self._school_book(number, book, reading))
        is_title = number == 0 or listing is None
        if is_title and not any(_rank(candidate)[0] >= SURE for candidate in best.values()):
            told = {candidate.work for candidate in best.values() if candidate.vetoes}
            for one in self._loose.find(reading):
                likely = None if one.name.work in told else self._resembling(number, one, reading, listing)
                if likely:
                    _keep(best, likely)
        yield from (candidate for candidate in best.values() if candidate.probability >= LEAST)

    def _spelled(self, number: int, reading: Reading, listing: Listing | None) -> list[Candidate]:
        kept = _longest(self._index.sightings(reading), reading)
        alone = len({s.start for s in kept if s.name.units >= SHORT and not s.errors}) <= 1
        drafts = [self._weighed(number, sighting, reading, listing, alone) for sighting in kept]
        rivals = _rivals(drafts)
        return [_settled(draft, rivals[draft.span]) for draft in drafts]

    def _weighed(
        self, number: int, sighting: Sighting, reading: Reading, listing: Listing | None, alone: bool
    ) -> Candidate:
        """A candidate whose probability is not settled yet, as it hangs on its rivals too."""
        work = self.works[sighting.name.work]
        mentions = mentions_of(work, reading, sighting, listing, self._stated, alone)
        return Candidate(
            work=sighting.name.work,
            name=sighting.name,
            channel="spelled",
            text=number,
            span=reading.span(sighting.start, sighting.end),
            quote=reading.quote(sighting.start, sighting.end),
            errors=sighting.errors,
            by_sound=sighting.by_sound,
            probability=0.0,
            mentions=mentions,
            rivals=0,
            vetoes=tuple(_vetoes(sighting, reading, work, mentions)),
            features=features(sighting, reading, mentions, bool(work.creators)),
        )

    def _resembling(self, number: int, one: Resemblance, reading: Reading, listing: Listing | None) -> Candidate | None:
        if is_tiny(one.name):
            return None
        work = self.works[one.name.work]
        whole = Sighting(name=one.name, start=0, end=1, errors=1)
        mentions = mentions_of(work, reading, whole, listing, self._stated, True)
        values = one.features | said_features(mentions)
        chance = probability("loose", values)
        if chance < LEAST:
            return None
        return Candidate(
            work=one.name.work,
            name=one.name,
            channel="loose",
            text=number,
            span=(0, len(reading.original)),
            quote=reading.original,
            errors=1,
            by_sound=False,
            probability=chance,
            mentions=mentions,
            rivals=0,
            vetoes=(*_told(one.name.tight, one.name.spelled, reading), *_by_others(work, mentions)),
            features=values,
        )

    def _school_book(self, number: int, book: SameBook, reading: Reading) -> Candidate:
        name = first_name(book.work, self.works[book.work])
        draft = Candidate(
            work=book.work,
            name=name,
            channel="school",
            text=number,
            span=(0, len(reading.original)),
            quote=reading.original,
            errors=0,
            by_sound=False,
            probability=0.0,
            mentions=Mentions(),
            rivals=0,
            vetoes=tuple(_told(name.tight, name.spelled, reading)),
            features=book.features,
        )
        return _scored(draft)


def _keep(best: dict[int, Candidate], candidate: Candidate) -> None:
    known = best.get(candidate.work)
    if known is None or _rank(candidate) > _rank(known):
        best[candidate.work] = candidate


def _longest(sightings: Iterable[Sighting], reading: Reading) -> list[Sighting]:
    """Sightings that lie in no longer exact one, nor in a longer word of sellers (书店 in 新华书店)."""
    order = sorted(sightings, key=lambda sighting: (sighting.errors, sighting.start - sighting.end, sighting.start))
    kept: list[Sighting] = []
    for sighting in order:
        if _is_part_of_noise(sighting, reading):
            continue
        if sighting.name.units < SHORT and is_part_of_person(reading, sighting):
            continue
        if not any(_is_hidden(sighting, longer) for longer in kept):
            kept.append(sighting)
    return kept


def _is_part_of_noise(sighting: Sighting, reading: Reading) -> bool:
    length = sighting.end - sighting.start
    return any(
        spot.start <= sighting.start and sighting.end <= spot.end and spot.end - spot.start > length
        for spot in reading.words
    )


def _is_hidden(sighting: Sighting, longer: Sighting) -> bool:
    overlap = min(sighting.end, longer.end) - max(sighting.start, longer.start)
    length = sighting.end - sighting.start
    if sighting.errors and not longer.errors:
        return 2 * overlap >= length and longer.end - longer.start >= length - 2
    same_work = sighting.name.work == longer.name.work
    is_longer = longer.end - longer.start > length or (same_work and sighting.errors > 0)
    return overlap == length and is_longer and not longer.errors


def _rank(candidate: Candidate) -> tuple[float, float]:
    against = 1.0
    for veto in candidate.vetoes:
        against *= 1.0 - veto.probability
    return candidate.probability * against, candidate.probability


def _rivals(candidates: Iterable[Candidate]) -> dict[tuple[int, int], list[Candidate]]:
    """Works named by the very same characters."""
    found: dict[tuple[int, int], list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(candidate.span, []).append(candidate)
    return found


def _settled(candidate: Candidate, same_span: list[Candidate]) -> Candidate:
    """The probabilities with the rules that no weight can carry: equal titles; short names without a second reason."""
    reasoned = candidate.mentions.second_reason()
    rivals = {other.work for other in same_span if other.errors == candidate.errors} - {candidate.work}
    supported = {other.work for other in same_span if other.mentions.second_reason()} - {candidate.work}
    weighing = len(supported & rivals) if reasoned else len(rivals)
    is_unreasoned = is_tiny(candidate.name) and not reasoned
    most = (ALONE if candidate.features["all"] else UNREASONED) if is_unreasoned else 1.0
    values = candidate.features | {"rivals": min(4.0, math.log2(1 + weighing))}
    return _scored(evolve(candidate, rivals=len(rivals), features=values), most / (1 + weighing))


def _scored(candidate: Candidate, most: float = 1.0) -> Candidate:
    """With its probability, vetoes apart."""
    return evolve(candidate, probability=most * probability(candidate.channel, candidate.features))


def _vetoes(sighting: Sighting, reading: Reading, work: Work, mentions: Mentions) -> Iterator[Veto]:
    ours = sighting.name.spelled
    counter = foreign_counter(sighting, reading, fold(work.kind or ""))
    if counter:
        yield Veto(kind=counter.kind, ours=ours, theirs=counter.theirs, probability=doubt(counter.kind))
    spot = _telling_word(sighting, reading)
    if spot:
        yield Veto(
            kind=spot.word.area,
            ours=ours,
            theirs=reading.quote(spot.start, spot.end),
            probability=doubt(spot.word.area),
        )
    yield from _by_others(work, mentions)
    if work.creators and not mentions.creator and not mentions.contradicted:
        known = fold(" ".join((work.title, *work.aliases, work.publisher or ""))).replace(" ", "")
        other = stranger(sighting, reading, known)
        if other:
            yield Veto(kind="stranger", ours="、".join(work.creators), theirs=other, probability=doubt("stranger"))


def _by_others(work: Work, mentions: Mentions) -> Iterator[Veto]:
    if mentions.contradicted:
        yield Veto(
            kind="other_creator",
            ours="、".join(work.creators),
            theirs=mentions.contradicted,
            probability=doubt("other_creator"),
        )


def _told(tight: str, spelled: str, reading: Reading) -> Iterator[Veto]:
    """The first word of a derived work or sequel in the text that is not in the name."""
    for spot in reading.words:
        if spot.word.area in ("derived", "sequel") and reading.tight[spot.start : spot.end] not in tight:
            yield Veto(
                kind=spot.word.area,
                ours=spelled,
                theirs=reading.quote(spot.start, spot.end),
                probability=doubt(spot.word.area),
            )
            return


def _telling_word(sighting: Sighting, reading: Reading) -> Spotted | None:
    """A word of a derived work anywhere (near, in a long text), or one that touches the name at its side."""
    reach = NEAR if len(reading.tight) > LONG_TEXT else LONG_TEXT
    for spot in reading.words:
        if spot.start < sighting.end and spot.end > sighting.start:
            continue
        if _tells(spot, sighting, reach):
            return spot
    return None


def _tells(spot: Spotted, sighting: Sighting, reach: int) -> bool:
    area = spot.word.area
    if area == "derived":
        return max(spot.start - sighting.end, sighting.start - spot.end) <= reach
    if area == "before":
        return spot.end == sighting.start
    return area in ("sequel", "behind") and spot.start == sighting.end
