"""The title names the work without its edition, version, year, season or article: "Organic Chemistry 3e", CadForge for
CadForge Pro 2026, S02 for 第二季.

Names that end in such a mark are registered whole, but sellers write the mark differently or not at all. So the bare
name is searched for, and the marks are compared: the same one, none, or another one, which speaks against the work.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from crawler.items import Finding, Listing, Polarity, Work
from matchers.findings import make_finding
from matchers.matcher import Candidates, Context, Ground, IdentityMatcher
from matchers.titles import Candidate, title_matcher_for
from matchers.titles.analysis import AnalysedText, analyse
from matchers.titles.contradictions import number_behind
from matchers.titles.name_matches import NameHit, NameMatch
from matchers.titles.seasons import SeasonMark, stated_seasons, statement_end, strip_season
from matchers.titles.title_names import BARE_FORM, SEASON_FORM, EditionMark, bare_names, stated_numbers, strip_mark

# Share of the engine's probability for the bare name that is kept. Estimates; over all title sets 1,323 pairs with such
# a finding were stated .98 on average and .97 were right.
SAME_EDITION_FACTOR, UNSTATED_EDITION_FACTOR, ARTICLE_FACTOR = 0.97, 0.85, 0.97
OTHER_EDITION_PROBABILITY = 0.93  # another edition is another book to whoever registered this one
# Contradictions that only read the number of the same edition.
NUMBER_VETO_KINDS = frozenset({"other_number", "sequel", "volume"})
MIN_BARE_PROBABILITY = 0.5  # probability of the bare name; below it the title means something else
EDITION_SAME = Ground("edition_same", Polarity.FOR, None)
EDITION_UNSTATED = Ground("edition_unstated", Polarity.FOR, None)
EDITION_ARTICLE = Ground("edition_article", Polarity.FOR, None)
EDITION_OTHER = Ground("edition_other", Polarity.AGAINST, None)
SEASON_SAME = Ground("season_same", Polarity.FOR, None)
SEASON_UNSTATED = Ground("season_unstated", Polarity.FOR, None)
SEASON_OTHER = Ground("season_other", Polarity.AGAINST, None)
SEASON_VETO_KINDS = NUMBER_VETO_KINDS | {"season"}
# Who names no season mostly means the first, or all of them. Another season is another work. Estimates.
UNSTATED_SEASON_FACTOR, OTHER_SEASON_PROBABILITY = 0.6, 0.98
MAX_OTHER_SEASONS = 20  # works of other seasons that are reported for a title


class Matcher(IdentityMatcher):
    """The bare names of the works that have one."""

    name = "edition"
    grounds = (
        EDITION_SAME, EDITION_UNSTATED, EDITION_ARTICLE, EDITION_OTHER, SEASON_SAME, SEASON_UNSTATED, SEASON_OTHER
    )  # fmt: skip

    def __init__(self, works: Sequence[Work]) -> None:
        self._engine = title_matcher_for(works)

    def find(self, listing: Listing, candidates: Candidates, context: Context) -> Iterator[Finding]:
        """At most one finding for a work and mark."""
        bare_hits = [hit for hit, _ in self._engine.bare_matches(listing.title, BARE_FORM)]
        for candidate in self._engine.weigh(bare_hits, listing.title, listing):
            work = self._engine.works[candidate.work_index]
            bare_name = strip_mark(work.title)
            if bare_name and candidate.probability >= MIN_BARE_PROBABILITY:
                yield from self._compare_editions(candidate, work, bare_name[1], listing.title)
        season_matches = self._engine.bare_matches(listing.title, SEASON_FORM)
        if season_matches:
            yield from self._compare_seasons(season_matches, listing)

    @classmethod
    def prefilter_keys(cls, work: Work) -> Iterable[str]:
        """The bare names of the work."""
        return [name.compact for name in bare_names(0, work)]

    def _compare_seasons(self, matches: Sequence[tuple[NameHit, NameMatch]], listing: Listing) -> Iterator[Finding]:
        """For works whose number the title states, each number by itself, as a title may offer several seasons; if it
        states none, for the first. Against works of another number, and against one that has the bare name where the
        season named is not the first.
        """
        text = analyse(listing.title)
        same: dict[int, list[NameHit]] = {}
        first: list[NameHit] = []
        other: list[NameHit] = []
        spans: set[tuple[int, int]] = set()
        stated: set[int] = set()
        for hit, name_match in matches:
            mark, number = self._mark_of(name_match), number_behind(name_match, text)
            numbers = stated_seasons(listing.title).compared_with(mark, number)
            stated |= numbers
            if mark.value in numbers:
                same.setdefault(mark.value, []).append(_with_statement(hit, text, number is not None))
                spans.add((hit.start, hit.end))
            elif numbers:
                other.append(hit)
            elif mark.value == 1:
                first.append(hit)
        for hits in same.values():
            yield from self._season_findings(hits, listing, SEASON_SAME, spans)
        yield from self._season_findings(first, listing, SEASON_UNSTATED)
        if 1 not in stated:
            exact = self._engine.exact_hits(listing.title)
            elsewhere = {hit.name_id for hit in exact if (hit.start, hit.end) not in spans}
            other += [hit for hit in exact if hit.name_id not in elsewhere]
        for hit in list({hit.name_id: hit for hit in other}.values())[:MAX_OTHER_SEASONS]:
            yield from self._season_findings([hit], listing, SEASON_OTHER)

    def _season_findings(
        self, hits: list[NameHit], listing: Listing, ground: Ground, apart: Container[tuple[int, int]] = ()
    ) -> Iterator[Finding]:
        """A finding for each work of these hits that the title likely means.

        Of a hit in `apart` the season is elsewhere in the title, so that it may seem to be a number of another work.
        """
        for candidate in self._engine.weigh(hits, listing.title, listing):
            start, end = analyse(listing.title).positions_between(*candidate.span)
            allowed = SEASON_VETO_KINDS if (start, end) in apart else frozenset()
            is_contradicted = any(veto.kind not in allowed for veto in candidate.contradictions)
            if candidate.probability < MIN_BARE_PROBABILITY or (is_contradicted and ground is not SEASON_OTHER):
                continue
            work = self._engine.works[candidate.work_index]
            probability = OTHER_SEASON_PROBABILITY
            if ground is not SEASON_OTHER:
                factor = SAME_EDITION_FACTOR if ground is SEASON_SAME else UNSTATED_SEASON_FACTOR
                probability = factor * candidate.probability
            yield make_finding(self.name, work, ground, probability, ours=work.title, theirs=listing.title)

    def _mark_of(self, name_match: NameMatch) -> SeasonMark:
        """The season that ends the name which was spelled without it."""
        stripped = strip_season(name_match.name.spelled, self._engine.works[name_match.name.work_index].kind)
        if stripped is None:
            raise ValueError(f"{name_match.name.spelled!r} ends in no season")
        return stripped[1]

    def _compare_editions(self, candidate: Candidate, work: Work, mark: EditionMark, title: str) -> Iterator[Finding]:
        numbers = stated_numbers(mark, title)
        if numbers and mark.value not in numbers:
            yield make_finding(self.name, work, EDITION_OTHER, OTHER_EDITION_PROBABILITY, ours=work.title, theirs=title)
            return
        if any(veto.kind not in NUMBER_VETO_KINDS or not numbers for veto in candidate.contradictions):
            return
        if mark.kind == "article":
            ground, factor = EDITION_ARTICLE, ARTICLE_FACTOR
        else:
            ground, factor = (
                (EDITION_SAME, SAME_EDITION_FACTOR) if numbers else (EDITION_UNSTATED, UNSTATED_EDITION_FACTOR)
            )
        probability = candidate.probability * factor
        yield make_finding(self.name, work, ground, probability, ours=work.title, theirs=candidate.quote)


def _with_statement(hit: NameHit, text: AnalysedText, is_numbered: bool) -> NameHit:
    """The hit with the season right behind it, which then is no unknown text: 第二期 of 长夜谍影第二期."""
    start = text.positions[hit.end - 1] + 1
    end = statement_end(text.folded, start, is_numbered)
    position = text.position_of(end - 1) + 1
    return hit if end == start or text.splits_word(position) else hit._replace(end=position)
