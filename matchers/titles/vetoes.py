"""Why a text that spells a name means another work: a number, a word of a derived work or sequel, another creator."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.lexicon import Spotted
from matchers.titles.counters import foreign_counter
from matchers.titles.evidence import NEAR, Mentions
from matchers.titles.names import Name
from matchers.titles.persons import stranger
from matchers.titles.prospects import LONG_TEXT
from matchers.titles.reading import Reading
from matchers.titles.sightings import Sighting
from matchers.titles.weights import doubt


@frozen(kw_only=True)
class Veto:
    """Why a sighting is another work.

    `kind` is sequel, season, volume, other_number, derived, before, behind, other_creator or stranger.
    """

    kind: str
    ours: str
    theirs: str
    probability: float


def vetoes_of(sighting: Sighting, reading: Reading, work: Work, mentions: Mentions) -> Iterator[Veto]:
    """What speaks against a name that stands in the text."""
    ours = sighting.name.spelled
    counter = foreign_counter(sighting, reading, fold(work.kind) if work.kind else "")
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
    yield from by_others(work, mentions)
    if work.creators and not mentions.creator and not mentions.contradicted:
        known = fold(" ".join((work.title, *work.aliases, work.publisher or ""))).replace(" ", "")
        other = stranger(sighting, reading, known)
        if other:
            yield Veto(kind="stranger", ours="、".join(work.creators), theirs=other, probability=doubt("stranger"))


def by_others(work: Work, mentions: Mentions) -> Iterator[Veto]:
    """Another creator than the work's."""
    if mentions.contradicted:
        yield Veto(
            kind="other_creator",
            ours="、".join(work.creators),
            theirs=mentions.contradicted,
            probability=doubt("other_creator"),
        )


def told(name: Name, reading: Reading) -> Iterator[Veto]:
    """The first word of a derived work or sequel in the text that is not in the name."""
    for spot in reading.words:
        if spot.word.area in ("derived", "sequel") and reading.tight[spot.start : spot.end] not in name.tight:
            yield Veto(
                kind=spot.word.area,
                ours=name.spelled,
                theirs=reading.quote(spot.start, spot.end),
                probability=doubt(spot.word.area),
            )
            return


def _telling_word(sighting: Sighting, reading: Reading) -> Spotted | None:
    """A word of a derived work anywhere (near, in a long text), or one that touches the name at its side."""
    reach = NEAR if len(reading.tight) > LONG_TEXT else LONG_TEXT
    for spot in reading.telling_words:
        if (spot.start >= sighting.end or spot.end <= sighting.start) and _tells(spot, sighting, reach):
            return spot
    return None


def _tells(spot: Spotted, sighting: Sighting, reach: int) -> bool:
    area = spot.word.area
    if area == "derived":
        return max(spot.start - sighting.end, sighting.start - spot.end) <= reach
    if area == "before":
        return spot.end == sighting.start
    return area in ("sequel", "behind") and spot.start == sighting.end
