"""Which registered titles do these texts name, how surely, and what speaks against each?

The longest name wins where names overlap (三国 inside 三国演义). Names of one or two characters need a second reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, frozen

from crawler.items import Listing, Work
from crawler.text import fold
from matchers.lexicon import Spotted
from matchers.titles.counters import foreign_counter
from matchers.titles.evidence import LONG_TEXT, NEAR, SHORT, Mentions, features, probability
from matchers.titles.index import NameIndex, Sighting
from matchers.titles.mentions import Stated, is_part_of_person, mentions_of
from matchers.titles.names import Name
from matchers.titles.reading import Reading, reading_of

LEAST = 0.05  # candidates under it are not reported
UNREASONED = 0.38  # most that a name of one or two characters reaches without a second reason
# The same where nothing but noise stands beside the name. Of 770 such pairs of the benchmark .89 were right, but its
# registries are small: among many works more namesakes wait. So a person looks.
ALONE = 0.6
NOTHING_ELSE = 0.1  # share of the text that is neither name nor noise
OTHER_CREATOR = 0.75  # estimate: another creator stated is mostly another work of the same name


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
    text: int
    span: tuple[int, int]
    quote: str
    errors: int
    probability: float
    mentions: Mentions
    rivals: int
    vetoes: tuple[Veto, ...]
    features: dict[str, float]


class TitleEngine:
    """Built once over works (retired ones left out), asked often; holds no state between questions."""

    def __init__(self, works: Sequence[Work]) -> None:
        self.works = works
        self._index = NameIndex(works)
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

    def _in_text(self, number: int, reading: Reading, listing: Listing | None) -> Iterator[Candidate]:
        kept = _longest(dict.fromkeys(self._index.sightings(reading)), reading)
        alone = len({s.start for s in kept if s.name.units >= SHORT and not s.errors}) <= 1
        best: dict[int, Candidate] = {}
        for sighting in kept:
            candidate = self._weighed(number, sighting, reading, listing, alone)
            known = best.get(candidate.work)
            if known is None or _rank(candidate) > _rank(known):
                best[candidate.work] = candidate
        rivals = _rivals(best.values())
        for candidate in best.values():
            settled = _settled(candidate, rivals[candidate.span])
            if settled.probability >= LEAST:
                yield settled

    def _weighed(
        self, number: int, sighting: Sighting, reading: Reading, listing: Listing | None, alone: bool
    ) -> Candidate:
        work = self.works[sighting.name.work]
        mentions = mentions_of(work, reading, sighting, listing, self._stated, alone)
        values = features(sighting, reading, mentions)
        return Candidate(
            work=sighting.name.work,
            name=sighting.name,
            text=number,
            span=reading.span(sighting.start, sighting.end),
            quote=reading.quote(sighting.start, sighting.end),
            errors=sighting.errors,
            probability=probability(values),
            mentions=mentions,
            rivals=0,
            vetoes=tuple(_vetoes(sighting, reading, work, mentions)),
            features=values,
        )


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
    """The probability after the rules that no weight can carry: equal titles; short names without a second reason."""
    chance = candidate.probability
    reasoned = candidate.mentions.second_reason()
    rivals = [other for other in same_span if other.work != candidate.work and other.errors == candidate.errors]
    if rivals and not reasoned:
        chance /= 1 + len(rivals)
    elif rivals:
        chance /= 1 + sum(other.mentions.second_reason() for other in rivals)
    if candidate.name.units < SHORT and not reasoned:
        chance = min(chance, ALONE if candidate.features["rest"] < NOTHING_ELSE else UNREASONED)
    return evolve(candidate, probability=chance, rivals=len(rivals))


def _vetoes(sighting: Sighting, reading: Reading, work: Work, mentions: Mentions) -> Iterator[Veto]:
    ours = sighting.name.spelled
    counter = foreign_counter(sighting, reading, fold(work.kind or ""))
    if counter:
        yield Veto(kind=counter.kind, ours=ours, theirs=counter.theirs, probability=counter.probability)
    spot = _telling_word(sighting, reading)
    if spot:
        said = reading.quote(spot.start, spot.end)
        yield Veto(kind=spot.word.area, ours=ours, theirs=said, probability=spot.word.probability)
    if mentions.contradicted:
        yield Veto(
            kind="other_creator",
            ours="、".join(work.creators),
            theirs=mentions.contradicted,
            probability=OTHER_CREATOR,
        )


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
