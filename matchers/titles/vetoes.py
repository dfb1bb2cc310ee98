"""Why a text that spells a name means another work: a number, a word of a derived work or sequel, another creator."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from crawler.items import Work
from crawler.text import fold
from matchers.lexicon import WordMatch
from matchers.titles.counters import find_foreign_number
from matchers.titles.evidence import DERIVED_WORD_REACH_CHARS, Corroboration
from matchers.titles.names import Name
from matchers.titles.persons import find_other_person
from matchers.titles.prospects import LONG_TEXT_CHARS
from matchers.titles.reading import AnalysedText
from matchers.titles.sightings import NameMatch
from matchers.titles.weights import contradiction_weight


@frozen(kw_only=True)
class Contradiction:
    """Why a sighting is another work.

    `kind` is sequel, season, volume, other_number, derived, before, behind, other_creator or stranger.
    """

    kind: str
    ours: str
    theirs: str
    probability: float


def find_contradictions(
    name_match: NameMatch, text: AnalysedText, work: Work, corroboration: Corroboration
) -> Iterator[Contradiction]:
    """What speaks against a name that stands in the text."""
    ours = name_match.name.spelled
    foreign_number = find_foreign_number(name_match, text, fold(work.kind) if work.kind else "")
    if foreign_number:
        yield Contradiction(
            kind=foreign_number.kind,
            ours=ours,
            theirs=foreign_number.theirs,
            probability=contradiction_weight(foreign_number.kind),
        )
    spot = _contradicting_word(name_match, text)
    if spot:
        yield Contradiction(
            kind=spot.word.area,
            ours=ours,
            theirs=text.quote(spot.start, spot.end),
            probability=contradiction_weight(spot.word.area),
        )
    yield from creator_contradictions(work, corroboration)
    if work.creators and not corroboration.creator and not corroboration.other_creators:
        known_text = fold(" ".join((work.title, *work.aliases, work.publisher or ""))).replace(" ", "")
        other_person = find_other_person(name_match, text, known_text)
        if other_person:
            yield Contradiction(
                kind="stranger",
                ours="、".join(work.creators),
                theirs=other_person,
                probability=contradiction_weight("stranger"),
            )


def creator_contradictions(work: Work, corroboration: Corroboration) -> Iterator[Contradiction]:
    """Another creator than the work's."""
    if corroboration.other_creators:
        yield Contradiction(
            kind="other_creator",
            ours="、".join(work.creators),
            theirs=corroboration.other_creators,
            probability=contradiction_weight("other_creator"),
        )


def lexicon_contradictions(name: Name, text: AnalysedText) -> Iterator[Contradiction]:
    """The first word of a derived work or sequel in the text that is not in the name."""
    for spot in text.lexicon_words:
        if spot.word.area in ("derived", "sequel") and text.compact[spot.start : spot.end] not in name.compact:
            yield Contradiction(
                kind=spot.word.area,
                ours=name.spelled,
                theirs=text.quote(spot.start, spot.end),
                probability=contradiction_weight(spot.word.area),
            )
            return


def _contradicting_word(name_match: NameMatch, text: AnalysedText) -> WordMatch | None:
    """A word of a derived work anywhere (near, in a long text), or one that touches the name at its side."""
    reach = DERIVED_WORD_REACH_CHARS if len(text.compact) > LONG_TEXT_CHARS else LONG_TEXT_CHARS
    for spot in text.contradicting_words:
        if (spot.start >= name_match.end or spot.end <= name_match.start) and _is_contradicting(
            spot, name_match, reach
        ):
            return spot
    return None


def _is_contradicting(spot: WordMatch, name_match: NameMatch, reach: int) -> bool:
    area = spot.word.area
    if area == "derived":
        return max(spot.start - name_match.end, name_match.start - spot.end) <= reach
    if area == "before":
        return spot.end == name_match.start
    return area in ("sequel", "behind") and spot.start == name_match.end
